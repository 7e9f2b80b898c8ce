"""The master keys of an installation: opened with the root key at the start, followed as they are renewed.

A process notices a new master within seconds, so that a rotation needs no restart; an older one it knows
as long as there is a row for it.
"""

import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Self, TypeVar

import structlog

from docvault.database import keys, master_keys
from docvault.database.engine import Database, Transaction
from docvault.database.master_keys import MasterRow
from docvault.encryption import masters
from docvault.encryption.errors import EncryptionError, KeyKept, MasterUnknown
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring, KeyringError, RootKeyAway, WrongKeyring
from docvault.encryption.masters import Keys, RootKey, SealedKey
from docvault.vault.keyring import PROOF, PROOF_CONTEXT

Answer = TypeVar("Answer")

FRESH = 5.0  # seconds that a process trusts what it knows; far less than docvault keys destroy waits
PEPPER = "pepper"
OLD_PEPPER = "derived-password-pepper"  # before peppers were keys of their own

_log = structlog.get_logger(__name__)


class Masters:
    """The masters as the database says they are, for whoever holds the keys. Shared between threads."""

    def __init__(self, db: Database, keys: Keys) -> None:
        """keys: HeldKeys in a process that may hold them; else whoever asks a process that does."""
        self._db = db
        self._keys = keys
        self._newest = 0
        self._looked = -FRESH
        self._lock = threading.Lock()

    @classmethod
    def open(cls, db: Database, root: RootKey, reopen: Callable[[], RootKey] | None = None) -> Self:
        """Open the masters here. Raises WrongKeyring where the root key wraps none, RootKeyAway, RootKeyLies.

        reopen: opens the root key at its address again, where another one may have come to lie.
        """
        return cls.over(db, HeldKeys(root, reopen))

    @classmethod
    def over(cls, db: Database, keys: Keys) -> Self:
        """Have the masters opened by whoever holds the keys. Raises as `open`."""
        with db.reading() as tx:
            if not master_keys.under(tx, keys.root_name):
                raise WrongKeyring
        made = cls(db, keys)
        made.refresh()
        return made

    def newest(self) -> int:
        """Return the generation under which new things are sealed. Raises RootKeyAway."""
        if time.monotonic() - self._looked >= FRESH:
            self._follow()
        return self._newest

    def refresh(self) -> None:
        """Look for new masters at once. Raises RootKeyAway or RootKeyLies."""
        with self._lock:
            with self._db.aside() as tx:
                rows = [row.master for row in master_keys.everything(tx)]
            try:
                self._keys.learn(rows)
            finally:
                self._newest = max(self._keys.known(), default=0)
            self._looked = time.monotonic()

    # --- what a keyring does ------------------------------------------------------------------------------

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        generation = self.newest()
        return self._asked(lambda: self._keys.seal(purpose, context, plaintext, generation=generation))

    def unseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        return self._asked(lambda: self._keys.unseal(purpose, context, sealed))

    def unseal_all(self, purpose: str, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        return self._asked(lambda: self._keys.unseal_all(purpose, sealed))

    def mac(self, key: SealedKey, message: bytes) -> bytes:
        return self._asked(lambda: self._keys.mac(key, message))

    def seal_with(self, key: SealedKey, context: bytes, plaintext: bytes) -> bytes:
        return self._asked(lambda: self._keys.seal_with(key, context, plaintext))

    def unseal_with(self, key: SealedKey, context: bytes, record: bytes) -> bytes:
        return self._asked(lambda: self._keys.unseal_with(key, context, record))

    def public_key(self, key: SealedKey) -> bytes:
        return self._asked(lambda: self._keys.public_key(key))

    def sign(self, key: SealedKey, message: bytes) -> bytes:
        return self._asked(lambda: self._keys.sign(key, message))

    def new_signer(self) -> tuple[str, bytes]:
        return self._keys.new_signer()

    def sign_once(self, name: str, message: bytes) -> bytes:
        return self._keys.sign_once(name, message)

    def forget_signer(self, name: str) -> None:
        self._keys.forget_signer(name)

    # --- what a workshop does; raises KeyKept where the keys are held elsewhere -----------------------------

    def seal_key(self, context: str, secret: bytes) -> SealedKey:
        generation = self.newest()
        return self._asked(lambda: self._here.seal_key(context, secret, generation=generation))

    def carry(self, key: SealedKey, context: str) -> SealedKey:
        generation = self.newest()
        return self._asked(lambda: self._here.carry(key, context, generation=generation))

    def reseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        generation = self.newest()
        return self._asked(lambda: self._here.reseal(purpose, context, sealed, generation=generation))

    # --- renewing -----------------------------------------------------------------------------------------

    @property
    def root_name(self) -> str:
        """Which root key opens the masters; no secret."""
        return self._keys.root_name

    def add(self, tx: Transaction, now: datetime) -> int:
        """Make the master that follows the newest; return its number. Raises RootKeyAway or RootKeyLies."""
        row = self._here.new_master(master_keys.newest(tx) + 1)
        master_keys.add(tx, MasterRow.of(row, now))
        return row.generation

    def wrap_under(self, tx: Transaction, new: RootKey, now: datetime) -> int:
        """Wrap every master that the root key opens under `new` as well, and return how many. Raises
        RootKeyAway or RootKeyLies.
        """
        done = {row.generation for row in master_keys.under(tx, new.name)}
        rows = [row for row in master_keys.under(tx, self.root_name) if row.generation not in done]
        for row in rows:
            master_keys.add(tx, MasterRow.of(self._here.wrap_for(new, row.master), now))
        return len(rows)

    def close(self) -> None:
        """Forget the keys, or hang up on whoever holds them."""
        self._keys.close()

    def __repr__(self) -> str:
        return "Masters(…)"

    @property
    def _here(self) -> HeldKeys:
        if not isinstance(self._keys, HeldKeys):
            raise KeyKept
        return self._keys

    def _asked(self, deed: Callable[[], Answer]) -> Answer:
        """Do the deed, and once more where a master was not open yet: a new one, or after a restart."""
        try:
            return deed()
        except MasterUnknown:
            self.refresh()
            return deed()

    def _follow(self) -> None:
        try:
            self.refresh()
        except RootKeyAway as error:
            # What is open stays open: only a new master needs the root key. It is asked again soon.
            self._looked = time.monotonic()
            _log.warning("a new master key cannot be opened yet", reason=str(error))
            if not self._newest:
                raise


def found(db: Database, root: RootKey, now: datetime) -> None:
    """Make the first master; an installation from before there were masters has its root key as that.

    Raises WrongKeyring, RootKeyAway or RootKeyLies.
    """
    with db.reading() as tx:
        if master_keys.newest(tx):
            return
        proof = keys.find(tx, PROOF)
    if proof is None:
        made = HeldKeys(root).new_master(masters.FIRST)
        with db.transaction() as tx:
            master_keys.add(tx, MasterRow.of(made, now))
        return
    if not isinstance(root, FileKeyring):
        raise KeyringError("Start once with the key file of this data; then rotate to another root key.")
    own = HeldKeys.before_masters(root)
    try:
        own.unseal(masters.record_purpose(PROOF_CONTEXT), PROOF_CONTEXT.encode(), proof.wrapped)
    except EncryptionError:
        raise WrongKeyring from None
    pepper = own.seal_derived(keys.context_of(PEPPER, keys.FIRST), OLD_PEPPER)
    with db.transaction() as tx:
        master_keys.add(tx, MasterRow.of(root.as_first_master(), now))
        keys.put(tx, PEPPER, pepper.wrapped, b"", now)
