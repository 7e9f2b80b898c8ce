"""Templates: the list, one template with the form that uses it, and the forms that save and change one."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import template_kinds, templates
from docvault.actions.templates import Draft, TemplateView, TemplateWords
from docvault.policy.numbers import KindOfDocument
from docvault.rules.envelopes import EnvelopeRefused
from docvault.rules.template_care import Care
from docvault.values import DocVaultError, EnvelopeId, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.pages.envelope_new import PARTS, days_from, end_of_day
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

ROLE, VALUE = "with-role-", "with-value-"  # and a number from 1
BESIDE = "with-"
NOTICES = {
    "saved": "The template is saved.",
    "kind": "Thank you. The template can be used now.",
    "retired": "The template is retired. Envelopes made from it stay.",
}


class CareForm(msgspec.Struct, forbid_unknown_fields=True):
    """What kind of document it is and how envelopes are looked after, as the forms ask it."""

    kind: str = ""
    days: str = ""  # to sign; empty: no end
    reminders: str = ""  # days between two; empty: none by itself
    delegate: str = ""  # yes: people may hand on their part; anybody: also to somebody without an account
    paper: str = ""  # yes: people may sign on paper and hand in a scan

    @property
    def care(self) -> Care:
        """Return it as it is kept. Raises FormInvalid."""
        days, reminders = days_from(self.days), days_from(self.reminders)
        may_delegate, anybody = self.delegate in {"yes", "anybody"}, self.delegate == "anybody"
        return Care(days, reminders, may_delegate, self.paper == "yes", anybody)

    def show(self, kind: str | None, care: Care) -> None:
        """Fill in what was said before."""
        self.kind = kind or ""
        self.days = str(care.due_days or "")
        self.reminders = str(care.reminder_days or "")
        self.delegate = ("anybody" if care.may_delegate_outside else "yes") if care.may_delegate else ""
        self.paper = "yes" if care.may_use_paper else ""


class SaveForm(CareForm):
    name: str = ""
    note: str = ""
    template_id: str = ""  # of the template that gets a new version; empty for a new template
    after: int = 0


class UseForm(msgspec.Struct, forbid_unknown_fields=True):
    due: str = ""  # a day, e.g. 2031-04-30


class KindForm(msgspec.Struct, forbid_unknown_fields=True):
    kind: str = ""


class ChangeForm(CareForm):
    after: int = 0
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
        form=form or _suggested(draft),
        may_use_paper=takes_paper(request),
        kinds=kinds_of(request),
        may_name=may_name(request),
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
            kind=form.kind or None,
            care=form.care,
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _saving(request, envelope_id, form, given, error)
    return Redirect(f"/templates/{saved.id}?notice=saved", status_code=303)


def _suggested(draft: Draft) -> SaveForm:
    form = SaveForm(name=draft.origin.name if draft.origin else draft.title)
    form.show(draft.kind, draft.care)
    return form


def takes_paper(request: WebRequest) -> bool:
    """Tell whether the policy lets a sender take signatures on paper."""
    return portal_of(request).db.policy.numbers.signing.may_use_paper


def kinds_of(request: WebRequest) -> Sequence[KindOfDocument]:
    """Return the kinds of documents in their order."""
    return portal_of(request).db.policy.numbers.kinds.kind


def may_name(request: WebRequest) -> bool:
    """Tell whether senders may let people hand their part to anybody whom they name."""
    return portal_of(request).db.policy.numbers.signing.may_delegate_outside


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
        kinds=kinds_of(request),
        due=due.date().isoformat() if (due := view.care.due_at(portal.clock())) else "",
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


@post("/templates/{template_id:str}/kind")
async def say_kind(request: WebRequest, template_id: FromPath[str]) -> Response[Any]:
    """Say what kind of document it is, where nobody has said it yet."""
    form = await forms.read(request, KindForm)
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "template_id": template_id, "now": portal.clock()}
    try:
        await run(template_kinds.say_kind, portal.db, kind=form.kind, **about)
    except EnvelopeRefused as error:
        return await _show(request, template_id, given={"kind": form.kind}, error=error)
    return Redirect(f"/templates/{template_id}?notice=kind", status_code=303)


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
        form=form or _as_it_is(view),
        may_use_paper=takes_paper(request),
        kinds=kinds_of(request),
        may_name=may_name(request),
        trouble=str(error or ""),
    )


def _as_it_is(view: TemplateView) -> ChangeForm:
    form = ChangeForm(after=view.version, name=view.name, title=view.title, message=view.message)
    form.show(view.kind, view.care)
    return form


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
            words=TemplateWords(
                form.name,
                form.title,
                form.message,
                _numbered(given, ROLE),
                form.note,
                form.kind or None,
                form.care,
            ),
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


HANDLERS = [list_templates, save_form, save, show_template, use, say_kind, change_form, change, retire]
