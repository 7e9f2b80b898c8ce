"""What an error means in HTTP, said once. Errors below know no status codes.

`/api` and `/log` answer RFC 9457 problem details with a stable `type`; pages answer a page in plain words.
"""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from docvault.actions.documents import NoPages
from docvault.actions.envelopes import PreflightFailed
from docvault.actions.uploads import OffsetConflict, TooLarge
from docvault.blobs.store import StorageFull
from docvault.credentials import refusals
from docvault.database.engine import BadCursor
from docvault.database.organisations import OrganisationKnown
from docvault.database.people import AlreadyKnown
from docvault.database.step_ups import StepUpInvalid
from docvault.pdf.errors import PageMissing, PdfError, WorkersBusy
from docvault.policy.engine import Forbidden
from docvault.rules.answers import AnswerRefused, SignatureRefused
from docvault.rules.envelopes import EnvelopeIncomplete, EnvelopeRefused
from docvault.rules.fields import FieldRefused
from docvault.values import DocVaultError, NotFound
from docvault.web.access import FactorNeeded, NotSignedIn
from docvault.web.api.verification import VerifierBusy
from docvault.web.csrf import CrossSite
from docvault.web.forms import FormInvalid
from docvault.web.rendering import render
from docvault.web.wire import BodyInvalid

log = structlog.get_logger()

