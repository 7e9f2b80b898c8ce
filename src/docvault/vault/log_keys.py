"""The keys of the audit log, sealed like every small secret: the newest signs, and hands over under lock."""

from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docvault.audit.checkpoints import LogKey, PublicKey
from docvault.audit.handovers import announcement
from docvault.database import audit, audit_checkpoints, keys
from docvault.database.engine import Database, Transaction
from docvault.database.keys import KeyRow
from docvault.vault.held import HeldLogKey
from docvault.vault.records import Records

NAME = "log"  # in the table of keys


class LogKeys:
    """The log's key at any moment: whoever has it can sign, and has no key."""

    def __init__(self, db: Database, own: Records, origin: str) -> None:
        self.origin = origin
        self._db = db
        self._records = own
        self._known: tuple[KeyRow, LogKey] | None = None

    def in_charge(self, tx: Transaction) -> LogKey:
        """Return the key that signs now: what this process knew before counts for nothing.

        Only a row that was sealed here opens, so nobody puts a key in its place by writing to the database.
        Raises NotFound, UnknownAlgorithm or Tampered.
        """
        row = keys.get(tx, NAME)
        known = self._known
        if known is None or known[0] != row:
            held = HeldLogKey.of(self._records.keyring, row.sealed)
            known = self._known = (row, LogKey(self.origin, held))
        return known[1]

    @property
    def public(self) -> PublicKey:
        """The public half of the key that signs now. Raises as `in_charge`."""
        with self._db.aside() as tx:
            return self.in_charge(tx).public

    def __repr__(self) -> str:
        return "LogKeys(…)"


def add_first(tx: Transaction, own: Records, origin: str, now: datetime) -> None:
    """Make the key of a new log."""
    _put(tx, own, LogKey(origin, Ed25519PrivateKey.generate()), keys.FIRST, now)


@dataclass(frozen=True, slots=True)
class Change:
    """A new key that is about to take over."""

    old: LogKey
    new: LogKey
    generation: int

    @property
    def facts(self) -> dict[str, str | int]:
        """What the entry says that announces it."""
        return {**announcement(self.old.public, self.new.public), "generation": self.generation}


def begin(tx: Transaction, log: LogKeys) -> Change:
    """Make a new key while the log stands still; the next entry announces it. Raises NotFound, Tampered."""
    audit.locked_edge(tx)
    old = log.in_charge(tx)
    new = LogKey(old.origin, Ed25519PrivateKey.generate())
    return Change(old, new, keys.get(tx, NAME).generation + 1)


def hand_over(tx: Transaction, own: Records, change: Change, now: datetime) -> None:
    """Behind the entry that announced it, let both keys sign, and keep the new one. Raises LogDamaged."""
    audit_checkpoints.hand_over(tx, change.old, change.new, now)
    _put(tx, own, change.new, change.generation, now)


def _put(tx: Transaction, own: Records, made: LogKey, generation: int, now: datetime) -> None:
    sealed = own.keyring.seal_key(keys.context_of(NAME, generation), made.private.private_bytes_raw())
    keys.put(tx, NAME, sealed.wrapped, made.public.raw, now, generation=generation)
