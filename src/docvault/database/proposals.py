"""Proposals: deeds that wait for a second person. Facts and reason are sealed; what they mean is deeds.py's.

Who proposed and who confirmed is asked for their rights again whenever a step is taken (promises 25, 26).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, distinct, func, insert, select, update

from docvault.audit.entries import canonical
from docvault.database import acting as actors
from docvault.database.engine import PAGE, PAGE_MOST, Page, Transaction, before_cursor, cursor_after
from docvault.database.messages import Records
from docvault.database.tables import people, proposals, standings
from docvault.policy.vocabulary import PORTAL, Acting, Permission, Role
from docvault.rules.proposals import ALIVE, Kind, NoLongerPermitted, Proposal, ProposalState
from docvault.values import NotFound, PersonId, new_id

Facts = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ProposalRow:
    id: str
    kind: str
    facts: Facts
    reason: str
    digest: str  # hex SHA-256: what both people confirm
    proposed_at: datetime
    proposer_name: str
    confirmer_name: str | None
    proposal: Proposal


def digest(kind: str, facts: Facts, reason: str) -> str:
    """Return what the proofs of both people are bound to: hex SHA-256 of facts, kind and reason as JSON.

    With sorted keys and no spaces, e.g. `{"facts":{"person_id":"…"},"kind":"reprove-factor","reason":"…"}`.
    """
    return hashlib.sha256(_body(kind, facts, reason)).hexdigest()


def add(
    tx: Transaction, records: Records, *, kind: str, facts: Facts, reason: str, about: Proposal, now: datetime
) -> ProposalRow:
    """Keep a proposal that was just made and return it."""
    proposal_id = new_id()
    body = _body(kind, facts, reason)
    tx.connection.execute(
        insert(proposals).values(
            id=proposal_id,
            kind=kind,
            sealed=records.seal(_context(proposal_id), body),
            digest=hashlib.sha256(body).hexdigest(),
            proposed_at=now,
            **_columns(about),
        )
    )
    return _loaded(tx, records, proposal_id)


def for_seeing(tx: Transaction, records: Records, acting: Acting, proposal_id: str) -> ProposalRow:
    """Return a proposal to look at. Raises Forbidden, NotFound."""
    tx.policy.require(acting, Permission.PROPOSAL_SEE, PORTAL)
    return _loaded(tx, records, proposal_id)


def for_deciding(tx: Transaction, records: Records, acting: Acting, proposal_id: str) -> ProposalRow:
    """Return a proposal to take a step of, locked: two steps at the same moment come one after the other.

    Raises Forbidden, NotFound.
    """
    tx.policy.require(acting, Permission.PROPOSAL_SEE, PORTAL)
    return for_settling(tx, records, proposal_id)


def for_settling(tx: Transaction, records: Records, proposal_id: str) -> ProposalRow:
    """Return a proposal for the job that carries it out, locked. Raises NotFound."""
    tx.connection.execute(select(proposals.c.id).where(proposals.c.id == proposal_id).with_for_update())
    return _loaded(tx, records, proposal_id)


def listed(
    tx: Transaction,
    records: Records,
    acting: Acting,
    *,
    alive: bool,
    after: str | None = None,
    limit: int = PAGE,
) -> Page[ProposalRow]:
    """Return proposals, newest first: undecided ones, or those that ended. Raises Forbidden, BadCursor."""
    tx.policy.require(acting, Permission.PROPOSAL_SEE, PORTAL)
    limit = max(1, min(limit, PAGE_MOST))
    wanted = [state.value for state in ProposalState if (state in ALIVE) == alive]
    question = (
        _question()
        .where(proposals.c.state.in_(wanted))
        .order_by(proposals.c.proposed_at.desc(), proposals.c.id.desc())
    )
    older = before_cursor(after, proposals.c.proposed_at, proposals.c.id)
    if older is not None:
        question = question.where(older)
    rows = [_row(records, row) for row in tx.connection.execute(question.limit(limit + 1))]
    items = rows[:limit]
    more = len(rows) > limit
    return Page(items, cursor_after(items[-1].proposed_at, items[-1].id) if more else None)


def alive(tx: Transaction, records: Records) -> list[ProposalRow]:
    """Return every proposal that is undecided or not done yet, oldest first."""
    wanted = [state.value for state in ALIVE]
    chosen = _question().where(proposals.c.state.in_(wanted)).order_by(proposals.c.proposed_at)
    return [_row(records, row) for row in tx.connection.execute(chosen)]


def is_pending(tx: Transaction, kind: str, subject_id: str | None, fingerprint: str) -> bool:
    """Return whether the same deed, or one of its kind about the same person, is proposed already."""
    same = proposals.c.digest == fingerprint
    if subject_id is not None:
        same = same | (proposals.c.subject_id == subject_id)
    chosen = select(proposals.c.id).where(
        same, proposals.c.kind == kind, proposals.c.state.in_([state.value for state in ALIVE])
    )
    return tx.connection.execute(chosen.limit(1)).first() is not None


def save(tx: Transaction, row: ProposalRow, decided: Proposal) -> ProposalRow:
    """Keep what the rules decided about a locked proposal."""
    changed = update(proposals).where(proposals.c.id == row.id)
    tx.connection.execute(changed.values(**_columns(decided)))
    who = select(people.c.name).where(people.c.id == decided.confirmed_by)
    return replace(row, proposal=decided, confirmer_name=tx.connection.execute(who).scalar_one_or_none())


def require_both(tx: Transaction, row: ProposalRow, kind: Kind, now: datetime) -> Acting:
    """Ask both people's rights again, as they are now, and return who proposed. Raises NoLongerPermitted."""
    proposer = _still(tx, row.proposal.proposed_by, kind.propose, now)
    if row.proposal.confirmed_by is not None:
        _still(tx, row.proposal.confirmed_by, kind.confirm, now)
    return proposer


