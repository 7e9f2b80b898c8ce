"""Step-ups: a factor given for one deed on one document, soon, once (promise 17).

Bound to person, session, purpose and digest; spent inside the transaction of the deed, so a deed that fails
leaves the proof unspent and a deed that succeeds cannot be repeated with it.
"""

import re
from datetime import datetime, timedelta

from sqlalchemy import insert, update

from docvault.database.engine import Transaction
from docvault.database.tables import step_ups
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import tokens
from docvault.values import DocVaultError, new_id

PROPOSAL_MAKE = "proposal:make"
PROPOSAL_CONFIRM = Permission.PROPOSAL_CONFIRM.value
ROLE_CHANGE = "person:role"

PURPOSES = frozenset(
    {
        Permission.ACCOUNT_CHANGE.value,
        Permission.AUDIT_EXPORT.value,
        Permission.DOCUMENT_BREAK_GLASS.value,
        Permission.ENVELOPE_HOST.value,
        Permission.ENVELOPE_SIGN.value,
        Permission.PERSON_CHANGE.value,
        PROPOSAL_CONFIRM,
        PROPOSAL_MAKE,
        ROLE_CHANGE,
        tokens.PURPOSE,
    }
)


class StepUpInvalid(DocVaultError):
    """The proof is missing, used, too old, or was given for something else."""

    def __init__(
        self, message: str = "Please confirm once more: the last confirmation no longer counts."
    ) -> None:
        super().__init__(message)


def check(purpose: str, digest: str) -> None:
    """Return only for a known purpose and a lower-case hex SHA-256. Raises StepUpInvalid."""
    if purpose not in PURPOSES or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise StepUpInvalid("This cannot be confirmed with a second factor.")


def add(
    tx: Transaction, acting: Acting, *, purpose: str, digest: str, now: datetime, factor: str = "totp"
) -> str:
    """Keep a proof that was just given and return its id. digest: hex SHA-256 of what was shown.

    factor: what it was given with, totp or passkey.
    """
    step_up_id = new_id()
    life = timedelta(minutes=tx.policy.numbers.sessions.step_up_minutes)
    tx.connection.execute(
        insert(step_ups).values(
            id=step_up_id,
            person_id=acting.person_id,
            session_id=acting.session_id,
            purpose=purpose,
            digest=digest,
            factor=factor,
            expires_at=now + life,
        )
    )
    return step_up_id


def spend(tx: Transaction, acting: Acting, step_up_id: str, purpose: str, digest: str, now: datetime) -> str:
    """Use the proof up for exactly this deed; return the factor it was given with. Raises StepUpInvalid."""
    fits = (
        step_ups.c.id == step_up_id,
        step_ups.c.person_id == acting.person_id,
        step_ups.c.session_id == acting.session_id,
        step_ups.c.purpose == purpose,
        step_ups.c.digest == digest,
        step_ups.c.expires_at > now,
        step_ups.c.used_at.is_(None),
    )
    spent = update(step_ups).where(*fits).values(used_at=now).returning(step_ups.c.factor)
    factor: str | None = tx.connection.execute(spent).scalar_one_or_none()
    if factor is None:
        raise StepUpInvalid
    return factor
