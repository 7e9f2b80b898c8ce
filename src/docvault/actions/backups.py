"""Backups: made while others work, restored to an empty place, and proven. At the terminal only.

Whoever does this holds the data folder and its keys, so no policy is asked; it is an entry all the same.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from docvault.audit.checkpoints import PublicKey
from docvault.audit.kinds import Kind
from docvault.blobs.store import BlobError
from docvault.credentials.passphrases import check_passphrase
from docvault.database import audit, audit_checkpoints, audit_trail, dumps, issued_certificates
from docvault.database.engine import Database
from docvault.encryption.errors import EncryptionError
from docvault.values import DocVaultError, NotFound
from docvault.vault import backups
from docvault.vault.backups import End, Head, Luggage
from docvault.vault.files import Vault

NAMED = 5  # versions that an error names


class NotSound(DocVaultError):
    """What was restored is not what was backed up; the message says where."""


@dataclass(frozen=True, slots=True)
class Made:
    id: str
    end: End


@dataclass(frozen=True, slots=True)
class Proof:
    """What was opened and derived again, all of it sound."""

    versions: int
    size: int  # bytes of plaintext
    entries: int


def make_backup(
    db: Database,
    vault: Vault,
    target: BinaryIO,
    *,
    secret: str,
    recovery: bool,
    luggage: Luggage,
    version: str,
    operator: str,
    now: datetime,
) -> Made:
    """Write everything to `target`, sealed. Recorded before the first byte, so that no copy is unknown.

    secret: a passphrase, or a recovery key. operator: the machine's user.
    Raises PasswordRefused, StoreFailed.
    """
    if not recovery:
        check_passphrase(secret)
    backup_id, writer = backups.begin(target, secret, recovery=recovery, now=now)
    with db.transaction() as tx:
        audit.append(tx, Kind.BACKUP_MADE, at=now, facts={"backup": backup_id}, private=_who(operator))
    end = backups.save(db, vault.blobs, luggage, writer, version=version, now=now)
    return Made(backup_id, end)


def require_same_log(db: Database, end: End) -> None:
    """Check that the log's rows are those of the backup's moment. Raises NotSound."""
    with db.reading() as tx:
        size, edge = audit_trail.state(tx)
    if (size, bytes(edge)) != (end.log_size, end.log_edge):
        raise NotSound("The audit log that was restored is not the one that was backed up.")


def prove(db: Database, vault: Vault, key: PublicKey) -> Proof:
    """Open every stored version, compare its SHA-256, and derive the audit log again.

    Raises NotSound with the first versions that do not open, LogDamaged.
    """
    broken: list[str] = []
    count, size, after = 0, 0, ""
    while page := _page(db, after):
        for after in page:
            try:
                opened = vault.open_for_scanning(db, after)  # also what is closed: nobody gets to see it
                opened.prove()
                count, size = count + 1, size + opened.size
            except (BlobError, EncryptionError, NotFound) as error:
                broken.append(f"{after} ({error})")
    if broken:
        raise NotSound(f"{len(broken)} versions do not open: {'; '.join(broken[:NAMED])}")
    with db.snapshot() as tx:
        checked = audit_checkpoints.check(tx, key)
    return Proof(count, size, checked.size)


def note_restored(db: Database, *, head: Head, end: End, proof: Proof, operator: str, now: datetime) -> None:
    """Record in the restored log what it was restored from, and what was proven."""
    with db.transaction() as tx:
        issued_certificates.distrust_lists(tx)
        audit.append(
            tx,
            Kind.BACKUP_RESTORED,
            at=now,
            facts={
                "backup": head.id,
                "made_at": head.made_at,
                "entries": end.log_size,
                "versions": proof.versions,
            },
            private=_who(operator),
        )


def _page(db: Database, after: str) -> list[str]:
    with db.reading() as tx:
        return dumps.stored_versions(tx, after)


def _who(operator: str) -> dict[str, str]:
    return {"actor_name": f"{operator} at the server's terminal"}