def is_anybody_else(tx: Transaction, acting: Acting, kind: Kind, subject_id: str | None) -> bool:
    """Return whether there is, or ever was, another person who could confirm.

    Those who were disabled since count as well: whoever disables everybody else must not be alone by it.
    """
    may = [role for role in Role if _allowed(tx, replace(acting, role=role), kind.confirm)]
    chosen = select(standings.c.person_id).where(
        standings.c.role.in_([role.value for role in may]),
        standings.c.state == "active",
        standings.c.person_id.not_in([acting.person_id, subject_id or ""]),
    )
    return tx.connection.execute(chosen.limit(1)).first() is not None


def could_confirm(tx: Transaction, acting: Acting, kind: Kind) -> int:
    """Return how many people there are, or ever were, who could confirm; disabled ones count as well."""
    may = [role for role in Role if _allowed(tx, replace(acting, role=role), kind.confirm)]
    chosen = select(func.count(distinct(standings.c.person_id))).where(
        standings.c.role.in_([role.value for role in may]), standings.c.state == "active"
    )
    return int(tx.connection.execute(chosen).scalar_one())


def _still(tx: Transaction, person_id: PersonId, permission: Permission, now: datetime) -> Acting:
    person = actors.again(tx, person_id, now)
    if person is None or not _allowed(tx, person, permission):
        raise NoLongerPermitted("One of the two people has left or may not do this any more.")
    return person


def _allowed(tx: Transaction, acting: Acting, permission: Permission) -> bool:
    return tx.policy.decide(acting, permission, PORTAL).allowed


_CONFIRMERS = people.alias("confirmers")


def _question() -> Select[Any]:
    joined = proposals.join(people, people.c.id == proposals.c.proposed_by).outerjoin(
        _CONFIRMERS, _CONFIRMERS.c.id == proposals.c.confirmed_by
    )
    names = (people.c.name.label("proposer_name"), _CONFIRMERS.c.name.label("confirmer_name"))
    return select(proposals, *names).select_from(joined)


def _loaded(tx: Transaction, records: Records, proposal_id: str) -> ProposalRow:
    row = tx.connection.execute(_question().where(proposals.c.id == proposal_id)).one_or_none()
    if row is None:
        raise NotFound
    return _row(records, row)


def _row(records: Records, row: Row[Any]) -> ProposalRow:
    said = json.loads(records.open(_context(row.id), row.sealed))
    about = Proposal(
        state=ProposalState(row.state),
        proposed_by=PersonId(row.proposed_by),
        subject_id=row.subject_id,
        expires_at=row.expires_at,
        confirmed_by=row.confirmed_by,
        confirmed_at=row.confirmed_at,
        due_at=row.due_at,
        done_at=row.done_at,
    )
    return ProposalRow(
        id=row.id,
        kind=said["kind"],
        facts=said["facts"],
        reason=said["reason"],
        digest=row.digest,
        proposed_at=row.proposed_at,
        proposer_name=row.proposer_name,
        confirmer_name=row.confirmer_name,
        proposal=about,
    )


def _columns(about: Proposal) -> dict[str, Any]:
    return {
        "subject_id": about.subject_id,
        "state": about.state.value,
        "proposed_by": about.proposed_by,
        "expires_at": about.expires_at,
        "confirmed_by": about.confirmed_by,
        "confirmed_at": about.confirmed_at,
        "due_at": about.due_at,
        "done_at": about.done_at,
    }


def _body(kind: str, facts: Facts, reason: str) -> bytes:
    return canonical({"facts": dict(facts), "kind": kind, "reason": reason})


def _context(proposal_id: str) -> str:
    return f"proposal:{proposal_id}"
