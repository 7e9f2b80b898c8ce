"""Templates of envelopes: saved from a draft, changed, used with people for their roles, retired."""

from datetime import datetime
from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import template_kinds, templates
from docvault.actions.templates import Saved, TemplateWords
from docvault.rules import template_care
from docvault.rules.merging import canonical
from docvault.rules.templates import TemplateRefused
from docvault.values import EnvelopeId, PersonId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Care(Body):
    """How envelopes are looked after.

    due_days: to sign, from the day an envelope is made; null: no end. reminder_days: between two reminders
    that are sent by themselves; null: none.
    """

    due_days: int | None = None
    reminder_days: int | None = None
    may_delegate: bool = True
    may_use_paper: bool = False
    may_delegate_outside: bool = False


class NewTemplate(Body):
    """roles: a name for each recipient of the draft, in their order.

    kind: of documents, as policies/kinds.toml has them; some are refused. kind, care: left out, they are as
    the draft says.
    """

    envelope_id: str
    name: str
    roles: list[str]
    note: str = ""
    kind: str | None = None
    care: Care | None = None


class NewVersionFromDraft(NewTemplate, kw_only=True):
    """after: the version it follows; another one saved meanwhile is a conflict."""

    after: int


class NewVersion(Body):
    """Other words for the same documents and fields. roles: their names, in their order.

    kind, care: left out, they stay as they are.
    """

    after: int
    name: str
    title: str
    roles: list[str]
    message: str = ""
    note: str = ""
    kind: str | None = None
    care: Care | None = None


class KindSaid(Body):
    kind: str


class TemplateSaved(Answer):
    id: str
    version: int


class ChosenPerson(Body):
    role: str
    person_id: str


class Use(Body):
    """people: one for every role. values: for every name that the template leaves open.

    due_at: left out, as many days from now as the template says.
    """

    people: list[ChosenPerson]
    values: dict[str, str] = msgspec.field(default_factory=dict)
    due_at: datetime | None = None


class MadeFromTemplate(Answer):
    id: str  # of the envelope, a draft


class TemplateSummary(Answer):
    id: str
    name: str
    version: int
    folder_id: str
    folder_name: str
    organisation_name: str
    changed_by: str
    changed_at: datetime


class Templates(Answer):
    items: list[TemplateSummary]


class RoleShown(Answer):
    name: str
    turn: int
    part: str


class TemplateDocument(Answer):
    name: str
    pages: int


class TemplateVersion(Answer):
    number: int
    changed_by: str
    changed_at: datetime
    note: str


class CareShown(Answer):
    due_days: int | None
    reminder_days: int | None
    may_delegate: bool
    may_use_paper: bool
    may_delegate_outside: bool


class Template(Answer):
    """kind: null where nobody has said it yet; it is asked for before the template is used.

    trouble: why it cannot be used now. newer: one of its documents has got a newer version since.
    """

    id: str
    name: str
    version: int
    number: int
    folder_id: str
    folder_name: str
    title: str
    message: str
    roles: list[RoleShown]
    values: list[str]
    fields: int
    documents: list[TemplateDocument]
    kind: str | None
    care: CareShown
    trouble: str
    newer: bool
    history: list[TemplateVersion]


@get("/templates", summary="List templates", tags=["Templates"])
async def list_templates(request: WebRequest, folder: FromQuery[str | None] = None) -> Templates:
    """Up to 200 templates the person may use, last changed first."""
    found = await run(
        templates.list_templates, portal_of(request).db, acting=signed_in(request), folder_id=folder
    )
    return Templates(items=msgspec.convert(found, list[TemplateSummary], from_attributes=True))


@post("/templates", summary="Save a draft as a template", tags=["Templates"])
async def save_template(request: WebRequest, data: JSONBody[NewTemplate]) -> TemplateSaved:
    """Keep documents, turns, parts, fields and words; people become roles."""
    return await _save(request, data, None, 0)


@post(
    "/templates/{template_id:str}/drafts",
    summary="Save a draft as the next version",
    tags=["Templates"],
)
async def save_version(
    request: WebRequest, template_id: FromPath[str], data: JSONBody[NewVersionFromDraft]
) -> TemplateSaved:
    """Like a new template, but as the version after `after`."""
    return await _save(request, data, template_id, data.after)


