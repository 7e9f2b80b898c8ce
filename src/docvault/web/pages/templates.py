"""Templates: the list, one template with the form that uses it, and the forms that save and change one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import templates
from docvault.actions.templates import TemplateWords
from docvault.rules.envelopes import EnvelopeRefused
from docvault.values import DocVaultError, EnvelopeId, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.pages.envelope_new import PARTS, end_of_day
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

ROLE, VALUE = "with-role-", "with-value-"  # and a number from 1
BESIDE = "with-"
NOTICES = {
    "saved": "The template is saved.",
    "retired": "The template is retired. Envelopes made from it stay.",
}


class SaveForm(msgspec.Struct, forbid_unknown_fields=True):
    name: str = ""
    note: str = ""
    template_id: str = ""  # of the template that gets a new version; empty for a new template
    after: int = 0


class UseForm(msgspec.Struct, forbid_unknown_fields=True):
    due: str = ""  # a day, e.g. 2031-04-30


class ChangeForm(msgspec.Struct, forbid_unknown_fields=True):
    after: int
    name: str = ""
    title: str = ""
    message: str = ""
    note: str = ""


@get("/templates")
async def list_templates(request: WebRequest, notice: FromQuery[str] = "") -> Response[str]:
    """The templates a person may use."""
    found = await run(templates.list_templates, portal_of(request).db, acting=signed_in(request))
    return render(request, "templates.html", nav="envelopes", templates=found, notice=NOTICES.get(notice, ""))


@get("/envelopes/{envelope_id:str}/template")
async def save_form(request: WebRequest, envelope_id: FromPath[str]) -> Response[str]:
    """The form that saves a draft as a template."""
    return await _saving(request, envelope_id)


async def _saving(
    request: WebRequest,
    envelope_id: str,
    form: SaveForm | None = None,
    given: Mapping[str, str] | None = None,
    error: DocVaultError | None = None,
) -> Response[str]:
    draft = await run(
        templates.draft_to_save,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
    named = [
        (given or {}).get(f"{ROLE}{number}", name) for number, name in enumerate(draft.role_names, start=1)
    ]
    return render(
        request,
        "template_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        envelope_id=envelope_id,
        draft=draft,
        named=named,
        form=form or SaveForm(name=draft.origin.name if draft.origin else draft.title),
        trouble=str(error or ""),
    )


@post("/envelopes/{envelope_id:str}/template")
async def save(request: WebRequest, envelope_id: FromPath[str]) -> Response[Any]:
    """Save a draft as a template, or as the next version of one."""
    given = await forms.pairs(request)
    form = await forms.read(request, SaveForm, beside=BESIDE)
    portal = portal_of(request)
    try:
        saved = await run(
            templates.save_template,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            envelope_id=EnvelopeId(envelope_id),
            name=form.name,
            roles=_numbered(given, ROLE),
            template_id=form.template_id or None,
            after=form.after,
            note=form.note,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _saving(request, envelope_id, form, given, error)
    return Redirect(f"/templates/{saved.id}?notice=saved", status_code=303)


def _numbered(given: Mapping[str, str], prefix: str) -> list[str]:
    """Return the fields `prefix1`, `prefix2` and so on, up to the first that is not there."""
    found: list[str] = []
    while (name := f"{prefix}{len(found) + 1}") in given:
        found.append(given[name])
    return found


@get("/templates/{template_id:str}")
async def show_template(
    request: WebRequest,
    template_id: FromPath[str],
    notice: FromQuery[str] = "",
    version: FromQuery[int | None] = None,
) -> Response[str]:
    """One template: what it holds, and the form that makes an envelope from it."""
    return await _show(request, template_id, notice=NOTICES.get(notice, ""), number=version)


async def _show(
    request: WebRequest,
    template_id: str,
    *,
    notice: str = "",
    number: int | None = None,
    given: Mapping[str, str] | None = None,
    error: DocVaultError | None = None,
) -> Response[str]:
    portal = portal_of(request)
    view = await run(
        templates.show_template,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        template_id=template_id,
        number=number,
    )
    return render(
        request,
        "template.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        kept=view,
        parts=PARTS,
        notice=notice,
        given=given or {},
        tomorrow=(portal.clock() + timedelta(days=1)).date().isoformat(),
        trouble=str(error or ""),
    )


@post("/templates/{template_id:str}/use")
async def use(request: WebRequest, template_id: FromPath[str]) -> Response[Any]:
    """Make a draft, then go on to look at it and send it."""
    given = await forms.pairs(request)
    form = await forms.read(request, UseForm, beside=BESIDE)
    portal, acting = portal_of(request), signed_in(request)
    view = await run(templates.show_template, portal.db, portal.vault, acting=acting, template_id=template_id)
    try:
        envelope_id = await run(
            templates.use_template,
            portal.db,
            portal.vault,
            acting=acting,
            template_id=template_id,
            people=[PersonId(one) for one in _numbered(given, ROLE) if one],
            values=dict(zip(view.values, _numbered(given, VALUE), strict=False)),
            due_at=end_of_day(form.due),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _show(request, template_id, given=given, error=error)
    return Redirect(f"/envelopes/{envelope_id}/prepare", status_code=303)


@get("/templates/{template_id:str}/change")
async def change_form(request: WebRequest, template_id: FromPath[str]) -> Response[str]:
    """The form that changes the words of a template."""
    return await _changing(request, template_id)


async def _changing(
    request: WebRequest,
    template_id: str,
    form: ChangeForm | None = None,
    given: Mapping[str, str] | None = None,
    error: DocVaultError | None = None,
) -> Response[str]:
    portal = portal_of(request)
    view = await run(
        templates.show_template,
        portal.db,
        portal.vault,
        acting=signed_in(request),
        template_id=template_id,
    )
    return render(
        request,
        "template_change.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        kept=view,
        parts=PARTS,
        named=[
            (given or {}).get(f"{ROLE}{number}", role.name) for number, role in enumerate(view.roles, start=1)
        ],
        form=form or ChangeForm(view.version, view.name, view.title, view.message),
        trouble=str(error or ""),
    )


@post("/templates/{template_id:str}/change")
async def change(request: WebRequest, template_id: FromPath[str]) -> Response[Any]:
    """Save other words as the next version."""
    given = await forms.pairs(request)
    form = await forms.read(request, ChangeForm, beside=BESIDE)
    portal = portal_of(request)
    try:
        await run(
            templates.change_template,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            template_id=template_id,
            after=form.after,
            words=TemplateWords(form.name, form.title, form.message, _numbered(given, ROLE), form.note),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _changing(request, template_id, form, given, error)
    return Redirect(f"/templates/{template_id}?notice=saved", status_code=303)


@post("/templates/{template_id:str}/retire")
async def retire(request: WebRequest, template_id: FromPath[str]) -> Response[Any]:
    """Let nobody use the template any more."""
    portal = portal_of(request)
    await run(
        templates.retire_template,
        portal.db,
        acting=signed_in(request),
        template_id=template_id,
        now=portal.clock(),
    )
    return Redirect("/templates?notice=retired", status_code=303)


HANDLERS = [list_templates, save_form, save, show_template, use, change_form, change, retire]
