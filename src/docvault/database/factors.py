"""Second factors: sealed seeds, the last accepted step, recovery codes. Says yes to a code exactly once.

The step is taken by one UPDATE that only a later step passes, so sign-in and step-up, threads and
processes share one order (promise 3). A seed is sealed with its person's id: in another row it does not
open (promise 4).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, insert, select, update

from docvault.credentials import recovery, totp
from docvault.credentials.refusals import (
    ChallengeOver,
    CodeRefused,
    CredentialRefused,
    FactorStopped,
    PasskeyCopied,
    PasskeyNeeded,
    PasskeyRefused,
    Throttled,
)
from docvault.database import throttles
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.tables import passkeys, recovery_codes, totp_factors
from docvault.policy.vocabulary import Role
from docvault.rules.factors import Owned
from docvault.values import PersonId


@dataclass(frozen=True, slots=True)
class Judgement:
    """What became of a code; `refusal` is None if it was accepted. The caller commits, then raises it."""

    refusal: CredentialRefused | None

    @property
    def why(self) -> str:
        """The reason as one word for the audit log."""
        return _WORDS.get(type(self.refusal), "code")


ACCEPTED = Judgement(None)
_WORDS = {
    Throttled: "throttled",
    FactorStopped: "stopped",
    ChallengeOver: "challenge",
    PasskeyNeeded: "passkey-needed",
    PasskeyRefused: "passkey",
    PasskeyCopied: "counter",
}


def owned(tx: Transaction, person_id: PersonId) -> Owned:
    """Return what the person can prove themselves with."""
    app = select(totp_factors.c.person_id).where(
        totp_factors.c.person_id == person_id, totp_factors.c.confirmed_at.is_not(None)
    )
    count = select(func.count()).select_from(passkeys).where(passkeys.c.person_id == person_id)
    return Owned(
        app=tx.connection.execute(app).first() is not None,
        passkeys=tx.connection.execute(count).scalar_one(),
        recovery_codes=recovery_codes_left(tx, person_id),
    )


def has_confirmed(tx: Transaction, person_id: PersonId) -> bool:
    """Return whether the person has a factor in force."""
    return owned(tx, person_id).any


def passkey_only(tx: Transaction, role: Role) -> bool:
    """Return whether the policy lets people of this role in with a passkey only (promise 2)."""
    return role in tx.policy.numbers.sessions.passkey_roles


def judge_code(
    tx: Transaction,
    records: Records,
    person_id: PersonId,
    code: str,
    now: datetime,
    *,
    device_id: str | None = None,
) -> Judgement:
    """Accept a code of the factor in force, or count a failure; both change the counters in `tx`.

    device_id: the person's known device that it comes from, if it is one.
    """
    bucket = _bucket(tx, person_id, device_id)
    refusal = take_try(tx, bucket, now)
    if refusal is not None:
        return refusal
    sealed = tx.connection.execute(
        select(totp_factors.c.secret).where(
            totp_factors.c.person_id == person_id, totp_factors.c.confirmed_at.is_not(None)
        )
    ).scalar_one_or_none()
    if sealed is None:
        return Judgement(CodeRefused())
    step = totp.matching_step(records.open(_context(person_id), sealed), code, now)
    if step is None or not _use_step(tx, person_id, step):
        return Judgement(CodeRefused())
    throttles.clear(tx, bucket)
    return ACCEPTED


def judge_recovery_code(
    tx: Transaction, person_id: PersonId, code: str, now: datetime, *, device_id: str | None = None
) -> Judgement:
    """Accept an unused recovery code and use it up, or count a failure."""
    bucket = _bucket(tx, person_id, device_id)
    refusal = take_try(tx, bucket, now)
    if refusal is not None:
        return refusal
    mine = (recovery_codes.c.hash == recovery.code_hash(code), recovery_codes.c.person_id == person_id)
    used = update(recovery_codes).where(*mine, recovery_codes.c.used_at.is_(None)).values(used_at=now)
    if tx.connection.execute(used).rowcount != 1:
        return Judgement(CodeRefused())
    throttles.clear(tx, bucket)
    return ACCEPTED


def propose(tx: Transaction, records: Records, person_id: PersonId, now: datetime) -> bytes:
    """Keep a fresh pending seed beside the factor in force and return it, to be shown once."""
    secret = totp.new_secret()
    sealed = records.seal(_context(person_id), secret)
    mine = totp_factors.c.person_id == person_id
    changed = tx.connection.execute(update(totp_factors).where(mine).values(pending=sealed))
    if changed.rowcount == 0:
        tx.connection.execute(
            insert(totp_factors).values(person_id=person_id, pending=sealed, last_step=0, created_at=now)
        )
    return secret


def confirm(
    tx: Transaction,
    records: Records,
    person_id: PersonId,
    code: str,
    now: datetime,
    *,
    device_id: str | None = None,
) -> Judgement:
    """Put the pending seed in force if the code proves possession; its step is used up. Counts a failure."""
    refusal = take_try(tx, _bucket(tx, person_id, device_id), now)
    if refusal is not None:
        return refusal
    mine = totp_factors.c.person_id == person_id
    sealed = tx.connection.execute(
        select(totp_factors.c.pending).where(mine).with_for_update(key_share=True)
    ).scalar_one_or_none()
    step = totp.matching_step(records.open(_context(person_id), sealed), code, now) if sealed else None
    if step is None:
        return Judgement(CodeRefused())
    tx.connection.execute(
        update(totp_factors).where(mine).values(secret=sealed, pending=None, confirmed_at=now, last_step=step)
    )
    throttles.clear_factors(tx, person_id)  # what was tried, was tried at a seed that is gone
    return ACCEPTED


def remove_app(tx: Transaction, person_id: PersonId) -> bool:
    """Remove the authenticator app, also one that was never confirmed; False if there was none in force."""
    mine = totp_factors.c.person_id == person_id
    chosen = select(totp_factors.c.confirmed_at).where(mine)
    confirmed_at = tx.connection.execute(chosen).scalar_one_or_none()
    tx.connection.execute(delete(totp_factors).where(mine))
    return confirmed_at is not None


def app_since(tx: Transaction, person_id: PersonId) -> datetime | None:
    """Return when the authenticator app in force was confirmed."""
    chosen = select(totp_factors.c.confirmed_at).where(totp_factors.c.person_id == person_id)
    return tx.connection.execute(chosen).scalar_one_or_none()


def issue_recovery_codes(tx: Transaction, person_id: PersonId) -> list[str]:
    """Void every earlier code and return fresh ones, to be shown once."""
    codes = recovery.new_codes(tx.policy.numbers.passwords.recovery_codes)
    tx.connection.execute(delete(recovery_codes).where(recovery_codes.c.person_id == person_id))
    rows = [{"hash": recovery.code_hash(code), "person_id": person_id} for code in codes]
    tx.connection.execute(insert(recovery_codes), rows)
    return codes


def recovery_codes_left(tx: Transaction, person_id: PersonId) -> int:
    """Return how many codes are unused."""
    mine = (recovery_codes.c.person_id == person_id, recovery_codes.c.used_at.is_(None))
    return tx.connection.execute(select(func.count()).select_from(recovery_codes).where(*mine)).scalar_one()


def _use_step(tx: Transaction, person_id: PersonId, step: int) -> bool:
    """Take the step for this person; only one transaction in the world gets it."""
    later = (totp_factors.c.person_id == person_id, totp_factors.c.last_step < step)
    return tx.connection.execute(update(totp_factors).where(*later).values(last_step=step)).rowcount == 1


def take_try(tx: Transaction, bucket: throttles.Bucket, now: datetime) -> Judgement | None:
    """Count a try at a factor. Return why it may not go on, or None."""
    try:
        wait = throttles.take(tx, bucket, now)
    except throttles.Stopped:
        return Judgement(FactorStopped())
    return Judgement(Throttled(wait)) if wait else None


def _bucket(tx: Transaction, person_id: PersonId, device_id: str | None) -> throttles.Bucket:
    return throttles.factor(tx.policy.numbers.passwords.throttle, person_id, device_id)


def _context(person_id: PersonId) -> str:
    return f"totp:{person_id}"
