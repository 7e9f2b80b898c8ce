"""Who could see what at any moment, for compliance officers. Every answer is an entry of the trail."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Request, get
from litestar.params import FromPath, FromQuery, QueryParameter

from docvault.actions import access_reports
from docvault.database.engine import PAGE, PAGE_MOST
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]
Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=PAGE_MOST)]


class Because(Answer):
    id: str
    says: str


class Viewer(Answer):
    """verbs: see, read, download, upload, arrange, change, share, manage, sign. glasses: of how many
    documents the glass was broken.
    """

    person_id: str
    name: str
    email: str
    organisation: str
    role: str
    verbs: list[str]
    because: list[Because]
    glasses: int


class VisibleFolder(Answer):
    id: str
    name: str
    organisation_id: str
    organisation_name: str
    documents: int
    verbs: list[str]
    because: list[Because]


class VisibleEnvelope(Answer):
    id: str
    title: str
    organisation_name: str
    state: str
    created_at: datetime


class Period(Answer):
    """A right that somebody had. what: folder, member, client or standing."""

    what: str
    person_id: str
    person_name: str
    subject_id: str | None
    subject_name: str | None
    role: str | None
    state: str | None
    starts_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    started_by: str | None
    ended_by: str | None


class RulesSince(Answer):
    """Reports are judged by the rules in force now. changed_at: when these changed since the moment."""

    recorded_from: datetime | None
    changed_at: list[datetime]


class FolderAccess(Answer):
    folder_id: str
    at: datetime
    existed: bool
    viewers: list[Viewer]
    history: list[Period]
    rules: RulesSince


class PersonAccess(Answer):
    """role: then; null for somebody who could not sign in. total: of folders; `next` leads to more."""

    person_id: str
    at: datetime
    role: str | None
    total: int
    folders: list[VisibleFolder]
    next: str | None
    envelopes: list[VisibleEnvelope]
    history: list[Period]
    rules: RulesSince


@get("/access/folders/{folder_id:str}", summary="Who could see a folder", tags=["Access"])
async def folder_access(
    request: WebRequest, folder_id: FromPath[str], at: FromQuery[datetime | None] = None
) -> FolderAccess:
    """Who could see the folder at a moment, by which rules, and how its shares came and went."""
    portal = portal_of(request)
    found = await run(
        access_reports.who_could_see,
        portal.db,
        acting=signed_in(request),
        folder_id=folder_id,
        at=at,
        now=portal.clock(),
    )
    return FolderAccess(
        folder_id=found.folder.id,
        at=found.at,
        existed=found.existed,
        viewers=[_viewer(one) for one in found.viewers],
        history=msgspec.convert(list(found.history), list[Period], from_attributes=True),
        rules=msgspec.convert(found.rules, RulesSince, from_attributes=True),
    )


@get("/access/people/{person_id:str}", summary="What a person could see", tags=["Access"])
async def person_access(
    request: WebRequest,
    person_id: FromPath[str],
    at: FromQuery[datetime | None] = None,
    after: FromQuery[str | None] = None,
    limit: Limit = PAGE,
) -> PersonAccess:
    """Which folders and envelopes a person could see at a moment, and how their rights came and went."""
    portal = portal_of(request)
    found = await run(
        access_reports.what_could_they_see,
        portal.db,
        acting=signed_in(request),
        person_id=person_id,
        at=at,
        after=after,
        limit=limit,
        now=portal.clock(),
    )
    return PersonAccess(
        person_id=found.person.id,
        at=found.at,
        role=found.role.value if found.role else None,
        total=found.total,
        folders=[_visible(one) for one in found.folders.items],
        next=found.folders.next,
        envelopes=msgspec.convert(list(found.envelopes), list[VisibleEnvelope], from_attributes=True),
        history=msgspec.convert(list(found.history), list[Period], from_attributes=True),
        rules=msgspec.convert(found.rules, RulesSince, from_attributes=True),
    )


def _viewer(one: access_reports.Viewer) -> Viewer:
    return Viewer(
        person_id=one.person_id,
        name=one.name,
        email=one.email,
        organisation=one.organisation,
        role=one.role.value,
        verbs=list(one.rights.verbs),
        because=_because(one.rights),
        glasses=one.glasses,
    )


def _visible(one: access_reports.Visible) -> VisibleFolder:
    return VisibleFolder(
        id=one.folder.id,
        name=one.folder.name,
        organisation_id=one.folder.organisation_id,
        organisation_name=one.folder.organisation_name,
        documents=one.folder.documents,
        verbs=list(one.rights.verbs),
        because=_because(one.rights),
    )


def _because(rights: access_reports.Rights) -> list[Because]:
    return [Because(id=rule.id, says=rule.says) for rule in rights.because]


HANDLERS = [folder_access, person_access]
