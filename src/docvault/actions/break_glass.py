"""Breaking the glass: a compliance officer opens one document's pages for a while, and everybody in charge is
told why (promise 28). The file itself stays where it is.
"""

from datetime import datetime, timedelta

from docvault.audit.kinds import Kind
from docvault.database import acting as actors
from docvault.database import audit, break_glass, documents, messages, notices, organisations, step_ups
from docvault.database.documents import DocumentRow, VersionView
from docvault.database.engine import Database, Transaction
from docvault.database.messages import Records
from docvault.database.people import PersonRow
from docvault.policy.vocabulary import Acting, Permission
from docvault.rules import glass as rules
from docvault.rules.glass import GlassRefused


class AlreadyOpen(GlassRefused):
    """The glass is broken for this person, and stays so for the time that was set."""

    def __init__(self) -> None:
        super().__init__("The pages of this document are open for you already.")


PURPOSE = Permission.DOCUMENT_BREAK_GLASS.value  # of the step-up; its digest is that of the version shown


def digest_to_confirm(
    db: Database, *, acting: Acting, document_id: str, number: int | None = None, reason: str
) -> str:
    """Return the digest that a step-up is to name; everything but the code is checked before it is asked for.

    Raises NotFound, Forbidden or GlassRefused, tried in that order.
    """
    with db.reading() as tx:
        version = _checked(tx, acting, documents.for_seeing(tx, acting, document_id), number, reason)
        if break_glass.open_until(tx, acting, document_id) is not None:
            raise AlreadyOpen
        return version.sha256


def break_glass_of(
    db: Database,
    records: Records,
    *,
    acting: Acting,
    document_id: str,
    number: int | None = None,
    reason: str,
    step_up_id: str,
    now: datetime,
) -> datetime:
    """Open the pages of a document for `acting`, and return until when.

    number: of the version that was shown; the newest by default. reason: 10 to 500 characters, told to the
    administrators, the client's account managers and the folder's managers.
    Raises NotFound, Forbidden, GlassRefused or StepUpInvalid, tried in that order.
    """
    with db.transaction() as tx:
        document = documents.for_seeing(tx, acting, document_id)
        version = _checked(tx, acting, document, number, reason)
        kept = rules.reason(reason)
        step_ups.spend(tx, acting, step_up_id, PURPOSE, version.sha256, now)
        minutes = tx.policy.numbers.access.break_glass_minutes
        if not break_glass.open_for(tx, acting, document.id, now, timedelta(minutes=minutes)):
            raise AlreadyOpen
        until = now + timedelta(minutes=minutes)
        for person in break_glass.in_charge(tx, document.resource, now):
            _tell(tx, records, acting, person, document, kept, now, until)
        audit.append(
            tx,
            Kind.GLASS_BROKEN,
            at=now,
            acting=acting,
            object_type="document",
            object_id=document.id,
            organisation_id=document.organisation_id,
            facts={"folder": document.folder_id, "number": version.number, "minutes": minutes},
            private={"name": document.name, "reason": kept},
        )
        return until


def _checked(
    tx: Transaction, acting: Acting, document: DocumentRow, number: int | None, reason: str
) -> VersionView:
    tx.policy.require(acting, Permission.DOCUMENT_BREAK_GLASS, document.resource)
    rules.reason(reason)
    version = documents.version(tx, document, number)
    rules.check_pages(version.pages)
    return version


def _tell(
    tx: Transaction,
    records: Records,
    acting: Acting,
    person: PersonRow,
    document: DocumentRow,
    reason: str,
    now: datetime,
    until: datetime,
) -> None:
    """Write to one of those in charge; the document's name only to whoever may see the document."""
    who = actors.of(tx, person, at=now)
    named = tx.policy.decide(who, Permission.DOCUMENT_SEE, document.resource).allowed
    values = {
        "name": person.name,
        "who": acting.name,
        "title": document.name if named else "",
        "organisation": organisations.name_of(tx, document.organisation_id),
        "reason": reason,
        "when": notices.moment(now),
        "ends": notices.moment(until),
    }
    messages.add(
        tx,
        records,
        person_id=person.id,
        recipient=person.email,
        template="glass_broken",
        values=values,
        now=now,
    )
