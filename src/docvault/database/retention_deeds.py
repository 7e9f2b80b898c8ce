"""Deeds about keeping and destroying that need two people: lift a hold, set another day, destroy now.

Each is asked again when the second person confirms: a hold that was placed meanwhile wins (promises 26, 88).
"""

from datetime import UTC, date, datetime

import msgspec

from docvault.audit.entries import moment
from docvault.audit.kinds import Kind as Event
from docvault.database import audit, disposals, holds, object_locks, retention
from docvault.database.engine import Transaction
from docvault.database.holds import Subject
from docvault.database.matters import Deed, Matter, NothingBefore, read
from docvault.database.messages import Records
from docvault.database.proposals import Facts
from docvault.database.retention import Kept
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import retention as rules
from docvault.rules.proposals import Kind, ProposalInvalid
from docvault.rules.retention import RetentionRefused, Rule
from docvault.values import NotFound

LIFT, OVERRIDE, SHRED = "lift-hold", "retention-override", "destroy-document"
ANY_TIME = datetime.min.replace(tzinfo=UTC)  # holds have no agreed end, so those of any time are those of now
FIRST, LAST = date(1990, 1, 1), date(2200, 1, 1)


class HoldFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    hold_id: str


class LiftHold(NothingBefore):
    """End a legal hold: what it kept follows its schedule again."""

    kind = Kind(LIFT, Permission.HOLD_MANAGE, Permission.PROPOSAL_CONFIRM)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        subject, _ = _hold(tx, facts)
        return Matter(f"Lift the legal hold on {_said(subject)}")

    def check(self, tx: Transaction, facts: Facts) -> None:
        if not _hold(tx, facts)[1]:
            raise ProposalInvalid("This hold is lifted already.")

    def carry_out(
        self,
        tx: Transaction,
        records: Records,  # noqa: ARG002 - the protocol's
        facts: Facts,
        *,
        by: Acting,
        now: datetime,
    ) -> None:
        hold_id, subject = facts["hold_id"], _hold(tx, facts)[0]
        if not holds.lift(tx, hold_id, by=by.person_id, now=now):
            raise ProposalInvalid("This hold is lifted already.")
        audit.append(
            tx,
            Event.HOLD_LIFTED,
            at=now,
            acting=by,
            object_type=subject.type,
            object_id=subject.id,
            organisation_id=subject.organisation_id,
            facts={"hold": hold_id},
            private={"title": subject.name},
        )


class OverrideFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """until: the day, as 2040-01-31; it is kept to the end of the day before, in UTC."""

    document_id: str
    until: str = ""


class OverrideRetention(NothingBefore):
    """Keep one document until another day than its schedule says, earlier or later."""

    kind = Kind(OVERRIDE, Permission.HOLD_MANAGE, Permission.PROPOSAL_CONFIRM)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        given = read(facts, OverrideFacts)
        until = f"{_day(given.until):%-d %B %Y}" if given.until else "another day"
        return Matter(f"Keep {_said(_document(tx, given.document_id))} until {until}")

    def check(self, tx: Transaction, facts: Facts) -> None:
        given = read(facts, OverrideFacts)
        _day(given.until)
        _kept(tx, given.document_id)

    def carry_out(
        self,
        tx: Transaction,
        records: Records,  # noqa: ARG002 - the protocol's
        facts: Facts,
        *,
        by: Acting,
        now: datetime,
    ) -> None:
        given = read(facts, OverrideFacts)
        kept = _kept(tx, given.document_id)
        until = datetime.combine(_day(given.until), datetime.min.time(), UTC)
        retention.override(tx, kept.id, until, by=by.person_id, now=now)
        object_locks.day_was_set(tx, kept.id, now)
        audit.append(
            tx,
            Event.RETENTION_OVERRIDDEN,
            at=now,
            acting=by,
            object_type="document",
            object_id=kept.id,
            organisation_id=kept.organisation_id,
            facts={"kept_until": moment(until)},
            private={"title": kept.name},
        )


class DocumentFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    document_id: str


class DestroyDocument(NothingBefore):
    """Destroy the keys of one document for good, whatever its schedule says; never against a hold."""

    kind = Kind(SHRED, Permission.DOCUMENT_SHRED, Permission.PROPOSAL_CONFIRM)

    def matter(self, tx: Transaction, facts: Facts) -> Matter:
        return Matter(f"Destroy {_said(_document(tx, read(facts, DocumentFacts).document_id))} for good")

    def check(self, tx: Transaction, facts: Facts) -> None:
        try:
            rules.check_destroyable(_kept(tx, read(facts, DocumentFacts).document_id).life)
        except RetentionRefused as error:
            raise ProposalInvalid(str(error)) from error

    def carry_out(
        self,
        tx: Transaction,
        records: Records,  # noqa: ARG002 - the protocol's
        facts: Facts,
        *,
        by: Acting,  # noqa: ARG002 - the entry of the proposal names both
        now: datetime,
    ) -> None:
        """Decide it for good; the worker destroys the keys within seconds, with an entry of its own."""
        try:
            disposals.begin(tx, read(facts, DocumentFacts).document_id, Rule.TWO_PEOPLE, now)
        except RetentionRefused as error:
            raise ProposalInvalid(str(error)) from error


DEEDS: tuple[Deed, ...] = (LiftHold(), OverrideRetention(), DestroyDocument())


def _hold(tx: Transaction, facts: Facts) -> tuple[Subject, bool]:
    try:
        return holds.about(tx, read(facts, HoldFacts).hold_id)
    except NotFound:
        raise ProposalInvalid("There is no such hold.") from None


def _document(tx: Transaction, document_id: str) -> Subject:
    try:
        return holds.subject(tx, holds.DOCUMENT, document_id, also_destroyed=True)
    except NotFound:
        raise ProposalInvalid("There is no such document.") from None


def _kept(tx: Transaction, document_id: str) -> Kept:
    kept = retention.of(tx, [document_id], ANY_TIME).get(document_id)
    if kept is None:
        raise ProposalInvalid("There is no such document, or it is destroyed already.")
    return kept


def _day(text: str) -> date:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise ProposalInvalid("Please give the day as year, month and day: 2040-01-31.") from None
    if not FIRST <= found <= LAST:
        raise ProposalInvalid(f"Please choose a day between {FIRST.year} and {LAST.year}.")
    return found


def _said(subject: Subject) -> str:
    if subject.type == holds.ORGANISATION:
        return f"all documents of {subject.name}"
    inside = " and all that lies in it" if subject.type == holds.FOLDER else ""
    return f"the {subject.type} “{subject.name}”{inside} ({subject.organisation_name})"
