"""Two people decide: one proposes, another confirms, and it is done exactly once (promise 26).

Both give a fresh factor, bound to the same digest. Everybody's rights are asked at every step, and again by
the job that carries a deed out after its delay (promise 25).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import audit, deeds, people, proposals, step_ups
from docvault.database.engine import PAGE, Database, Page, Transaction
from docvault.database.matters import Deed
from docvault.database.messages import Records
from docvault.database.proposals import ProposalRow
from docvault.policy.vocabulary import PORTAL, Acting, Role
from docvault.rules import proposals as rules
from docvault.rules.people import PeopleError, email_as_typed
from docvault.rules.proposals import (
    Proposal,
    ProposalError,
    ProposalInvalid,
    ProposalState,
    Why,
)
from docvault.values import PersonId

__all__ = [
    "ProposalError",
    "ProposalView",
    "Subject",
    "about",
    "carry_out_due",
    "confirm_proposal",
    "list_proposals",
    "proposal_digest",
    "propose",
    "refuse_proposal",
    "show_proposal",
    "whom",
    "withdraw_proposal",
]


@dataclass(frozen=True, slots=True)
class ProposalView:
    """One proposal for a person to read. `may`: the steps this person can take now."""

    id: str
    kind: str
    sentence: str
    facts: Mapping[str, str]
    reason: str
    digest: str
    state: ProposalState
    proposed_by: PersonId
    proposer_name: str
    proposed_at: datetime
    expires_at: datetime
    confirmer_name: str | None
    confirmed_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    subject_id: str | None
    may: frozenset[str]  # of confirm, refuse, withdraw, fetch


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody whom a proposal would be about, so that the proposer sees that it is the right one."""

    id: PersonId
    name: str
    email: str
    role: Role
    organisation_name: str


def proposal_digest(kind: str, facts: Mapping[str, str], reason: str) -> str:
    """Return what the proofs for a proposal are bound to. Raises ProposalInvalid."""
    return proposals.digest(kind, facts, rules.check_reason(reason))


def propose(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    kind: str,
    facts: Mapping[str, str],
    reason: str,
    step_up_id: str,
    now: datetime,
) -> ProposalView:
    """Ask for a second person, or do it alone where nobody else ever could have confirmed.

    step_up_id: a proof for `proposal:make` on `proposal_digest`. Raises ProposalInvalid, Forbidden,
    StepUpInvalid, SecondPersonNeeded, AlreadyKnown, PersonRefused.
    """
    plain, deed = rules.check_reason(reason), deeds.named(kind)
    with db.transaction() as tx:
        tx.policy.require(acting, deed.kind.propose, PORTAL)
        digest = proposals.digest(kind, facts, plain)
        step_ups.spend(tx, acting, step_up_id, step_ups.PROPOSAL_MAKE, digest, now)
        subject = deed.matter(tx, facts).subject
        subject_id = subject.id if subject else None
        rules.check_proposer(acting.person_id, subject_id)
        if subject:
            people.lock(tx, subject.id)  # two proposals about the same person come one after the other
        deed.check(tx, facts)
        if proposals.is_pending(tx, kind, subject_id, digest):
            raise ProposalInvalid(
                "This is proposed already. Somebody else has to confirm or refuse that one."
            )
        life = timedelta(hours=tx.policy.numbers.proposals.open_hours)
        about = Proposal(ProposalState.OPEN, acting.person_id, subject_id, now + life)
        row = proposals.add(tx, records, kind=kind, facts=facts, reason=plain, about=about, now=now)
        alone = deed.kind.alone_at_first and not proposals.is_anybody_else(tx, acting, deed.kind, subject_id)
        _note(tx, Kind.PROPOSAL_MADE, row, deed, acting, now, {"alone": alone} if alone else {})
        if alone:
            row = _do_alone(tx, records, row, deed, acting, now)
        return _view(tx, row, acting, now)


def whom(db: Database, *, acting: Acting, kind: str, person_id: str = "", email: str = "") -> Subject | None:
    """Return whom a proposal of this kind is about, by id or address, or None if nobody was named.

    Only for those who may propose it. Raises ProposalInvalid, Forbidden.
    """
    deed = deeds.named(kind)
    with db.reading() as tx:
        tx.policy.require(acting, deed.kind.propose, PORTAL)
        if not person_id and not email:
            return None
        by_address = None if person_id else people.by_email(tx, email_as_typed(email))
        person = people.by_id(tx, PersonId(person_id)) if person_id else by_address
    if person is None:
        raise ProposalInvalid("There is nobody with this address.")
    return Subject(person.id, person.name, person.email, person.role, person.organisation_name)


def about(db: Database, *, acting: Acting, kind: str, facts: Mapping[str, str]) -> str:
    """Return what a proposal would do, as its sentence, for those who may propose it.

    Raises ProposalInvalid, Forbidden.
    """
    deed = deeds.named(kind)
    with db.reading() as tx:
        tx.policy.require(acting, deed.kind.propose, PORTAL)
        return deed.matter(tx, facts).sentence


