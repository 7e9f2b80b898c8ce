"""The form that makes a new envelope: who does what in which order, what they read, and until when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromQuery
from litestar.response import Redirect

from docvault.actions import documents, drafts
from docvault.actions.drafts import NewOutsider, NewRecipient, Wishes
from docvault.database.documents import DocumentView
from docvault.pdf.errors import NotSignable
from docvault.pdf.intake import why_not_on_top
from docvault.pdf.validate import Report
from docvault.policy.vocabulary import Permission
from docvault.rules.envelopes import EnvelopeRefused, Part
from docvault.rules.languages import LANGUAGES, LanguageUnknown
from docvault.rules.outsiders import Outsider
from docvault.values import DocumentId, DocVaultError, PersonId
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.forms import FormInvalid
from docvault.web.pages.documents import why_not_signable
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

ALSO = "also-"  # a tick box for each further document: also-<id>
ALONE = ("message-", "language-", "due-")  # for one recipient alone: message-<person>
PARTS = {
    Part.SIGNER: "Signs",
    Part.WITNESS: "Signs as a witness",
    Part.COUNTER_SIGNER: "Counter-signs",
    Part.APPROVER: "Approves",
    Part.VIEWER: "Reads and confirms",
    Part.COPY: "Receives a copy",
}
DIGITS = 3  # of the days between two reminders


class NamedOutsider(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody without an account, as the page's script sends them."""

    name: str
    email: str
    access_code: str = ""
    host: str = ""  # beside whom they sign in person


class EnvelopeForm(msgspec.Struct, forbid_unknown_fields=True):
    document_id: str
    title: str = ""
    message: str = ""
    due: str = ""  # a day, e.g. 2031-04-30
    reminders: str = ""  # days between two; empty: none by itself
    kind: str = ""  # of documents, of policies/kinds.toml
    delegate: str = ""  # yes: people may hand on their part; anybody: also to somebody without an account
    paper: str = ""  # yes: people may sign on paper and hand in a scan
    recipients: str = ""  # person:turn:part, in order, parted by spaces; @0 is the first of `outsiders`
    outsiders: str = ""  # JSON: a list of NamedOutsider


@get("/envelopes/new")
async def new_envelope(request: WebRequest, document: FromQuery[str]) -> Response[str]:
    """The form for a new envelope, or why this document cannot be signed."""
    numbers = portal_of(request).db.policy.numbers.signing
    form = EnvelopeForm(
        document, reminders=str(numbers.reminder_days), delegate="yes" if numbers.may_delegate else ""
    )
    return await _new(request, form)


async def _new(
    request: WebRequest,
    form: EnvelopeForm,
    error: DocVaultError | None = None,
    also: Sequence[str] = (),
    given: Mapping[str, str] | None = None,
) -> Response[str]:
    portal, acting = portal_of(request), signed_in(request)
    document_id = DocumentId(form.document_id)
    view = await run(documents.show_document, portal.db, acting=acting, document_id=document_id)
    people = await run(drafts.possible_recipients, portal.db, acting=acting, document_id=document_id)
    beside = await run(drafts.beside, portal.db, acting=acting, document_id=document_id)
    refusal = str(error) if isinstance(error, NotSignable) else why_not_signable(view.versions[0])
    arrived = await _arrived(request, view)
    if arrived is not None and refusal is None:
        refusal = why_not_on_top(arrived)
    if not form.title and error is None:
        form.title = view.name.removesuffix(".pdf")
    return render(
        request,
        "envelope_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="envelopes",
        document=view,
        people=people,
        beside=beside,
        also=also,
        parts=PARTS,
        refusal=refusal,
        arrived=arrived,
        visible=bool(((view.versions[0].findings or {}).get("arrival") or {}).get("visible", True)),
        form=form,
        chosen=_chosen(form, given or {}),
        languages=LANGUAGES,
        may_use_paper=portal.db.policy.numbers.signing.may_use_paper,
        kinds=portal.db.policy.numbers.kinds.kind,
        may_name=portal.db.policy.numbers.signing.may_delegate_outside,
        tomorrow=(portal.clock() + timedelta(days=1)).date().isoformat(),
        trouble=str(error or ""),
    )


