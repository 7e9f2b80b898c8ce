"""Bulk sends: the list of them, the form that tries a list, what it found, and how far the sending is."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from litestar import Request, Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import bulk_sends, templates
from docvault.rules import bulk_files
from docvault.rules import bulk_sends as rules
from docvault.rules.bulk_sends import BulkRefused
from docvault.rules.envelopes import EnvelopeRefused
from docvault.values import DocVaultError
from docvault.web import file_forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.downloads import disposition
from docvault.web.pages.envelope_new import end_of_day
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

ROLE = "with-role-"  # and a number from 1


@get("/bulk-sends")
async def list_bulk_sends(request: WebRequest) -> Response[str]:
    """One's own bulk sends."""
    found = await run(bulk_sends.list_bulk_sends, portal_of(request).db, acting=signed_in(request))
    return render(request, "bulk_sends.html", nav="envelopes", found=found)


@get("/templates/{template_id:str}/list.csv")
async def empty_list(request: WebRequest, template_id: FromPath[str]) -> Response[bytes]:
    """A CSV with the columns that a list for this template needs."""
    portal = portal_of(request)
    name, content = await run(
        bulk_sends.header, portal.db, portal.vault, acting=signed_in(request), template_id=template_id
    )
    return Response(content, media_type="text/csv", headers={"content-disposition": disposition(name)})


@get("/templates/{template_id:str}/bulk")
async def choose_list(request: WebRequest, template_id: FromPath[str]) -> Response[str]:
    """The form that takes a list."""
    return await _choose(request, template_id)


async def _choose(
    request: WebRequest,
    template_id: str,
    given: Mapping[str, str] | None = None,
    error: DocVaultError | None = None,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    view = await run(templates.show_template, portal.db, portal.vault, acting=acting, template_id=template_id)
    return render(
        request,
        "bulk_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        kept=view,
        kinds=portal.db.policy.numbers.kinds.kind,
        columns=rules.columns_of([role.name for role in view.roles], view.values),
        rows_most=bulk_files.ROWS_MOST,
        cell_longest=bulk_files.CELL_LONGEST,
        bytes_most=bulk_files.BYTES_MOST,
        given=given or {},
        tomorrow=(portal.clock() + timedelta(days=1)).date().isoformat(),
        trouble=str(error or ""),
    )


@post(
    "/templates/{template_id:str}/bulk",
    request_max_body_size=2 * bulk_files.BYTES_MOST + file_forms.ROOM,
)
async def check_list(request: WebRequest, template_id: FromPath[str]) -> Response[Any]:
    """Try the list, then show what it found."""
    form = await file_forms.read(request)
    portal = portal_of(request)
    fixed: list[str] = []
    while (name := f"{ROLE}{len(fixed) + 1}") in form.fields:
        fixed.append(form.fields[name])
    try:
        bulk_id = await run(
            bulk_sends.check_list,
            portal.db,
            portal.vault,
            acting=signed_in(request),
            template_id=template_id,
            content=form.content,
            fixed=fixed,
            due_at=end_of_day(form.fields.get("due", "")),
            now=portal.clock(),
        )
    except EnvelopeRefused as error:
        return await _choose(request, template_id, form.fields, error)
    return Redirect(f"/bulk-sends/{bulk_id}", status_code=303)


@get("/bulk-sends/{bulk_id:str}")
async def show_bulk_send(
    request: WebRequest, bulk_id: FromPath[str], after: FromQuery[int] = 0
) -> Response[str]:
    """What the dry run found, or how far the sending is."""
    return await _show(request, bulk_id, after)


async def _show(
    request: WebRequest, bulk_id: str, after: int = 0, error: DocVaultError | None = None
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    view = await run(bulk_sends.show_bulk_send, portal.db, acting=acting, bulk_id=bulk_id)
    rows = await run(
        bulk_sends.list_rows, portal.db, portal.vault, acting=acting, bulk_id=bulk_id, after=after
    )
    more = rows[-1].number if len(rows) == bulk_sends.SHOWN else None
    return render(
        request,
        "bulk_send.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        bulk=view,
        rows=rows,
        after=after,
        more=more,
        kept_days=rules.KEPT_DAYS,
        unstarted_days=rules.UNSTARTED_DAYS,
        trouble=str(error or ""),
    )


@get("/bulk-sends/{bulk_id:str}/unsent.csv")
async def unsent(request: WebRequest, bulk_id: FromPath[str]) -> Response[bytes]:
    """The rows that were not sent, with why."""
    portal = portal_of(request)
    content = await run(
        bulk_sends.unsent_as_csv, portal.db, portal.vault, acting=signed_in(request), bulk_id=bulk_id
    )
    headers = {"content-disposition": disposition("not-sent.csv")}
    return Response(content, media_type="text/csv", headers=headers)


@post("/bulk-sends/{bulk_id:str}/start")
async def start(request: WebRequest, bulk_id: FromPath[str]) -> Response[Any]:
    """Send every row that is ready."""
    return await _do(request, bulk_sends.start_bulk_send, bulk_id)


@post("/bulk-sends/{bulk_id:str}/retry")
async def retry(request: WebRequest, bulk_id: FromPath[str]) -> Response[Any]:
    """Try the rows that failed again."""
    return await _do(request, bulk_sends.retry_failed, bulk_id)


@post("/bulk-sends/{bulk_id:str}/cancel")
async def cancel(request: WebRequest, bulk_id: FromPath[str]) -> Response[Any]:
    """Send nothing more, or discard a list that was not started."""
    return await _do(request, bulk_sends.cancel_bulk_send, bulk_id)


async def _do(request: WebRequest, deed: Any, bulk_id: str) -> Response[Any]:
    portal = portal_of(request)
    try:
        await run(deed, portal.db, acting=signed_in(request), bulk_id=bulk_id, now=portal.clock())
    except (BulkRefused, EnvelopeRefused) as error:
        return await _show(request, bulk_id, error=error)
    return Redirect(f"/bulk-sends/{bulk_id}", status_code=303)


HANDLERS = [
    list_bulk_sends,
    empty_list,
    choose_list,
    check_list,
    show_bulk_send,
    unsent,
    start,
    retry,
    cancel,
]
