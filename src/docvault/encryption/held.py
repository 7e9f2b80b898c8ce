"""The root and master keys, held: everything that is done with them, and no way to have one of them.

Shared between threads. What it opened it keeps in memory until it is told that it is gone.
"""

import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TypeVar

from docvault.encryption import masters, own_keys, records
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import KeyKept, MasterUnknown, SignerGone
from docvault.encryption.keyring import FileKeyring, RootKeyAway, RootKeyLies
from docvault.encryption.masters import HEADER, RootKey, SealedKey, WrappedMaster, generation_of, header
from docvault.encryption.own_keys import RESERVED, AuthoritySigner, LogSigner, OwnKey, Pepper, Sealer

OPENED_MOST = 256  # own keys kept opened: an installation has some ten
OPENED_FOR = 600.0  # seconds until they are opened anew: one that was destroyed is not kept for longer
SIGNERS_MOST = 4096  # keys of signers that wait for their signature; each lives for seconds

Kind = TypeVar("Kind", Pepper, Sealer)


class HeldKeys:
    """Holds the root key and the masters that it opened. Never log or keep it."""

    def __init__(self, root: RootKey, reopen: Callable[[], RootKey] | None = None) -> None:
        """reopen: opens the root key at its address again, where another one may have come to lie."""
        self._root = root
        self._reopen = reopen
        self._masters: dict[int, bytes] = {}
        self._opened: OrderedDict[SealedKey, OwnKey] = OrderedDict()
        self._opened_since = time.monotonic()
        self._signers: OrderedDict[str, AuthoritySigner] = OrderedDict()
        self._lock = threading.Lock()
        self._learning = threading.Lock()  # of its own: a key service that is slow keeps nobody from signing

    @classmethod
    def before_masters(cls, root: FileKeyring) -> "HeldKeys":
        """Hold the keys of an installation from before there were masters: its first is the root itself."""
        made = cls(root)
        made.learn([root.as_first_master()])
        return made

    @property
    def root_name(self) -> str:
        """Which root key this is; no secret."""
        return self._root.name

    def learn(self, rows: Sequence[WrappedMaster]) -> None:
        """Open what is new among the wrapped masters, and forget what is not among them.

        Raises RootKeyAway, UnknownAlgorithm, Tampered or RootKeyLies.
        """
        with self._learning:
            there = {row.generation: row.digest for row in rows}
            self._masters = {
                generation: master
                for generation, master in self._masters.items()
                if generation in there and masters.is_it(master, there[generation])
            }
            for generation in sorted(there.keys() - self._masters.keys()):
                row = self._own(rows, generation)  # which may open the root key anew
                self._masters = {**self._masters, generation: _unwrapped(self._root, row)}

    def known(self) -> frozenset[int]:
        """Return the generations of the masters that are open."""
        return frozenset(self._masters)

    def close(self) -> None:
        with self._lock:
            self._masters = {}
            self._opened.clear()
            self._signers.clear()

    # --- under the masters ------------------------------------------------------------------------------

    def newest(self) -> int:
        return max(self._masters)

    def seal(self, purpose: str, context: bytes, plaintext: bytes, *, generation: int = 0) -> bytes:
        _require_free(purpose)
        return self._seal(purpose, context, plaintext, generation or self.newest())

    def unseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        _require_free(purpose)
        return self._open(purpose, context, sealed)

    def unseal_all(self, purpose: str, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return [self.unseal(purpose, context, each) for context, each in sealed]

    # --- own keys and keys of signers -------------------------------------------------------------------

    def mac(self, key: SealedKey, message: bytes) -> bytes:
        return self._of_kind(key, Pepper).mac(message)

    def seal_with(self, key: SealedKey, context: bytes, plaintext: bytes) -> bytes:
        return self._of_kind(key, Sealer).seal(context, plaintext)

    def unseal_with(self, key: SealedKey, context: bytes, record: bytes) -> bytes:
        return self._of_kind(key, Sealer).unseal(context, record)

    def public_key(self, key: SealedKey) -> bytes:
        return self._signing(key).public()

    def sign(self, key: SealedKey, message: bytes) -> bytes:
        return self._signing(key).sign(message)

    def new_signer(self) -> tuple[str, bytes]:
        name, key = secrets.token_hex(16), AuthoritySigner.make()
        with self._lock:
            self._signers[name] = key
            while len(self._signers) > SIGNERS_MOST:  # of processes that died before they signed
                self._signers.popitem(last=False)
        return name, key.public()

    def sign_once(self, name: str, message: bytes) -> bytes:
        with self._lock:
            key = self._signers.pop(name, None)
        if key is None:
            raise SignerGone
        return key.sign(message)

    def forget_signer(self, name: str) -> None:
        with self._lock:
            self._signers.pop(name, None)

    # --- renewing: for the terminal and the start -------------------------------------------------------

    def seal_key(self, context: str, secret: bytes, *, generation: int = 0) -> SealedKey:
        own_keys.opened(context, secret)
        wrapped = self._seal(RESERVED, context.encode(), secret, generation or self.newest())
        return SealedKey(context, wrapped)

    def seal_derived(self, context: str, purpose: str) -> SealedKey:
        """Make an own key of what was derived from the first master before it had a row."""
        return self.seal_key(context, records.derive(self._master(masters.FIRST), purpose))

    def carry(self, key: SealedKey, context: str, *, generation: int = 0) -> SealedKey:
        secret = self._open(RESERVED, key.context.encode(), key.wrapped)
        return self.seal_key(context, secret, generation=generation)

    def reseal(self, purpose: str, context: bytes, sealed: bytes, *, generation: int = 0) -> bytes:
        plaintext = self._open(purpose, context, sealed)
        return self._seal(purpose, context, plaintext, generation or self.newest())

    def new_master(self, generation: int) -> WrappedMaster:
        """Make a master, wrapped under the root key. Raises RootKeyAway or RootKeyLies."""
        return _wrapped(self._root, generation, os.urandom(records.KEY))

    def wrap_for(self, new: RootKey, row: WrappedMaster) -> WrappedMaster:
        """Wrap a master under another root key as well. Raises RootKeyAway or RootKeyLies."""
        return _wrapped(new, row.generation, _unwrapped(self._root, row))

    def __repr__(self) -> str:
        return "HeldKeys(…)"  # never a key, wherever this is printed

    # --- inside -----------------------------------------------------------------------------------------

    def _own(self, rows: Sequence[WrappedMaster], generation: int) -> WrappedMaster:
        """Return the wrapping that our root key opens. Raises RootKeyAway."""
        for again in (False, True):
            if again and self._reopen:
                self._root = self._reopen()
            for row in rows:
                if (row.generation, row.root) == (generation, self._root.name):
                    return row
        raise RootKeyAway("The root key was rotated, and this process still has the old one. Restart it.")

    def _master(self, generation: int) -> bytes:
        found = self._masters.get(generation)
        if found is None:
            raise MasterUnknown
        return found

    def _seal(self, purpose: str, context: bytes, plaintext: bytes, generation: int) -> bytes:
        key = records.derive(self._master(generation), purpose)
        return header(generation) + records.seal(key, context, plaintext)

    def _open(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        key = records.derive(self._master(generation_of(sealed)), purpose)
        return records.unseal(key, context, sealed[HEADER:])

    def _signing(self, key: SealedKey) -> LogSigner | AuthoritySigner:
        found = self._own_key(key)
        if not isinstance(found, LogSigner | AuthoritySigner):
            raise KeyKept
        return found

    def _of_kind(self, key: SealedKey, kind: type[Kind]) -> Kind:
        found = self._own_key(key)
        if not isinstance(found, kind):
            raise KeyKept
        return found

    def _own_key(self, key: SealedKey) -> OwnKey:
        """Return an own key, opened; only what was sealed here opens, and only under its own name."""
        own_keys.name_of(key.context)
        with self._lock:
            if time.monotonic() - self._opened_since > OPENED_FOR:
                self._opened.clear()
                self._opened_since = time.monotonic()
            found = self._opened.get(key)
            if found is not None:
                self._opened.move_to_end(key)
                return found
        made = own_keys.opened(key.context, self._open(RESERVED, key.context.encode(), key.wrapped))
        with self._lock:
            self._opened[key] = made
            while len(self._opened) > OPENED_MOST:
                self._opened.popitem(last=False)
        return made


def _require_free(purpose: str) -> None:
    """Own keys are opened and sealed by this file alone: else whoever asks would have them."""
    if purpose == RESERVED:
        raise KeyKept


def _wrapped(root: RootKey, generation: int, master: bytes) -> WrappedMaster:
    """Wrap a master, and see that it opens again before anything relies on it."""
    wrapped = root.wrap(master, MasterContext(generation))
    row = WrappedMaster(generation, root.name, wrapped, masters.digest(master))
    _unwrapped(root, row)
    return row


def _unwrapped(root: RootKey, row: WrappedMaster) -> bytes:
    master = root.unwrap(row.wrapped, MasterContext(row.generation))
    if not masters.is_it(master, row.digest):
        raise RootKeyLies
    return master