async def _arrived(request: WebRequest, view: DocumentView) -> Report | None:
    """Return what the signatures are worth that the document came with; None where it has none."""
    signed = (view.versions[0].findings or {}).get("signed") and view.versions[0].pages
    if not signed or Permission.DOCUMENT_READ not in view.may:
        return None
    portal = portal_of(request)
    return await run(
        documents.document_signatures,
        portal.db,
        portal.vault,
        portal.pdf,
        portal.authority,
        acting=signed_in(request),
        document_id=view.id,
        now=portal.clock(),
    )


@post("/envelopes")
async def create_envelope(request: WebRequest) -> Response[Any]:
    """Make a draft, then go on to its fields."""
    given = await forms.pairs(request)
    also = [name.removeprefix(ALSO) for name in given if name.startswith(ALSO)]
    form = await forms.read(request, EnvelopeForm, beside=(ALSO, *ALONE))
    portal = portal_of(request)
    try:
        envelope_id = await run(
            drafts.create_envelope,
            portal.db,
            portal.vault,
            portal.pdf,
            acting=signed_in(request),
            document_ids=[DocumentId(one) for one in (form.document_id, *also)],
            title=form.title,
            message=form.message,
            recipients=[_alone(key, one, given) for key, one in _recipients(form)],
            wishes=Wishes(
                due_at=end_of_day(form.due),
                reminder_days=days_from(form.reminders),
                may_delegate=form.delegate in {"yes", "anybody"},
                may_delegate_outside=form.delegate == "anybody",
                may_use_paper=form.paper == "yes",
                kind=form.kind or None,
            ),
            now=portal.clock(),
        )
    except (EnvelopeRefused, LanguageUnknown, NotSignable) as error:
        return await _new(request, form, error, also, given)
    return Redirect(f"/envelopes/{envelope_id}/prepare", status_code=303)


def _recipients(form: EnvelopeForm) -> list[tuple[str, NewRecipient | NewOutsider]]:
    """Read `person:turn:part person:turn:part`; without a part they sign. Raises FormInvalid."""
    try:
        named = msgspec.json.decode(form.outsiders or "[]", type=list[NamedOutsider])
        return [_recipient(named, *one.split(":")) for one in form.recipients.split()]
    except (TypeError, ValueError, IndexError) as error:
        words = "The recipients cannot be read. Please reload the page and choose them again."
        raise FormInvalid(words) from error


def _recipient(
    named: Sequence[NamedOutsider], person: str, turn: str, part: str = Part.SIGNER.value
) -> tuple[str, NewRecipient | NewOutsider]:
    if not (turn.isascii() and turn.isdigit()):
        raise ValueError(turn)
    if not person.startswith("@"):
        return person, NewRecipient(PersonId(person), int(turn), Part(part))
    one = named[int(person[1:])]
    said = Outsider(one.name, one.email, one.access_code, one.host)
    return person, NewOutsider(said, int(turn), Part(part))


def _alone(key: str, one: NewRecipient | NewOutsider, given: Mapping[str, str]) -> NewRecipient | NewOutsider:
    """Add what was written for this person alone. Raises FormInvalid."""
    message, language, due = (given.get(f"{name}{key}", "") for name in ALONE)
    return replace(one, message=message, language=language or None, due_at=end_of_day(due))


def days_from(text: str) -> int | None:
    """Return a number of days, e.g. between two reminders; None where none is given. Raises FormInvalid."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= DIGITS):
        raise FormInvalid("The number of days cannot be read. Please choose it again.")
    return int(text)


def _chosen(form: EnvelopeForm, alone: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the recipients as the page's script takes them: in order, and who acts together."""
    given = _recipients(form)
    return [
        {
            **_who(key, one),
            "part": one.part.value,
            "together": index > 0 and given[index - 1][1].turn == one.turn,
            "alone": [alone.get(f"{name}{key}", "") for name in ALONE],
        }
        for index, (key, one) in enumerate(given)
    ]


def _who(key: str, one: NewRecipient | NewOutsider) -> dict[str, Any]:
    if isinstance(one, NewRecipient):
        return {"person": key}
    said = one.said
    told = {"name": said.name, "email": said.email, "access_code": said.access_code, "host": said.host_id}
    return {"outsider": told}


def end_of_day(text: str) -> datetime | None:
    """Return the last second of a day, in UTC. Raises FormInvalid."""
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise FormInvalid("The day to sign by cannot be read. Please choose it again.") from error
    return datetime.combine(day, time(23, 59, 59), UTC)


HANDLERS = [new_envelope]  # create_envelope shares the list's address and is served with it