async def _save(request: WebRequest, data: NewTemplate, template_id: str | None, after: int) -> TemplateSaved:
    portal = portal_of(request)
    saved = await run(
        templates.save_template,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        envelope_id=EnvelopeId(data.envelope_id),
        name=data.name,
        roles=data.roles,
        template_id=template_id,
        after=after,
        note=data.note,
        kind=data.kind,
        care=_care(data.care),
        now=portal.clock(),
    )
    return _saved(saved)


def _care(said: Care | None) -> template_care.Care | None:
    return template_care.Care(**msgspec.structs.asdict(said)) if said else None


def _saved(saved: Saved) -> TemplateSaved:
    return TemplateSaved(id=saved.id, version=saved.version)


@get("/templates/{template_id:str}", summary="Show a template", tags=["Templates"])
async def show_template(
    request: WebRequest, template_id: FromPath[str], version: FromQuery[int | None] = None
) -> Template:
    """The newest version, or the one that is named."""
    portal = portal_of(request)
    view = await run(
        templates.show_template,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        template_id=template_id,
        number=version,
    )
    return msgspec.convert(view, Template, from_attributes=True)


@post("/templates/{template_id:str}/versions", summary="Change a template", tags=["Templates"])
async def change_template(
    request: WebRequest, template_id: FromPath[str], data: JSONBody[NewVersion]
) -> TemplateSaved:
    """Save other words as the next version."""
    portal = portal_of(request)
    saved = await run(
        templates.change_template,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        template_id=template_id,
        after=data.after,
        words=TemplateWords(
            data.name, data.title, data.message, data.roles, data.note, data.kind, _care(data.care)
        ),
        now=portal.clock(),
    )
    return _saved(saved)


@post(
    "/templates/{template_id:str}/kind",
    status_code=204,
    summary="Say what kind of document a template holds",
    tags=["Templates"],
)
async def say_kind(request: WebRequest, template_id: FromPath[str], data: JSONBody[KindSaid]) -> None:
    """For a template of which nobody has said it yet. To change it, change the template."""
    portal = portal_of(request)
    await run(
        template_kinds.say_kind,
        portal.db,
        acting=signed_in(request),
        template_id=template_id,
        kind=data.kind,
        now=portal.clock(),
    )


@post("/templates/{template_id:str}/envelopes", summary="Use a template", tags=["Templates"])
async def use_template(
    request: WebRequest, template_id: FromPath[str], data: JSONBody[Use]
) -> MadeFromTemplate:
    """Make a draft that only has to be sent."""
    portal, acting = portal_of(request), signed_in(request)
    view = await run(templates.show_template, portal.db, portal.vault, acting=acting, template_id=template_id)
    envelope_id = await run(
        templates.use_template,
        portal.db,
        portal.vault,
        acting=acting,
        template_id=template_id,
        people=_people([one.name for one in view.roles], data.people),
        values={canonical(name): value for name, value in data.values.items()},
        due_at=data.due_at,
        now=portal.clock(),
    )
    return MadeFromTemplate(id=envelope_id)


def _people(roles: list[str], chosen: list[ChosenPerson]) -> list[PersonId]:
    """Return the people in the order of the roles. Raises TemplateRefused."""
    by_role = {one.role.strip().casefold(): PersonId(one.person_id) for one in chosen}
    wanted = [role.casefold() for role in roles]
    if len(by_role) != len(chosen) or set(by_role) != set(wanted):
        raise TemplateRefused(f"Name exactly one person for each role: {', '.join(roles)}.")
    return [by_role[role] for role in wanted]


@post("/templates/{template_id:str}/retire", status_code=204, summary="Retire a template", tags=["Templates"])
async def retire_template(request: WebRequest, template_id: FromPath[str]) -> None:
    """Let nobody use it any more; envelopes made from it stay."""
    portal = portal_of(request)
    await run(
        templates.retire_template,
        portal.db,
        acting=signed_in(request),
        template_id=template_id,
        now=portal.clock(),
    )


HANDLERS = [
    list_templates,
    save_template,
    save_version,
    show_template,
    change_template,
    say_kind,
    use_template,
    retire_template,
]
