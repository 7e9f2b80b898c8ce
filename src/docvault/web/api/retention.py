"""How long things are kept, legal holds, and the evidence of what was destroyed."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import disposals, holds, retention
from docvault.actions.retention import Coming
from docvault.database.disposals import Disposal as DisposalRow
from docvault.database.holds import HoldRow
from docvault.rules.retention import Fate
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Kept(Answer):
    """destroyed_at: at the earliest; null while something keeps it. rule: schedule | override | bin.
    waits: hold, envelope. why: the schedule in words.
    """

    starts_at: datetime
    kept_until: datetime
    destroyed_at: datetime | None
    rule: str
    waits: list[str]
    why: str


class KeptDocument(Answer):
    id: str
    name: str
    folder_id: str
    organisation_id: str
    size: int
    kept: Kept


class KeptSum(Answer):
    """size: plaintext bytes of all versions. since: when the oldest document came."""

    organisation_id: str
    organisation_name: str
    kind: str
    documents: int
    size: int
    since: datetime
    held: int
    binned: int
    why: str


class RetentionReport(Answer):
    """upcoming: what is destroyed within 90 days, the earliest first; `more` if the list is cut short."""

    at: datetime
    bin_days: int
    kept: list[KeptSum]
    upcoming: list[KeptDocument]
    more: bool


class Hold(Answer):
    """type: organisation | folder | document, with all that lies in it."""

    id: str
    type: str
    subject_id: str
    name: str
    organisation_id: str
    reason: str
    starts_at: datetime
    by: str | None


class HoldList(Answer):
    items: list[Hold]
    next: str | None = None


class NewHold(Body):
    """type: organisation | folder | document."""

    type: str
    subject_id: str
    reason: str


class Disposal(Answer):
    """rule: schedule | override | bin | two-people.

    versions_sha256: of the lines `purpose number size sha256`. ciphertext_until: until when the store keeps
    what nobody can open any more.
    """

    document_id: str
    name: str
    kind: str
    organisation_id: str
    rule: str
    starts_at: datetime | None
    kept_until: datetime | None
    created_at: datetime
    done_at: datetime
    versions: int | None
    size: int | None
    versions_sha256: str | None
    ciphertext_until: datetime | None
    epoch: int


class DisposalList(Answer):
    items: list[Disposal]
    next: str | None


@get("/retention", summary="Report what is kept, and what comes up", tags=["Retention"])
async def report_retention(request: WebRequest) -> RetentionReport:
    """What is kept by organisation and kind, and what is destroyed within 90 days. An entry of the trail."""
    portal = portal_of(request)
    report = await run(
        retention.report, portal.db, portal.vault.records, acting=signed_in(request), now=portal.clock()
    )
    numbers = portal.db.policy.numbers.retention
    sums = [
        KeptSum(
            organisation_id=one.organisation_id,
            organisation_name=one.organisation_name,
            kind=one.kind,
            documents=one.documents,
            size=one.size,
            since=one.since,
            held=one.held,
            binned=one.binned,
            why=numbers.of(one.kind).why,
        )
        for one in report.sums
    ]
    upcoming = [_document(one) for one in report.upcoming]
    return RetentionReport(report.at, numbers.bin_days, sums, upcoming, report.more)


@get("/documents/{document_id:str}/retention", summary="Show how long it is kept", tags=["Documents"])
async def show_document_retention(request: WebRequest, document_id: FromPath[str]) -> Kept:
    """Until when a document is kept, and why."""
    portal = portal_of(request)
    fate = await run(
        retention.fate_of,
        portal.db,
        acting=signed_in(request),
        document_id=document_id,
        now=portal.clock(),
    )
    return _kept(fate)


@get("/holds", summary="List legal holds", tags=["Retention"])
async def list_holds(request: WebRequest) -> HoldList:
    """The holds in force, newest first."""
    portal = portal_of(request)
    found = await run(
        holds.list_holds, portal.db, portal.vault.records, acting=signed_in(request), now=portal.clock()
    )
    return HoldList([_hold(one) for one in found])


@post("/holds", summary="Place a legal hold", tags=["Retention"])
async def place_hold(request: WebRequest, data: JSONBody[NewHold]) -> Hold:
    """Keep something whatever comes. Lifting it is a proposal, `lift-hold`."""
    portal = portal_of(request)
    placed = await run(
        holds.place_hold,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        subject_type=data.type,
        subject_id=data.subject_id,
        reason=data.reason,
        now=portal.clock(),
    )
    return _hold(placed)


@get("/disposals", summary="List what was destroyed", tags=["Retention"])
async def list_disposals(request: WebRequest, after: FromQuery[str | None] = None) -> DisposalList:
    """What was destroyed, newest first."""
    portal = portal_of(request)
    page = await run(disposals.list_disposals, portal.db, acting=signed_in(request), after=after)
    return DisposalList([_disposal(one) for one in page.items], page.next)


@get("/disposals/{document_id:str}", summary="Show what was destroyed", tags=["Retention"])
async def show_disposal(request: WebRequest, document_id: FromPath[str]) -> Disposal:
    """The evidence of one destroyed document."""
    portal = portal_of(request)
    shown = await run(
        disposals.show_certificate, portal.db, acting=signed_in(request), document_id=document_id
    )
    return _disposal(shown.disposal)


def _kept(fate: Fate) -> Kept:
    return Kept(
        starts_at=fate.starts_at,
        kept_until=fate.kept_until,
        destroyed_at=None if fate.waits else fate.destroyed_at,
        rule=fate.rule.value,
        waits=sorted(fate.waits),
        why=fate.why,
    )


def _document(one: Coming) -> KeptDocument:
    about = one.kept
    return KeptDocument(
        id=about.id,
        name=about.name,
        folder_id=about.folder_id,
        organisation_id=about.organisation_id,
        size=about.size,
        kept=_kept(one.fate),
    )


def _hold(one: HoldRow) -> Hold:
    return Hold(
        id=one.id,
        type=one.subject.type,
        subject_id=one.subject.id,
        name=one.subject.name,
        organisation_id=one.subject.organisation_id,
        reason=one.reason,
        starts_at=one.starts_at,
        by=one.by,
    )


def _disposal(one: DisposalRow) -> Disposal:
    return Disposal(
        document_id=one.document_id,
        name=one.name,
        kind=one.kind,
        organisation_id=one.organisation_id,
        rule=one.rule,
        starts_at=one.starts_at,
        kept_until=one.kept_until,
        created_at=one.created_at,
        done_at=one.done_at,
        versions=one.versions,
        size=one.size,
        versions_sha256=one.digest,
        ciphertext_until=one.ciphertext_until,
        epoch=one.epoch,
    )


HANDLERS = [
    report_retention,
    show_document_retention,
    list_holds,
    place_hold,
    list_disposals,
    show_disposal,
]