def list_proposals(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    alive: bool,
    after: str | None = None,
    limit: int = PAGE,
    now: datetime,
) -> Page[ProposalView]:
    """Return proposals, newest first: those that wait, or those that ended. Raises Forbidden, BadCursor."""
    with db.reading() as tx:
        page = proposals.listed(tx, records, acting, alive=alive, after=after, limit=limit)
        return Page([_view(tx, row, acting, now) for row in page.items], page.next)


def show_proposal(
    db: Database, records: Records, *, acting: Acting, proposal_id: str, now: datetime
) -> ProposalView:
    """Return one proposal. Raises Forbidden, NotFound."""
    with db.reading() as tx:
        return _view(tx, proposals.for_seeing(tx, records, acting, proposal_id), acting, now)


def confirm_proposal(
    db: Database, records: Records, *, acting: Acting, proposal_id: str, step_up_id: str, now: datetime
) -> ProposalView:
    """Be the second person. Without a delay it is done in the same transaction; of many, one confirms.

    step_up_id: a proof for `proposal:confirm` on the proposal's digest. Raises Forbidden, NotFound,
    SecondPersonNeeded, ProposalOver, StepUpInvalid, NoLongerPermitted, ProposalInvalid, PersonRefused.
    """
    with db.transaction() as tx:
        row = proposals.for_deciding(tx, records, acting, proposal_id)
        deed = deeds.named(row.kind)
        tx.policy.require(acting, deed.kind.confirm, PORTAL)
        numbers = tx.policy.numbers.proposals
        delay, life = deed.kind.delay(numbers), timedelta(hours=numbers.open_hours)
        decided = rules.confirm(row.proposal, acting.person_id, now, delay=delay, life=life)
        step_ups.spend(tx, acting, step_up_id, step_ups.PROPOSAL_CONFIRM, row.digest, now)
        row = proposals.save(tx, row, decided)
        _require_standing(tx, row, deed, now)
        _note(tx, Kind.PROPOSAL_CONFIRMED, row, deed, acting, now)
        deed.confirmed(tx, records, row.facts, now + delay, now)
        if not deed.kind.waits and rules.is_due(decided, now):
            row = _do(tx, records, row, deed, now)
        return _view(tx, row, acting, now)


def refuse_proposal(
    db: Database, records: Records, *, acting: Acting, proposal_id: str, now: datetime
) -> ProposalView:
    """Say no, also while the delay runs. Raises Forbidden, NotFound, SecondPersonNeeded, ProposalOver."""
    with db.transaction() as tx:
        row = proposals.for_deciding(tx, records, acting, proposal_id)
        deed = deeds.named(row.kind)
        tx.policy.require(acting, deed.kind.confirm, PORTAL)
        row = proposals.save(tx, row, rules.refuse(row.proposal, acting.person_id, now))
        _note(tx, Kind.PROPOSAL_REFUSED, row, deed, acting, now)
        return _view(tx, row, acting, now)


def withdraw_proposal(
    db: Database, records: Records, *, acting: Acting, proposal_id: str, now: datetime
) -> ProposalView:
    """Take one's own proposal back. Raises Forbidden, NotFound, SecondPersonNeeded, ProposalOver."""
    with db.transaction() as tx:
        row = proposals.for_deciding(tx, records, acting, proposal_id)
        deed = deeds.named(row.kind)
        row = proposals.save(tx, row, rules.withdraw(row.proposal, acting.person_id, now))
        _note(tx, Kind.PROPOSAL_WITHDRAWN, row, deed, acting, now)
        return _view(tx, row, acting, now)


def carry_out_due(db: Database, records: Records, *, now: datetime) -> int:
    """Carry out what is due and let lapse what no longer stands; return how many were settled.

    Each is its own transaction on a locked row, so a crash between two, or two workers, do nothing twice.
    """
    with db.reading() as tx:
        undecided = [row for row in proposals.alive(tx, records) if _is_for_settling(tx, row, now)]
    for row in undecided:
        _settle(db, records, row.id, now)
    return len(undecided)


def _settle(db: Database, records: Records, proposal_id: str, now: datetime) -> None:
    with db.transaction() as tx:
        row = proposals.for_settling(tx, records, proposal_id)
        if row.proposal.state not in rules.ALIVE:
            return
        deed = deeds.named(row.kind)
        why = _why_not(tx, row, deed, now)
        if why is not None:
            row = proposals.save(tx, row, rules.lapse(row.proposal, now))
            _note(tx, Kind.PROPOSAL_LAPSED, row, deed, None, now, {"why": why.value})
        elif _is_for_settling(tx, row, now):
            _do(tx, records, row, deed, now)


