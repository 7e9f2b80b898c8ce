"""Asks the key holder: the keyring of a process that holds no keys. Shared between threads."""

import os
import socket
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from docvault.certificates import mechanisms
from docvault.certificates.mechanisms import KeyUnfit, PublicKey
from docvault.encryption import errors
from docvault.encryption.errors import KeysAway
from docvault.encryption.keyring import RootKeyAway, RootKeyLies
from docvault.encryption.masters import SealedKey, WrappedMaster
from docvault.keyholder.frames import DEEDS, Answer, Ask, FrameWrong, pack, receive, send, unpack, user_of
from docvault.keyholder.places import address_of
from docvault.seals.errors import SealAway, SealUnclear

SLOW = 60.0  # seconds for one answer: a key service or token may stand behind it
PATIENCE = 2.0  # seconds to wait for a holder that is starting again
FIRST = 15.0  # the same before it answered for the first time
PAUSE = 0.05  # seconds between two tries to reach it
TOGETHER = 500  # keys in one question: some 200 KiB, and a pause for others who ask
CALM = 32  # connections that are kept while nobody asks

_log = structlog.get_logger(__name__)

_BARE: tuple[type[Exception], ...] = (
    errors.Tampered,
    errors.MasterUnknown,
    errors.UnknownAlgorithm,
    errors.KeyKept,
    errors.SignerGone,
    RootKeyLies,
)
_SAID: tuple[type[Exception], ...] = (RootKeyAway, SealAway, SealUnclear, KeyUnfit, ValueError)


class AskedKeys:
    """Has every deed done by the process behind the socket. Raises KeysAway where it does not answer."""

    def __init__(self, path: Path, *, patience: float = PATIENCE, first: float = FIRST) -> None:
        self._path = path
        self._patience = patience
        self._left = first  # of patience, for the next time that nobody answers
        self._calm: list[socket.socket] = []
        self._lock = threading.Lock()

    @property
    def root_name(self) -> str:
        return str(self._ask("root_name"))

    def learn(self, rows: Sequence[WrappedMaster]) -> None:
        self._ask("learn", tuple(rows))

    def known(self) -> frozenset[int]:
        return frozenset(self._ask("known"))

    def newest(self) -> int:
        return max(self.known())

    def seal(self, purpose: str, context: bytes, plaintext: bytes, *, generation: int = 0) -> bytes:
        return bytes(self._ask("seal", purpose, context, plaintext, generation))

    def unseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        return bytes(self._ask("unseal", purpose, context, sealed))

    def unseal_all(self, purpose: str, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        found: list[bytes] = []
        for start in range(0, len(sealed), TOGETHER):
            found += self._ask("unseal_all", purpose, tuple(sealed[start : start + TOGETHER]))
        return found

    def mac(self, key: SealedKey, message: bytes) -> bytes:
        return bytes(self._ask("mac", key, message))

    def seal_with(self, key: SealedKey, context: bytes, plaintext: bytes) -> bytes:
        return bytes(self._ask("seal_with", key, context, plaintext))

    def unseal_with(self, key: SealedKey, context: bytes, record: bytes) -> bytes:
        return bytes(self._ask("unseal_with", key, context, record))

    def public_key(self, key: SealedKey) -> bytes:
        return bytes(self._ask("public_key", key))

    def sign(self, key: SealedKey, message: bytes) -> bytes:
        return bytes(self._ask("sign", key, message))

    def new_signer(self) -> tuple[str, bytes]:
        name, public = self._ask("new_signer")
        return name, public

    def sign_once(self, name: str, message: bytes) -> bytes:
        return bytes(self._ask("sign_once", name, message))

    def forget_signer(self, name: str) -> None:
        self._ask("forget_signer", name)

    def asked_seal(self, name: str) -> "AskedSeal":
        """Return the place of the seal's key that the holder was told of. name: for people, no secret."""
        return AskedSeal(self, name)

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            calm, self._calm = self._calm, []
        for connection in calm:
            connection.close()

    def _ask(self, deed: str, *given: Any) -> Any:
        frame = pack(Ask(deed, msgspec.Raw(pack(given))))
        answer = unpack(self._exchanged(frame), Answer)
        if answer.refused:
            raise _refusal(answer)
        return unpack(answer.value, DEEDS[deed][1])

    def _exchanged(self, frame: bytes) -> bytes:
        """Return the answer's frame; a holder that is starting again is waited for, shortly."""
        until: float | None = None
        while True:
            try:
                return self._exchanged_once(frame)
            except (TimeoutError, FrameWrong) as error:
                raise _away(error) from error
            except OSError as error:
                until = until or time.monotonic() + self._left
                if time.monotonic() >= until:
                    raise _away(error) from error
                time.sleep(PAUSE)

    def _exchanged_once(self, frame: bytes) -> bytes:
        connection = self._borrow()
        try:
            send(connection, frame)
            answer = receive(connection)
        except BaseException:
            connection.close()
            raise
        if answer is None:
            connection.close()
            raise ConnectionResetError
        with self._lock:
            self._left = self._patience
            if len(self._calm) < CALM:
                self._calm.append(connection)
                return answer
        connection.close()
        return answer

    def _borrow(self) -> socket.socket:
        with self._lock:
            while self._calm:
                connection = self._calm.pop()
                if _is_open(connection):
                    return connection
                connection.close()
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.settimeout(SLOW)
            with address_of(self._path) as address:
                connection.connect(address)
            _check_user(connection)
        except BaseException:
            connection.close()
            raise
        return connection


class AskedSeal:
    """The key of a seal from elsewhere, where the key holder keeps it."""

    def __init__(self, keys: AskedKeys, name: str) -> None:
        self._keys = keys
        self._name = name

    @property
    def name(self) -> str:
        return self._name

    @property
    def certificates(self) -> tuple[x509.Certificate, ...]:
        found = self._keys._ask("seal_certificates")  # noqa: SLF001 - of the same file
        return tuple(x509.load_der_x509_certificate(each) for each in found)

    def public_key(self) -> PublicKey:
        """Return the public part. Raises SealUnclear, KeyUnfit or SealAway."""
        return mechanisms.known(load_der_public_key(self._keys._ask("seal_public")))  # noqa: SLF001 - the same

    def sign(self, message: bytes) -> bytes:
        """Return the signature of SHA-256 of `message`. Raises SealUnclear or SealAway."""
        return bytes(self._keys._ask("seal_sign", message))  # noqa: SLF001 - the same


def _refusal(answer: Answer) -> Exception:
    """Return the error as the holder raised it; one that nobody expects is as if it did not answer."""
    for kind in _BARE:
        if kind.__name__ == answer.refused:
            return kind()
    for kind in _SAID:
        if kind.__name__ == answer.refused:
            return kind(answer.words)
    return KeysAway(answer.words)


def _away(error: Exception) -> KeysAway:
    why = str(error) or type(error).__name__
    _log.warning("keyholder.away", why=why)
    return KeysAway(why)


def _check_user(connection: socket.socket) -> None:
    if user_of(connection) != os.geteuid():
        raise PermissionError("another user listens where the key holder should")


def _is_open(connection: socket.socket) -> bool:
    """Tell whether the other end is still there: one that hung up has said its end already."""
    connection.setblocking(False)
    try:
        connection.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    else:
        return False  # its end, or what nobody asked for
    finally:
        connection.settimeout(SLOW)
