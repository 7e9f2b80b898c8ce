"""Two people who agreed that old keys are destroyed, and an operator whose portal has not two."""

from datetime import timedelta

from sqlalchemy import select

from docvault.database import key_deeds, proposals, tables
from docvault.database.key_deeds import Consent
from docvault.policy.vocabulary import TERMINAL, Acting, Role
from docvault.rules.proposals import Proposal, ProposalState
from docvault.values import OrganisationId, PersonId, SessionId

from .world import NOW

OPERATOR = Acting(
    person_id=PersonId(TERMINAL),
    organisation_id=OrganisationId(""),
    role=Role.ADMINISTRATOR,
    organisations=frozenset(),
    clients=frozenset(),
    session_id=SessionId(TERMINAL),
    session_kind="full",
    factors=TERMINAL,
    name="",
    email="",
    address="",
    user_agent="docvault",
    at=NOW,
)


def alone(records) -> Consent:
    return Consent(records, OPERATOR, alone=True)


def agreed(db, records, key: str, now=NOW) -> Consent:
    """Return the consent of two people, kept as if both had gone through the pages."""
    with db.transaction() as tx:
        one, other = (
            tx.connection.execute(select(tables.people.c.id).where(tables.people.c.role == role))
            .scalars()
            .first()
            for role in (Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER)
        )
        about = Proposal(ProposalState.WAITING, one, None, now + timedelta(days=3), other, now, now)
        facts = {"key": key}
        proposals.add(tx, records, kind=key_deeds.DESTROY, facts=facts, reason="Old.", about=about, now=now)
    return Consent(records, OPERATOR)
