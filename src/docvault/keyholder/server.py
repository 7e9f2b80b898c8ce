"""Answers those who ask for deeds with the keys: a thread for each connection, all of the same user."""

import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from docvault.certificates.keys import certificate_der
from docvault.encryption.held import HeldKeys
from docvault.encryption.masters import SealedKey
from docvault.keyholder import limits
from docvault.keyholder.frames import DEEDS, Answer, Ask, FrameWrong, pack, receive, send, unpack, user_of
from docvault.keyholder.places import address_of
from docvault.seals.holders import Holder
from docvault.values import DocVaultError

AT_ONCE = 256  # connections: each process has as many as it has threads that ask
SLOW = 30.0  # seconds for a frame that has begun, in either direction
WAITING = 128


class Deeds:
    """What may be asked for, by name. seal: the place of the seal's key that the settings name, if any."""

    def __init__(self, keys: HeldKeys, seal: Holder | None) -> None:
        self._by_name: dict[str, Callable[..., Any]] = {
            name: getattr(keys, name) for name in DEEDS if hasattr(HeldKeys, name) and name != "seal"
        }
        self._by_name["sign"] = lambda key, message: _signed(keys, key, message)
        self._by_name["root_name"] = lambda: keys.root_name
        self._by_name["seal"] = lambda purpose, context, plaintext, generation: keys.seal(
            purpose, context, plaintext, generation=generation
        )
        if seal is not None:
            self._by_name |= {
                "seal_certificates": lambda: [certificate_der(each) for each in seal.certificates],
                "seal_public": lambda: seal.public_key().public_bytes(
                    Encoding.DER, PublicFormat.SubjectPublicKeyInfo
                ),
                "seal_sign": seal.sign,
            }

    def answer(self, content: bytes) -> bytes:
        """Return the answer to a frame. Raises FrameWrong for a deed that does not exist."""
        ask = unpack(content, Ask)
        if ask.deed not in self._by_name:
            raise FrameWrong
        given = unpack(ask.given, DEEDS[ask.deed][0])
        try:
            value = self._by_name[ask.deed](*given)
        except (DocVaultError, ValueError) as error:
            return pack(Answer(refused=type(error).__name__, words=str(error)))
        return pack({"value": value})


def _signed(keys: HeldKeys, key: SealedKey, message: bytes) -> bytes:
    limits.check(key, message)
    return keys.sign(key, message)


class Server:
    """Listens at `path` until it is closed."""

    def __init__(self, path: Path, deeds: Deeds) -> None:
        """Raises OSError."""
        self.path = path
        self._deeds = deeds
        self._places = threading.BoundedSemaphore(AT_ONCE)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made = path.with_suffix(".new")  # it gets its name once it answers: others remove what does not
        made.unlink(missing_ok=True)
        before = os.umask(0o177)  # it is made with mode 0600, and never had another
        try:
            with address_of(made) as address:
                self._socket.bind(address)
        finally:
            os.umask(before)
        self._socket.listen(WAITING)
        made.replace(path)

    def run(self) -> None:
        """Answer until `close`."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            if user_of(connection) != os.geteuid() or not self._places.acquire(blocking=False):
                connection.close()
                continue
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def close(self) -> None:
        """Listen no longer."""
        self.path.unlink(missing_ok=True)
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _converse(self, connection: socket.socket) -> None:
        try:
            with connection:
                while connection.recv(1, socket.MSG_PEEK):  # waits for as long as nothing is asked
                    connection.settimeout(SLOW)
                    content = receive(connection)
                    if content is None:
                        return
                    send(connection, self._deeds.answer(content))
                    connection.settimeout(None)
        except (FrameWrong, OSError):
            return  # whoever does not speak as agreed is hung up on
        finally:
            self._places.release()
