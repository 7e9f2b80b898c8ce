"""The master keys of an installation: opened with the root key at the start, followed as they are renewed.

A process notices a new master within seconds, so that a rotation needs no restart; an older one it knows
as long as there is a row for it.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self

import structlog

from docvault.database import keys, master_keys
from docvault.database.engine import Database, Transaction
from docvault.database.master_keys import MasterRow
from docvault.encryption import masters, records
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import EncryptionError, Tampered
from docvault.encryption.keyring import FileKeyring, KeyringError, RootKeyAway, RootKeyLies, WrongKeyring
from docvault.encryption.masters import RootKey
from docvault.vault.keyring import PROOF, PROOF_CONTEXT
from docvault.vault.records import Records

FRESH = 5.0  # seconds that a process trusts what it knows; far less than docvault keys destroy waits
PEPPER = "pepper"
OLD_PEPPER = "derived-password-pepper"  # before peppers were keys of their own

_log = structlog.get_logger(__name__)


class Masters:
    """The opened masters, shared between threads. Holds keys: never log or keep it."""

    def __init__(self, db: Database, root: RootKey, reopen: Callable[[], RootKey] | None = None) -> None:
        """reopen: opens the root key at its address again, where another one may have come to lie."""
        self._db = db
        self._root = root
        self._reopen = reopen
        self._keys: dict[int, bytes] = {}
        self._looked = -FRESH
        self._lock = threading.Lock()

    @classmethod
    def open(cls, db: Database, root: RootKey, reopen: Callable[[], RootKey] | None = None) -> Self:
        """Open the masters. Raises WrongKeyring where the root key wraps none, RootKeyAway, RootKeyLies."""
        with db.reading() as tx:
            if not master_keys.under(tx, root.name):
                raise WrongKeyring
        made = cls(db, root, reopen)
        made._load()
        return made

    @property
    def root(self) -> RootKey:
        return self._root

    def newest(self) -> int:
        """Return the generation under which new things are sealed. Raises RootKeyAway."""
        if time.monotonic() - self._looked >= FRESH:
            self._follow()
        return max(self._keys)

    def derive(self, purpose: str, generation: int) -> bytes:
        """Return the key of that master for `purpose`. Secret. Raises Tampered if there is no such master."""
        if generation not in self._keys:
            self._load()
        if generation not in self._keys:
            raise Tampered
        return records.derive(self._keys[generation], purpose)

    def refresh(self) -> None:
        """Look for new masters at once. Raises RootKeyAway or RootKeyLies."""
        self._load()

    def __repr__(self) -> str:
        return "Masters(…)"  # never a key, wherever this is printed

    def _follow(self) -> None:
        try:
            self._load()
        except RootKeyAway as error:
            # What is open stays open: only a new master needs the root key. It is asked again soon.
            self._looked = time.monotonic()
            _log.warning("a new master key cannot be opened yet", reason=str(error))
            if not self._keys:
                raise

    def _load(self) -> None:
        """Open what is new, and forget what was destroyed."""
        with self._lock:
            with self._db.aside() as tx:
                everything = master_keys.everything(tx)
            there = {row.generation for row in everything}
            self._keys = {generation: key for generation, key in self._keys.items() if generation in there}
            for generation in sorted(there - self._keys.keys()):
                row = self._own(everything, generation)
                self._keys = {**self._keys, generation: unwrapped(self._root, row)}
            self._looked = time.monotonic()

    def _own(self, rows: Sequence[MasterRow], generation: int) -> MasterRow:
        """Return the wrapping that our root key opens. Raises RootKeyAway."""
        for again in (False, True):
            if again and self._reopen:
                self._root = self._reopen()
            for row in rows:
                if (row.generation, row.root) == (generation, self._root.name):
                    return row
        raise RootKeyAway("The root key was rotated, and this process still has the old one. Restart it.")


def found(db: Database, root: RootKey, now: datetime) -> None:
    """Make the first master; an installation from before there were masters has its root key as that.

    Raises WrongKeyring, RootKeyAway or RootKeyLies.
    """
    with db.reading() as tx:
        if master_keys.newest(tx):
            return
        proof = keys.find(tx, PROOF)
    if proof is None:
        row = wrapped(root, masters.FIRST, os.urandom(records.KEY), now)
        with db.transaction() as tx:
            master_keys.add(tx, row)
        return
    if not isinstance(root, FileKeyring):
        raise KeyringError("Start once with the key file of this data; then rotate to another root key.")
    own = Records(root)
    try:
        own.open(PROOF_CONTEXT, proof.wrapped)
    except EncryptionError:
        raise WrongKeyring from None
    sealed, digest = root.as_first_master()
    pepper = own.seal(keys.context_of(PEPPER, keys.FIRST), root.derive(OLD_PEPPER))
    with db.transaction() as tx:
        master_keys.add(tx, MasterRow(masters.FIRST, root.name, sealed, digest, now))
        keys.put(tx, PEPPER, pepper, b"", now)


def add_master(tx: Transaction, root: RootKey, now: datetime) -> MasterRow:
    """Make the master that follows the newest. Raises RootKeyAway or RootKeyLies."""
    row = wrapped(root, master_keys.newest(tx) + 1, os.urandom(records.KEY), now)
    master_keys.add(tx, row)
    return row


def wrap_under(tx: Transaction, root: RootKey, new: RootKey, now: datetime) -> int:
    """Wrap every master that `root` opens under `new` as well, and return how many. Raises RootKeyAway or
    RootKeyLies.
    """
    done = {row.generation for row in master_keys.under(tx, new.name)}
    rows = [row for row in master_keys.under(tx, root.name) if row.generation not in done]
    for row in rows:
        again = wrapped(new, row.generation, unwrapped(root, row), now)
        master_keys.add(tx, again)
    return len(rows)


def wrapped(root: RootKey, generation: int, master: bytes, now: datetime) -> MasterRow:
    """Wrap a master, and see that it opens again before anything relies on it. Raises RootKeyAway or
    RootKeyLies.
    """
    context = MasterContext(generation)
    row = MasterRow(generation, root.name, root.wrap(master, context), masters.digest(master), now)
    unwrapped(root, row)
    return row


def unwrapped(root: RootKey, row: MasterRow) -> bytes:
    """Open a master. Secret. Raises RootKeyAway, UnknownAlgorithm, Tampered or RootKeyLies."""
    master = root.unwrap(row.wrapped, MasterContext(row.generation))
    if not masters.is_it(master, row.digest):
        raise RootKeyLies
    return master
