"""Search: one page to find a document by what is known of it."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Self, get_args
from urllib.parse import urlencode

from litestar import Request, Response, get
from litestar.params import FromQuery

from docvault.actions import search
from docvault.actions.search import QuestionUnclear
from docvault.database.engine import Page
from docvault.database.search import Found, Wanted
from docvault.web import problems
from docvault.web.access import portal_of, signed_in
from docvault.web.api.search import StatusName
from docvault.web.pages.folders import KINDS
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

STATUSES: dict[str, str] = {
    "signed": "Signed here",
    "signatures": "Came with signatures",
    "envelope": "Out for signature",
    "unscanned": "Not scanned for malware",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form holds; an empty field does not matter, a day that is none is left out."""

    name: str = ""
    inside: str = ""
    kind: str = ""
    organisation: str = ""
    by: str = ""
    first: str = ""
    last: str = ""
    status: str = ""

    @classmethod
    def of(cls, **fields: str) -> Self:
        known = {"kind": frozenset(KINDS), "status": frozenset(get_args(StatusName))}
        cleaned = {name: value.strip() for name, value in fields.items()}
        for name, values in known.items():
            cleaned[name] = cleaned[name] if cleaned[name] in values else ""
        for name in ("first", "last"):
            cleaned[name] = str(_day(cleaned[name]) or "")
        return cls(**cleaned)

    @property
    def wanted(self) -> Wanted:
        return Wanted(
            name=self.name or None,
            kind=self.kind or None,
            organisation_id=self.organisation or None,
            by=self.by or None,
            first=_day(self.first),
            last=_day(self.last),
            state=self.status or None,
        )

    @property
    def anything(self) -> bool:
        return any(getattr(self, name) for name in self.__slots__)

    @property
    def narrowed(self) -> bool:
        """Whether one of the filters behind "More" is set."""
        return bool(self.kind or self.organisation or self.by or self.first or self.last or self.status)

    def href(self, **changed: str) -> str:
        """Return the address of this search with some of it changed."""
        fields = {name: getattr(self, name) for name in self.__slots__} | changed
        return f"/search?{urlencode({name: value for name, value in fields.items() if value})}"


@get("/search")
async def show_search(
    request: WebRequest,
    name: FromQuery[str] = "",
    inside: FromQuery[str] = "",
    kind: FromQuery[str] = "",
    organisation: FromQuery[str] = "",
    by: FromQuery[str] = "",
    first: FromQuery[str] = "",
    last: FromQuery[str] = "",
    status: FromQuery[str] = "",
    after: FromQuery[str | None] = None,
) -> Response[str]:
    """The form, and what was found."""
    asked = Asked.of(
        name=name,
        inside=inside,
        kind=kind,
        organisation=organisation,
        by=by,
        first=first,
        last=last,
        status=status,
    )
    found, error = await _find(request, asked, after)
    portal, acting = portal_of(request), signed_in(request)
    return render(
        request,
        "search.html",
        problems.meaning_of(error).status if error else 200,
        nav="search",
        asked=asked,
        found=found,
        kinds=KINDS,
        statuses=STATUSES,
        organisations=await run(search.organisations_to_choose, portal.db, acting=acting),
        next_href=asked.href(after=found.next) if found and found.next else None,
        trouble=str(error or ""),
    )


async def _find(
    request: WebRequest, asked: Asked, after: str | None
) -> tuple[Page[Found] | None, QuestionUnclear | None]:
    """Return what was found, and why nothing could be looked for; neither before anything was asked."""
    portal = portal_of(request)
    question: dict[str, Any] = {"acting": signed_in(request), "wanted": asked.wanted, "after": after}
    if not asked.anything:
        return None, None
    if not asked.inside:
        return await run(search.find_documents, portal.db, **question), None
    question |= {"inside": asked.inside, "now": portal.clock()}
    try:
        return await run(search.find_inside, portal.db, portal.vault, **question), None
    except QuestionUnclear as error:
        return None, error


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


HANDLERS = [show_search]
