"""Who could see what on any day: the questions, the reports, and both as CSV."""

from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec
from litestar import Request, Response, get

from docvault.actions import access_reports
from docvault.actions.access_reports import VERBS
from docvault.rules.reports import MomentUnclear
from docvault.values import DocVaultError, NotFound
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.downloads import disposition
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

SHARES = {
    "viewer": "was shared to read",
    "contributor": "was shared to read and add",
    "signer": "was shared to read and sign",
    "manager": "was shared to manage",
    "denied": "kept out",
}


class Question(msgspec.Struct, forbid_unknown_fields=True):
    """What the page's form asks: a folder or a person, found by words or named by id, at a moment in UTC."""

    about: Literal["folder", "person"] = "folder"
    words: str = ""
    id: str = ""
    at: str = ""  # as a browser's field for date and time has it
    after: str | None = None

    @property
    def moment(self) -> datetime | None:
        """The moment; the form's field has no time zone and says UTC beside it. Raises FormInvalid."""
        if not self.at:
            return None
        try:
            found = datetime.fromisoformat(self.at)
        except ValueError as error:
            raise forms.FormInvalid("Please check the form: date and time cannot be read.") from error
        return found if found.tzinfo is not None else found.replace(tzinfo=UTC)

    def query(self, **more: str | None) -> str:
        """Return the question as the query of an address, with `more` on top; None takes one away."""
        said = {"about": self.about, "words": self.words, "id": self.id, "at": self.at} | more
        return urlencode({name: value for name, value in said.items() if value})


@get("/access", opt={"query": Question.__struct_fields__})
async def show_access(request: WebRequest) -> Response[str]:
    """The form, what was found by its words, and the report on what was chosen."""
    asked = _question(request)
    db, acting = portal_of(request).db, signed_in(request)
    if asked.about == "folder":
        found: Any = await run(access_reports.find_folders, db, acting=acting, words=asked.words)
    else:
        found = await run(access_reports.find_people, db, acting=acting, words=asked.words)
    if not asked.id and len(found) == 1:
        asked.id = found[0].id
    report, error = await _reported(request, asked) if asked.id else (None, None)
    if asked.words and not found and not asked.id:
        error = NotFound(f"No {asked.about} has this in its name.")
    return render(
        request,
        "access.html",
        problems.meaning_of(error).status if error else 200,
        nav="access",
        asked=asked,
        found=found if not asked.id else [],
        report=report,
        verbs=tuple(VERBS.values()),
        shares=SHARES,
        now=portal_of(request).clock(),
        trouble=str(error or ""),
    )


@get("/access/report.csv", opt={"query": Question.__struct_fields__})
async def report_csv(request: WebRequest) -> Response[bytes]:
    """The chosen report as a table for a spreadsheet."""
    asked, portal = _question(request), portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "at": asked.moment, "now": portal.clock()}
    if asked.about == "folder":
        body = await run(access_reports.who_as_csv, portal.db, folder_id=asked.id, **about)
    else:
        body = await run(access_reports.what_as_csv, portal.db, person_id=asked.id, **about)
    day = (asked.moment or portal.clock()).date()
    headers = {"content-disposition": disposition(f"access-{asked.about}-{day}.csv")}
    return Response(body, media_type="text/csv", headers=headers)


def _question(request: WebRequest) -> Question:
    query = dict(request.query_params.items())
    return forms.convert({name: value for name, value in query.items() if value}, Question)


async def _reported(request: WebRequest, asked: Question) -> tuple[Any, DocVaultError | None]:
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "at": asked.moment, "now": portal.clock()}
    try:
        if asked.about == "folder":
            return await run(access_reports.who_could_see, portal.db, folder_id=asked.id, **about), None
        about |= {"person_id": asked.id, "after": asked.after}
        return await run(access_reports.what_could_they_see, portal.db, **about), None
    except (MomentUnclear, NotFound) as error:
        return None, error


HANDLERS = [show_access, report_csv]
