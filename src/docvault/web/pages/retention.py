"""What is kept for how long, what comes up, legal holds, and the certificates of what was destroyed."""

from datetime import timedelta
from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Stream

from docvault.actions import disposals, erasures, holds, organisations, retention
from docvault.database.holds import ORGANISATION, Subject
from docvault.rules.retention import REASON_LONGEST, RetentionRefused
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.downloads import disposition
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

NOTICES = {"held": "The legal hold is in force. Nothing of it will be destroyed."}
RULES = {
    "schedule": "its schedule",
    "override": "the day that two people set",
    "bin": "the recycle bin",
    "two-people": "two people",
}


class HoldForm(msgspec.Struct, forbid_unknown_fields=True):
    type: Literal["organisation", "folder", "document"] = "organisation"
    id: str = ""
    reason: str = ""


@get("/retention")
async def show_retention(
    request: WebRequest, after: FromQuery[str | None] = None, notice: FromQuery[str] = ""
) -> Response[str]:
    """Holds in force, what comes up, what is kept, and what was destroyed."""
    portal, acting = portal_of(request), signed_in(request)
    report = await run(retention.report, portal.db, portal.vault.records, acting=acting, now=portal.clock())
    gone = await run(disposals.list_disposals, portal.db, acting=acting, after=after, limit=20)
    erased = await run(erasures.list_erasures, portal.db, acting=acting)
    soon = report.at + timedelta(days=30)
    return render(
        request,
        "retention.html",
        nav="retention",
        report=report,
        soon=[one for one in report.upcoming if one.fate.destroyed_at <= soon],
        later=[one for one in report.upcoming if one.fate.destroyed_at > soon],
        gone=gone,
        erased=erased,
        numbers=portal.db.policy.numbers.retention,
        rules=RULES,
        notice=NOTICES.get(notice, ""),
    )


@get("/retention/kept.csv")
async def kept_csv(request: WebRequest) -> Stream:
    """Every document that is kept: since when, until when, why."""
    portal = portal_of(request)
    now = portal.clock()
    parts = await run(retention.kept_as_csv, portal.db, acting=signed_in(request), now=now)
    headers = {"content-disposition": disposition(f"retention-{now.date()}.csv")}
    return Stream(parts, media_type="text/csv", headers=headers)


@get("/retention/holds/new", opt={"query": HoldForm.__struct_fields__})
async def new_hold(request: WebRequest) -> Response[str]:
    """The form for a hold on something, or on an organisation that is chosen in it."""
    query = {name: value for name, value in request.query_params.items() if value}
    return await _form(request, forms.convert(query, HoldForm))


@post("/retention/holds")
async def place_hold(request: WebRequest) -> Response[Any]:
    """Place it; nobody is asked, as it only keeps."""
    form, portal = await forms.read(request, HoldForm), portal_of(request)
    try:
        await run(
            holds.place_hold,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            subject_type=form.type,
            subject_id=form.id,
            reason=form.reason,
            now=portal.clock(),
        )
    except RetentionRefused as error:
        return await _form(request, form, error)
    return Redirect("/retention?notice=held", status_code=303)


@get("/retention/disposals/{document_id:str}")
async def show_certificate(request: WebRequest, document_id: FromPath[str]) -> Response[str]:
    """The certificate that one document was destroyed."""
    portal = portal_of(request)
    shown = await run(
        disposals.show_certificate, portal.db, acting=signed_in(request), document_id=document_id
    )
    return render(
        request,
        "disposal.html",
        nav="retention",
        gone=shown.disposal,
        versions=shown.versions,
        rules=RULES,
        numbers=portal.db.policy.numbers.retention,
    )


@get("/retention/disposals/{document_id:str}/certificate.csv")
async def certificate_csv(request: WebRequest, document_id: FromPath[str]) -> Response[bytes]:
    """The same as a table."""
    portal = portal_of(request)
    body = await run(
        disposals.certificate_as_csv, portal.db, acting=signed_in(request), document_id=document_id
    )
    headers = {"content-disposition": disposition(f"destroyed-{document_id}.csv")}
    return Response(body, media_type="text/csv", headers=headers)


async def _form(request: WebRequest, form: HoldForm, error: DocVaultError | None = None) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    subject: Subject | None = None
    choices: Any = []
    if form.id or form.type != ORGANISATION:
        subject = await run(
            holds.what_to_hold, portal.db, acting=acting, subject_type=form.type, subject_id=form.id
        )
    else:
        choices = await run(organisations.list_organisations, portal.db, acting=acting)
    page = render(
        request,
        "hold_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="retention",
        form=form,
        subject=subject,
        choices=choices,
        longest=REASON_LONGEST,
        trouble=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


HANDLERS = [show_retention, kept_csv, new_hold, place_hold, show_certificate, certificate_csv]
