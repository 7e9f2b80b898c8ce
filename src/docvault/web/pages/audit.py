"""The audit trail for a compliance officer: what holds, what happened, and exports behind a fresh code."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get, post

from docvault.actions import audit, publications
from docvault.audit.kinds import Kind
from docvault.credentials.refusals import CredentialRefused
from docvault.database.audit_publications import Published
from docvault.database.audit_trail import Filters
from docvault.policy.vocabulary import Permission
from docvault.web import forms, problems
from docvault.web.access import PUBLIC, portal_of, signed_in
from docvault.web.api.audit import exported
from docvault.web.charts import HeatMap
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

SUBJECTS = sorted(
    {kind.value.partition(":")[0] for kind in Kind}
)  # what the list of events can be narrowed to

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
HOURS = tuple(f"{hour:02}" for hour in range(24))

LAST_DAY = date.max - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Outside:
    """How far the log is published, and whether that is too long ago."""

    state: Published
    place: str
    late: bool


class Chosen(msgspec.Struct, forbid_unknown_fields=True):
    """The filters as the page's form has them; days are UTC, both included."""

    first: date | None = None
    last: date | None = None
    kind: str | None = None
    actor: str | None = None
    object: str | None = None

    def filters(self) -> Filters:
        return Filters(
            start=_midnight(self.first) if self.first else None,
            end=_midnight(min(self.last, LAST_DAY) + timedelta(days=1)) if self.last else None,
            kind=self.kind,
            actor_id=self.actor,
            object_id=self.object,
        )

    def query(self, **more: str | None) -> str:
        """Return the filters as the query of an address, with `more` on top; None takes one away."""
        said = {name: getattr(self, name) for name in self.__struct_fields__} | more
        return urlencode({name: str(value) for name, value in said.items() if value})


class ExportForm(Chosen, forbid_unknown_fields=True):
    format: Literal["csv", "jsonl", "bundle"] = "csv"
    code: str = ""
    step_up: str = ""


@get("/audit", opt={"query": (*Chosen.__struct_fields__, "after")})
async def show_audit(request: WebRequest) -> Response[str]:
    """The trail, newest first."""
    query = dict(request.query_params.items())
    after = query.pop("after", None)
    chosen = forms.convert({name: value for name, value in query.items() if value}, Chosen)
    return await _page(request, chosen, after=after)


async def _page(
    request: WebRequest, chosen: Chosen, *, after: str | None = None, error: CredentialRefused | None = None
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    status = await run(audit.log_status, portal.db, portal.log_key, acting=acting)
    published = await _published(request)
    entries = await run(
        audit.list_entries,
        portal.db,
        acting=acting,
        filters=chosen.filters(),
        after=after,
        now=portal.clock(),
    )
    activity = (
        await run(audit.activity, portal.db, acting=acting, filters=chosen.filters(), now=portal.clock())
        if after is None
        else None
    )
    page = render(
        request,
        "audit.html",
        problems.meaning_of(error).status if error else 200,
        nav="audit",
        log=status,
        published=published,
        entries=entries,
        activity=activity,
        heat=_heat(activity) if activity else None,
        chosen=chosen,
        subjects=SUBJECTS,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


async def _published(request: WebRequest) -> Outside | None:
    """Return how far the log is published, where it is."""
    portal = portal_of(request)
    if portal.log_store is None:
        return None
    found = await run(publications.show_state, portal.db, portal.log_store, acting=signed_in(request))
    return Outside(found, portal.log_store.place, publications.is_late(found, portal.clock()))


def _heat(activity: audit.Activity) -> HeatMap:
    return HeatMap(
        "Entries by weekday and hour; the table below has the figures", WEEKDAYS, HOURS, activity.counts
    )


@post("/audit/export", status_code=200)
async def export(request: WebRequest) -> Response[Any] | Any:
    """Take the proof for exactly this export, a code or a passkey's, and send the file."""
    form = await forms.read(request, ExportForm)
    filters = form.filters()
    digest = audit.export_digest(filters, form.format)
    try:
        given = ProofForm(code=form.code, step_up=form.step_up)
        step_up_id, renewed = await prove(request, Permission.AUDIT_EXPORT.value, digest, given)
    except CredentialRefused as error:
        return await _page(request, form, error=error)
    file = await exported(request, filters, form.format, step_up_id)
    file.cookies.extend(renewed)
    return file


@get("/audit/verify", opt=PUBLIC)
async def verify(request: WebRequest) -> Response[str]:
    """The offline verifier: the bundle is read by the page's script and never leaves the browser."""
    return render(request, "audit_verify.html", nav="audit")


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)


HANDLERS = [show_audit, export, verify]
