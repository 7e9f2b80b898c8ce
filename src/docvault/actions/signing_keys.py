"""Renewing the keys that sign while the portal runs, and destroying old ones: of the log, of the authority.

What they signed stays good: nothing of it needs the old private key. Each is done in one transaction, so a
rotation that was killed was never begun.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography import x509

from docvault.audit.checkpoints import PublicKey
from docvault.audit.kinds import Kind
from docvault.certificates import authority as certificates
from docvault.database import audit, keys
from docvault.database.engine import Database, Transaction
from docvault.database.key_deeds import Consent
from docvault.policy.vocabulary import Acting
from docvault.rules.keys import KeyRefused, Rotated, check_settled
from docvault.values import Clock, NotFound
from docvault.vault import authority_keys, log_keys
from docvault.vault.authority import Authority
from docvault.vault.log_keys import LogKeys
from docvault.vault.records import Records


def rotate_log(db: Database, own: Records, log: LogKeys, *, acting: Acting, clock: Clock) -> Rotated:
    """Give the audit log a new key, which the old one hands over to; what was signed stays verifiable.

    In one transaction: nothing is left half done, so there is nothing to go on with. Raises LogDamaged.
    """
    with db.transaction() as tx:
        now, change = clock(), log_keys.begin(tx, log)
        _note(tx, Kind.LOG_KEY_CHANGED, acting, now, change.facts)
        log_keys.hand_over(tx, own, change, now)
    return Rotated(log_keys.NAME, change.generation, 0, resumed=False)


def destroy_log_keys(db: Database, *, acting: Acting, consent: Consent, clock: Clock) -> Sequence[int]:
    """Destroy every key of the log but the newest, and return which. Raises KeyRefused for none.

    No wait: who signs asks for the key where the log stands still, so an old one is never used again.
    """
    with db.transaction() as tx:
        older = [row.generation for row in keys.generations(tx, log_keys.NAME)[:-1] if row.wrapped]
        if not older:
            raise KeyRefused("The log has one key, and it is in use. Rotate it first.")
        now = clock()
        said = consent.take(tx, log_keys.NAME, now)
        for generation in older:
            keys.destroy(tx, log_keys.NAME, generation)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": log_keys.NAME, "generations": older, **said})
    return older


def public_log_key(db: Database, log: LogKeys, generation: int | None = None) -> PublicKey:
    """Return a public key of the log: the one in charge, or that of a generation. Raises NotFound."""
    with db.reading() as tx:
        if generation is None:
            return log.in_charge(tx).public
        found = [row.public for row in keys.generations(tx, log_keys.NAME) if row.generation == generation]
    if not found:
        raise NotFound("The log has had no key of this generation.")
    return PublicKey(log.origin, found[0])


def rotate_authority(
    db: Database, own: Records, authority: Authority, kind: str, *, acting: Acting, clock: Clock
) -> Rotated:
    """Make a new key and certificate for one of `authority_keys.KINDS`, and for all that stands under it.

    A root or issuing authority that was replaced leaves its last revocation list behind. Raises Tampered.
    """
    with db.transaction() as tx:
        now = clock()
        rows = authority_keys.renew(tx, own, kind.removeprefix("ca-"), now)
        named = {
            row.name: certificates.fingerprint(x509.load_der_x509_certificate(row.public)) for row in rows
        }
        facts = {"kind": kind, "generation": rows[0].generation, "certificates": sorted(named.values())}
        _note(tx, Kind.KEY_ROTATION_DONE, acting, now, facts)
    authority.refresh()
    return Rotated(kind, rows[0].generation, len(rows), resumed=False)


def destroy_authority(
    db: Database, kind: str, *, acting: Acting, consent: Consent, clock: Clock
) -> Sequence[int]:
    """Destroy the older keys of one of `authority_keys.KINDS` that nothing needs, and return which.

    Raises KeyRefused for none, and while a server may still sign with one.
    """
    with db.transaction() as tx:
        now = clock()
        gone = [row.generation for row in authority_keys.replaced(tx, kind.removeprefix("ca-"), now)]
        if not gone:
            raise KeyRefused(f"Nothing of {kind} can be destroyed: what is there is needed. Rotate it first.")
        check_settled(keys.get(tx, kind).created_at, now)
        said = consent.take(tx, kind, now)
        for generation in gone:
            keys.destroy(tx, kind, generation)
        _note(tx, Kind.KEY_DESTROYED, acting, now, {"kind": kind, "generations": gone, **said})
    return gone


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, facts: Mapping[str, Any]) -> None:
    audit.append(tx, kind, at=now, acting=acting, object_type="key", facts=facts)