PROBLEM = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457. `type` is relative to the portal and stays the same for the same kind of trouble."""

    type: str
    title: str
    status: int
    detail: str


@dataclass(frozen=True, slots=True)
class Meaning:
    status: HTTPStatus
    slug: str
    title: str


# The nearest class in an error's ancestry counts.
MEANINGS: dict[type[Exception], Meaning] = {
    DocVaultError: Meaning(HTTPStatus.BAD_REQUEST, "refused", "That is not possible"),
    NotFound: Meaning(HTTPStatus.NOT_FOUND, "not-found", "Not found"),
    Forbidden: Meaning(HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    NotSignedIn: Meaning(HTTPStatus.UNAUTHORIZED, "not-signed-in", "Please sign in"),
    FactorNeeded: Meaning(HTTPStatus.UNAUTHORIZED, "factor-needed", "Second factor needed"),
    CrossSite: Meaning(HTTPStatus.FORBIDDEN, "cross-site", "Request refused"),
    FormInvalid: Meaning(HTTPStatus.BAD_REQUEST, "invalid-request", "Please check what you entered"),
    VerifierBusy: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Busy for a moment"),
    BodyInvalid: Meaning(HTTPStatus.BAD_REQUEST, "invalid-request", "Please check what you entered"),
    BadCursor: Meaning(HTTPStatus.BAD_REQUEST, "invalid-request", "Please check what you entered"),
    AlreadyKnown: Meaning(HTTPStatus.CONFLICT, "already-known", "Already here"),
    OrganisationKnown: Meaning(HTTPStatus.CONFLICT, "already-known", "Already here"),
    StepUpInvalid: Meaning(HTTPStatus.FORBIDDEN, "step-up-invalid", "Please confirm again"),
    refusals.SignInRefused: Meaning(HTTPStatus.UNAUTHORIZED, "sign-in-refused", "Sign-in refused"),
    refusals.CodeRefused: Meaning(HTTPStatus.UNAUTHORIZED, "code-refused", "Code not accepted"),
    refusals.ChallengeOver: Meaning(HTTPStatus.UNAUTHORIZED, "challenge-over", "Please sign in again"),
    refusals.FactorStopped: Meaning(HTTPStatus.UNAUTHORIZED, "factor-stopped", "Second factor stopped"),
    refusals.Throttled: Meaning(HTTPStatus.TOO_MANY_REQUESTS, "too-many-tries", "Too many tries"),
    refusals.TooBusy: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Busy for a moment"),
    refusals.PasswordRefused: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "password-refused", "Choose another password"
    ),
    refusals.LinkRefused: Meaning(HTTPStatus.NOT_FOUND, "link-refused", "This link does not work any more"),
    refusals.NotFresh: Meaning(HTTPStatus.FORBIDDEN, "not-fresh", "Please sign in again"),
    StorageFull: Meaning(HTTPStatus.INSUFFICIENT_STORAGE, "storage-full", "The storage is full"),
    TooLarge: Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "Too large"),
    OffsetConflict: Meaning(HTTPStatus.CONFLICT, "upload-offset", "The upload goes on elsewhere"),
    NoPages: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "no-pages", "No pages to show"),
    PdfError: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "pdf", "This PDF cannot be used like that"),
    PageMissing: Meaning(HTTPStatus.NOT_FOUND, "not-found", "Not found"),
    WorkersBusy: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Busy for a moment"),
    EnvelopeRefused: Meaning(HTTPStatus.CONFLICT, "envelope-refused", "The envelope does not allow that"),
    EnvelopeIncomplete: Meaning(HTTPStatus.BAD_REQUEST, "envelope-incomplete", "Something is missing"),
    FieldRefused: Meaning(HTTPStatus.BAD_REQUEST, "field-refused", "A field cannot stand there"),
    PreflightFailed: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "preflight-failed", "It could not be sealed"),
    AnswerRefused: Meaning(HTTPStatus.BAD_REQUEST, "answer-refused", "An answer does not fit"),
    SignatureRefused: Meaning(HTTPStatus.BAD_REQUEST, "signature-refused", "The signature cannot be used"),
}

# What the framework itself refuses, in words for people.
FRAMEWORK: dict[int, Meaning] = {
    400: Meaning(HTTPStatus.BAD_REQUEST, "invalid-request", "Please check what you entered"),
    401: Meaning(HTTPStatus.UNAUTHORIZED, "not-signed-in", "Please sign in"),
    404: Meaning(HTTPStatus.NOT_FOUND, "not-found", "Not found"),
    405: Meaning(HTTPStatus.METHOD_NOT_ALLOWED, "method-not-allowed", "That cannot be done here"),
    413: Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "Too large"),
    415: Meaning(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "Unknown kind of content"),
}

DETAILS: dict[int, str] = {
    404: str(NotFound()),
    405: "This address does not take that kind of request.",
    413: "What was sent is larger than allowed here.",
    415: "This address does not take that kind of content.",
}

UNEXPECTED = Problem(
    type="/api/docs#problem-unexpected",
    title="Something went wrong on our side",
    status=500,
    detail="Please try again. If it happens once more, tell your administrator when it happened.",
)


def kinds() -> set[Meaning]:
    """Return every kind of problem an answer can be, for the API's reference."""
    unexpected = Meaning(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", UNEXPECTED.title)
    return {*MEANINGS.values(), *FRAMEWORK.values(), unexpected}


def meaning_of(error: Exception) -> Meaning:
    """Return the meaning of the nearest class in the error's ancestry. Raises KeyError for a stranger."""
    return MEANINGS[next(cls for cls in type(error).__mro__ if cls in MEANINGS)]


def describe(error: Exception) -> Problem:
    """Return the problem an error is to its reader. What is not ours is logged and told without detail."""
    if isinstance(error, DocVaultError):
        meaning = meaning_of(error)
        return _problem(meaning, str(error))
    if isinstance(error, HTTPException) and error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
        meaning = FRAMEWORK.get(error.status_code, FRAMEWORK[400])
        return _problem(meaning, DETAILS.get(error.status_code) or _detail(error))
    log.error("web.unexpected", exc_info=error)
    return UNEXPECTED


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
    problem = describe(error)
    headers = headers_of(error)
    if request.scope["path"].startswith(("/api/", "/log/", "/health/")):
        return Response(problem, status_code=problem.status, media_type=PROBLEM, headers=headers)
    if request.scope["method"] == "GET" and isinstance(error, NotSignedIn):
        return Redirect(f"/login?next={quote(_here(request))}", status_code=303)
    if isinstance(error, FactorNeeded):
        return Redirect("/enrol", status_code=303)
    page = render(request, "error.html", problem.status, problem=problem)
    page.headers.update(headers)
    return page


def headers_of(error: Exception) -> dict[str, str]:
    """Return the headers an error needs: when to come back, or what would have been allowed."""
    if isinstance(error, (refusals.Throttled, refusals.TooBusy)):
        return {"retry-after": str(error.retry_after)}
    if isinstance(error, HTTPException) and error.headers:
        return {name: value for name, value in error.headers.items() if name.lower() == "allow"}
    return {}


def _here(request: Request[Any, Any, Any]) -> str:
    query = request.scope["query_string"].decode("ascii", "replace")
    return f"{request.scope['path']}?{query}" if query else request.scope["path"]
