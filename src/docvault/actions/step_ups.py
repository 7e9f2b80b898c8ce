"""Confirming one deed with a fresh code, right before it (promise 17)."""

from dataclasses import dataclass, field
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, factors, sessions, step_ups
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.sessions import FULL
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Acting, Permission


@dataclass(frozen=True, slots=True)
class StepUp:
    """A proof for one deed. token: the session's new secret; the old one ended (promise 18)."""

    id: str
    token: str = field(repr=False)


def confirm_step_up(
    db: Database, records: Records, *, acting: Acting, purpose: str, digest: str, code: str, now: datetime
) -> StepUp:
    """Check a one-time code and keep a proof bound to person, session, purpose and digest.

    purpose: one of `step_ups.PURPOSES`. digest: lower-case hex SHA-256 of what was shown.
    Raises StepUpInvalid, Forbidden, Throttled, FactorStopped or CodeRefused; tried in that order.
    """
    step_ups.check(purpose, digest)
    if acting.session_kind != FULL:
        raise Forbidden(Permission.ACCOUNT_CHANGE)
    with db.transaction() as tx:
        judgement = factors.judge_code(tx, records, acting.person_id, code, now)
        if judgement.refusal is None:
            step_up_id = step_ups.add(tx, acting, purpose=purpose, digest=digest, now=now)
            proof = StepUp(step_up_id, sessions.rotate(tx, acting))
            _note(tx, Kind.STEP_UP_CONFIRMED, acting, now, purpose=purpose, digest=digest, factor="totp")
        elif judgement.why != "throttled":
            _note(tx, Kind.STEP_UP_REFUSED, acting, now, purpose=purpose, why=judgement.why)
    if judgement.refusal:
        raise judgement.refusal
    return proof


def _note(tx: Transaction, kind: Kind, acting: Acting, now: datetime, **facts: str) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="person",
        object_id=acting.person_id,
        organisation_id=acting.organisation_id,
        facts=facts,
    )
