"""How an error is answered: what it means stands in meanings.py.

`/api` and `/log` answer RFC 9457 problem details with a stable `type`; pages answer a page in plain words.
"""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from docvault.credentials import refusals
from docvault.database.engine import DatabaseBusy, DatabaseGone
from docvault.encryption.errors import KeysAway
from docvault.rules.languages import OTHERWISE
from docvault.values import DocVaultError, NotFound
from docvault.web import cookies, words
from docvault.web.access import FactorNeeded, NotSignedIn, VisitOver
from docvault.web.meanings import (
    ABSENT,
    AWAY,
    DAMAGED,
    FAULT,
    INVALID,
    LARGE,
    MEANINGS,
    Meaning,
    meaning_of,
)
from docvault.web.proofs import ProofWanted
from docvault.web.rendering import render

__all__ = ["Problem", "answer", "describe", "headers_of", "kinds", "meaning_of"]

log = structlog.get_logger()

LANGUAGE = "x-language"  # what a page of the ceremony is written in: it shows what its script is told
PROBLEM = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. `type` is relative to the portal and stays the same for the same kind of trouble."""

    type: str
    title: str
    status: int
    detail: str


# What the framework itself refuses, in words for people.
FRAMEWORK: dict[int, Meaning] = {
    400: INVALID,
    401: Meaning(HTTPStatus.UNAUTHORIZED, "not-signed-in", "Please sign in"),
    404: ABSENT,
    405: Meaning(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "That cannot be done here"),
    413: LARGE,
    416: Meaning(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, "range", "No such part of the file"),
    415: Meaning(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unknown kind of content"),
}

KEPT_HEADERS = {"allow", "content-range"}  # what the framework adds to a refusal beside its status

DETAILS: dict[int, str] = {
    416: "The file is shorter than what was asked for.",
    404: str(NotFound()),
    405: "This address does not take that kind of request.",
    413: "What was sent is larger than allowed here.",
    415: "This address does not take that kind of content.",
}

APOLOGY = "Please try again. If it happens once more, tell your administrator when it happened."


def kinds() -> set[Meaning]:
    """Return every kind of problem an answer can be, for the API's reference."""
    return {*MEANINGS.values(), *FRAMEWORK.values()}


def describe(error: Exception) -> Problem:
    """Return the problem an error is to its reader. What is ours to mend is logged, and told in general."""
    if isinstance(error, DocVaultError) and meaning_of(error) is not FAULT:
        if meaning_of(error) in {AWAY, DAMAGED}:
            log.error("web.storage_in_trouble", exc_info=error)
        return _problem(meaning_of(error), str(error))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        meaning = FRAMEWORK.get(error.status_code, INVALID)
        return _problem(meaning, DETAILS.get(error.status_code) or _detail(error))
    log.error("web.unexpected", exc_info=error)
    return _problem(FAULT, APOLOGY)


def _problem(meaning: Meaning, detail: str) -> Problem:
    return Problem(
        type=f"/api/docs#problem-{meaning.slug}", title=meaning.title, status=meaning.status, detail=detail
    )


def _detail(error: HTTPException) -> str:
    """Name the parts of the request that did not fit, as the framework found them."""
    found = error.extra if isinstance(error.extra, list) else []
    parts = [
        f"{item['key']}: {item['message']}" if item.get("key") else str(item["message"]) for item in found
    ]
    return "; ".join(parts) or "The request could not be read."


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """The exception handler of the whole application."""
    if isinstance(error, ProofWanted):
        return Response(error.names)  # the script that asked goes on with it: nothing went wrong
    problem = describe(error)
    headers = headers_of(error)
    reader = words.in_language(request.headers.get(LANGUAGE, OTHERWISE))
    problem = msgspec.structs.replace(problem, detail=words.said(reader, problem.detail))
    if request.scope["path"].startswith(("/api/", "/log/", "/health/")):
        return Response(problem, status_code=problem.status, media_type=PROBLEM, headers=headers)
    if request.scope["method"] == "GET" and isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    if request.scope["method"] == "GET" and isinstance(error, VisitOver):
        return Redirect("/r/over", status_code=303)  # a guest has nothing to sign in to
    if isinstance(error, FactorNeeded):
        return Redirect("/enrol", status_code=303)
    page = render(request, "error.html", problem.status, problem=problem)
    page.headers.update(headers)
    return page


def _to_sign_in(request: Request[Any, Any, Any]) -> Redirect:
    """Lead to the sign-in page and back; a browser whose session ended is told so, and forgets its cookie."""
    had = cookies.read(request.headers.get("cookie", ""), cookies.SESSION) is not None
    notice = "&notice=ended" if had else ""
    away = Redirect(f"/login?next={quote(_here(request))}{notice}", status_code=303)
    if had:
        away.cookies.append(cookies.ended(cookies.SESSION))
    return away


def headers_of(error: Exception) -> dict[str, str]:
    """Return the headers an error needs: when to come back, or what would have been allowed."""
    if isinstance(error, (refusals.Throttled, refusals.TooBusy, DatabaseBusy, DatabaseGone, KeysAway)):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, HTTPException) and error.headers:
        return {name: value for name, value in error.headers.items() if name.lower() in KEPT_HEADERS}
    return {}


def _here(request: Request[Any, Any, Any]) -> str:
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{request.scope['path']}?{query}" if query else request.scope["path"]