def _is_for_settling(tx: Transaction, row: ProposalRow, now: datetime) -> bool:
    deed = deeds.named(row.kind)
    due = rules.is_due(row.proposal, now) and not deed.kind.waits
    return due or _why_not(tx, row, deed, now) is not None


def _why_not(tx: Transaction, row: ProposalRow, deed: Deed, now: datetime) -> Why | None:
    """Return why a proposal no longer stands, or None."""
    if now >= row.proposal.expires_at:
        return Why.TIME
    try:
        _require_standing(tx, row, deed, now)
    except rules.NoLongerPermitted:
        return Why.RIGHTS
    except (ProposalError, PeopleError):
        return Why.SUBJECT
    return None


def _require_standing(tx: Transaction, row: ProposalRow, deed: Deed, now: datetime) -> None:
    """Ask everything again: both people's rights, and whether the deed still fits whom it is about.

    Somebody who was frozen, switched off or given another role meanwhile is not who was decided about.
    Raises NoLongerPermitted, ProposalInvalid, AlreadyKnown, PersonRefused.
    """
    proposals.require_both(tx, row, deed.kind, now)
    deed.check(tx, row.facts)
    subject_id = row.proposal.subject_id
    if subject_id and people.stands_since(tx, PersonId(subject_id)) > row.proposed_at:
        raise ProposalInvalid(
            "The account it is about changed since this was proposed. Please propose it again."
        )


def _do(tx: Transaction, records: Records, row: ProposalRow, deed: Deed, now: datetime) -> ProposalRow:
    """Carry out a confirmed deed on its locked row."""
    proposer = proposals.require_both(tx, row, deed.kind, now)
    row = proposals.save(tx, row, rules.carry_out(row.proposal, now))
    sentence = deed.matter(tx, row.facts).sentence  # before it changes whom it is about
    deed.carry_out(tx, records, row.facts, by=proposer, now=now)
    facts = {"proposed_by": row.proposal.proposed_by, "confirmed_by": row.proposal.confirmed_by}
    _note(tx, Kind.PROPOSAL_DONE, row, deed, None, now, facts, sentence)
    return row


def _do_alone(
    tx: Transaction, records: Records, row: ProposalRow, deed: Deed, acting: Acting, now: datetime
) -> ProposalRow:
    """Carry out what nobody else could have confirmed; the trail says so for ever."""
    done = Proposal(
        ProposalState.DONE, acting.person_id, row.proposal.subject_id, row.proposal.expires_at, done_at=now
    )
    row = proposals.save(tx, row, done)
    sentence = deed.matter(tx, row.facts).sentence
    deed.carry_out(tx, records, row.facts, by=acting, now=now)
    _note(tx, Kind.PROPOSAL_DONE, row, deed, acting, now, {"alone": True}, sentence)
    return row


def _note(
    tx: Transaction,
    kind: Kind,
    row: ProposalRow,
    deed: Deed,
    acting: Acting | None,
    now: datetime,
    facts: Mapping[str, str | bool | None] | None = None,
    sentence: str = "",
) -> None:
    audit.append(
        tx,
        kind,
        at=now,
        acting=acting,
        object_type="proposal",
        object_id=row.id,
        facts={"kind": row.kind, "subject": row.proposal.subject_id, "digest": row.digest, **(facts or {})},
        private={"proposal": sentence or deed.matter(tx, row.facts).sentence, "why": row.reason},
    )


def _view(tx: Transaction, row: ProposalRow, acting: Acting, now: datetime) -> ProposalView:
    about, deed = row.proposal, deeds.named(row.kind)
    return ProposalView(
        id=row.id,
        kind=row.kind,
        sentence=deed.matter(tx, row.facts).sentence,
        facts=row.facts,
        reason=row.reason,
        digest=row.digest,
        state=about.state,
        proposed_by=about.proposed_by,
        proposer_name=row.proposer_name,
        proposed_at=row.proposed_at,
        expires_at=about.expires_at,
        confirmer_name=row.confirmer_name,
        confirmed_at=about.confirmed_at,
        due_at=about.due_at,
        done_at=about.done_at,
        subject_id=about.subject_id,
        may=_steps(tx, about, deed, acting, now),
    )


def _steps(tx: Transaction, about: Proposal, deed: Deed, acting: Acting, now: datetime) -> frozenset[str]:
    """Return the steps this person can take, as the policies and the rules say."""
    if about.state not in rules.ALIVE or now >= about.expires_at:
        return frozenset()
    if acting.person_id == about.proposed_by:
        fetch = deed.kind.fetched and about.state is ProposalState.WAITING
        return frozenset({"withdraw", "fetch"} if fetch else {"withdraw"})
    if not tx.policy.decide(acting, deed.kind.confirm, PORTAL).allowed:
        return frozenset()
    mine = about.state is ProposalState.OPEN and acting.person_id != about.subject_id
    return frozenset({"confirm", "refuse"} if mine else {"refuse"})
