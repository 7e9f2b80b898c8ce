"""The page of proposals: what needs two people, who proposed it and why, and what happens next."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from docvault.actions import audit, erasures, proposals
from docvault.actions.proposals import ProposalView
from docvault.credentials.refusals import CredentialRefused
from docvault.database import deeds, erasure_deeds, key_deeds, retention_deeds, step_ups
from docvault.database.audit_trail import Filters
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.keys import KINDS
from docvault.rules.people import PeopleError
from docvault.rules.proposals import POWERFUL, ProposalError, ProposalInvalid, ProposalState
from docvault.values import DocVaultError
from docvault.web import forms, problems
from docvault.web.access import portal_of, signed_in
from docvault.web.api.audit import exported
from docvault.web.pages.audit import Chosen
from docvault.web.proofs import ProofForm, prove
from docvault.web.rendering import render
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]

NOTICES = {
    "proposed": "Proposed. Somebody else has to confirm it.",
    "done": "Done. It is in the audit trail.",
    "confirmed": "Confirmed. What happens next stands below.",
    "refused": "Refused. Nothing happens.",
    "withdrawn": "Withdrawn. Nothing happens.",
}

REFUSALS = (ProposalError, PeopleError, CredentialRefused, StepUpInvalid)
GRANT, REPROVE, EXPORT = deeds.GrantRole.kind.name, deeds.ReproveFactor.kind.name, deeds.EXPORT
ERASE = erasure_deeds.ERASE
LIFT, OVERRIDE, SHRED = retention_deeds.LIFT, retention_deeds.OVERRIDE, retention_deeds.SHRED
DESTROY_KEYS = key_deeds.DESTROY
FACTS = {  # the fields that are facts of each kind
    GRANT: ("role", "person_id", "name", "email"),
    REPROVE: ("person_id",),
    ERASE: ("person_id",),
    LIFT: ("hold_id",),
    OVERRIDE: ("document_id", "until"),
    SHRED: ("document_id",),
    DESTROY_KEYS: ("key",),
}


ASKS_WHOM = (REPROVE, ERASE)  # whom it is about is asked first, so that the proposer sees who that is


class ProposalForm(msgspec.Struct, forbid_unknown_fields=True):
    """What is proposed, in the fields of all kinds. about: the filter that an export calls kind."""

    kind: str
    reason: str = ""
    code: str = ""
    step_up: str = ""
    person_id: str = ""
    email: str = ""
    name: str = ""
    role: str = ""
    hold_id: str = ""
    document_id: str = ""
    until: str = ""
    key: str = ""
    format: str = "bundle"
    first: str = ""
    last: str = ""
    about: str = ""
    actor: str = ""
    object: str = ""

    def facts(self) -> dict[str, str]:
        """Return the facts of this kind, as they are proposed. Raises FormInvalid, UnknownFormat."""
        if self.kind == EXPORT:
            return audit.export_facts(self.filters(), self.format)
        return {name: getattr(self, name) for name in FACTS.get(self.kind, ()) if getattr(self, name)}

    def filters(self) -> Filters:
        fields = {
            "first": self.first,
            "last": self.last,
            "kind": self.about,
            "actor": self.actor,
            "object": self.object,
        }
        return forms.convert({name: value for name, value in fields.items() if value}, Chosen).filters()


@get("/proposals")
async def show_proposals(
    request: WebRequest, after: FromQuery[str | None] = None, notice: FromQuery[str] = ""
) -> Response[str]:
    """What waits for a second person or for its time, and what ended."""
    portal, acting = portal_of(request), signed_in(request)
    undecided, ended = [
        await run(
            proposals.list_proposals,
            portal.db,
            portal.vault.records,
            acting=acting,
            alive=alive,
            after=None if alive else after,
            limit=200 if alive else 20,
            now=portal.clock(),
        )
        for alive in (True, False)
    ]
    return render(
        request,
        "proposals.html",
        nav="proposals",
        undecided=undecided.items,
        ended=ended,
        kinds=_kinds(acting.role),
        notice=NOTICES.get(notice, ""),
    )


@get("/proposals/new", opt={"query": ProposalForm.__struct_fields__})
async def new_proposal(request: WebRequest) -> Response[str]:
    """The form for one kind of proposal."""
    query = {name: value for name, value in request.query_params.items() if value}
    return await _form(request, forms.convert(query, ProposalForm))


@post("/proposals")
async def propose(request: WebRequest) -> Response[Any]:
    """Take reason and proof, and propose."""
    form = await forms.read(request, ProposalForm)
    portal, cookies = portal_of(request), list[Cookie]()
    try:
        facts = form.facts()
        digest = proposals.proposal_digest(form.kind, facts, form.reason)
        given = ProofForm(code=form.code, step_up=form.step_up)
        step_up_id, cookies = await prove(request, step_ups.PROPOSAL_MAKE, digest, given)
        made = await run(
            proposals.propose,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            kind=form.kind,
            facts=facts,
            reason=form.reason,
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except REFUSALS as error:
        page: Response[Any] = await _form(request, form, error)
    else:
        page = _to(made.id, "done" if made.state is ProposalState.DONE else "proposed")
    page.cookies.extend(cookies)
    return page


@get("/proposals/{proposal_id:str}")
async def show_proposal(
    request: WebRequest, proposal_id: FromPath[str], notice: FromQuery[str] = ""
) -> Response[str]:
    """One proposal, with the steps this person can take."""
    return await _page(request, proposal_id, notice=NOTICES.get(notice, ""))


@post("/proposals/{proposal_id:str}/confirm")
async def confirm(request: WebRequest, proposal_id: FromPath[str]) -> Response[Any]:
    """Take the second person's proof, and confirm."""
    form = await forms.read(request, ProofForm)
    portal, view, cookies = portal_of(request), await _view(request, proposal_id), list[Cookie]()
    try:
        step_up_id, cookies = await prove(request, step_ups.PROPOSAL_CONFIRM, view.digest, form)
        decided = await run(
            proposals.confirm_proposal,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            proposal_id=proposal_id,
            step_up_id=step_up_id,
            now=portal.clock(),
        )
    except REFUSALS as error:
        page: Response[Any] = await _page(request, proposal_id, error=error)
    else:
        page = _to(proposal_id, "done" if decided.state is ProposalState.DONE else "confirmed")
    page.cookies.extend(cookies)
    return page


@post("/proposals/{proposal_id:str}/refuse")
async def refuse(request: WebRequest, proposal_id: FromPath[str]) -> Response[Any]:
    """Say no."""
    portal = portal_of(request)
    try:
        await run(
            proposals.refuse_proposal,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            proposal_id=proposal_id,
            now=portal.clock(),
        )
    except ProposalError as error:
        return await _page(request, proposal_id, error=error)
    return _to(proposal_id, "refused")


@post("/proposals/{proposal_id:str}/withdraw")
async def withdraw(request: WebRequest, proposal_id: FromPath[str]) -> Response[Any]:
    """Take one's own proposal back."""
    portal = portal_of(request)
    try:
        await run(
            proposals.withdraw_proposal,
            portal.db,
            portal.vault.records,
            acting=signed_in(request),
            proposal_id=proposal_id,
            now=portal.clock(),
        )
    except ProposalError as error:
        return await _page(request, proposal_id, error=error)
    return _to(proposal_id, "withdrawn")


@post("/proposals/{proposal_id:str}/export", status_code=200)
async def fetch(request: WebRequest, proposal_id: FromPath[str]) -> Response[Any] | Any:
    """Hand out the export that a second person confirmed, once."""
    form = await forms.read(request, ProofForm)
    view, cookies = await _view(request, proposal_id), list[Cookie]()
    file_format, filters = view.facts.get("format", "bundle"), Filters.of(view.facts)
    try:
        digest = audit.export_digest(filters, file_format, proposal_id)
        step_up_id, cookies = await prove(request, Permission.AUDIT_EXPORT.value, digest, form)
        page: Any = await exported(request, filters, file_format, step_up_id, proposal_id)
    except REFUSALS as error:
        page = await _page(request, proposal_id, error=error)
    page.cookies.extend(cookies)
    return page


async def _view(request: WebRequest, proposal_id: str) -> ProposalView:
    portal = portal_of(request)
    return await run(
        proposals.show_proposal,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        proposal_id=proposal_id,
        now=portal.clock(),
    )


async def _page(
    request: WebRequest, proposal_id: str, *, notice: str = "", error: DocVaultError | None = None
) -> Response[str]:
    view = await _view(request, proposal_id)
    status = problems.meaning_of(error).status if error else 200
    page = render(
        request,
        "proposal.html",
        status,
        nav="proposals",
        proposal=view,
        delay_hours=portal_of(request).db.policy.numbers.proposals.reproof_delay_hours,
        export_digest=_export_digest(view),
        notice=notice,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


async def _form(request: WebRequest, form: ProposalForm, error: DocVaultError | None = None) -> Response[str]:
    portal = portal_of(request)
    person, sentence = None, ""
    try:
        if form.kind in (LIFT, OVERRIDE, SHRED):
            sentence = await run(
                proposals.about,
                portal.db,
                acting=signed_in(request),
                kind=form.kind,
                facts={name: value for name, value in form.facts().items() if name != "until"},
            )
        person = await run(
            proposals.whom,
            portal.db,
            acting=signed_in(request),
            kind=form.kind,
            person_id=form.person_id,
            email=form.email if form.kind in ASKS_WHOM else "",
        )
    except ProposalInvalid as refused:
        if form.kind not in deeds.DEEDS or form.kind in (LIFT, OVERRIDE, SHRED):
            raise
        error = error or refused
    page = render(
        request,
        "proposal_new.html",
        problems.meaning_of(error).status if error else 200,
        nav="proposals",
        form=form,
        person=person,
        asks_whom=form.kind in ASKS_WHOM,
        plan=await _plan(request, form, person),
        sentence=sentence,
        facts=_known(form, person),
        choices={"roles": sorted(POWERFUL), "keys": KINDS},
        delay_hours=portal.db.policy.numbers.proposals.reproof_delay_hours,
        error=str(error or ""),
    )
    page.headers.update(problems.headers_of(error) if error else {})
    return page


async def _plan(
    request: WebRequest, form: ProposalForm, person: proposals.Subject | None
) -> erasures.Plan | None:
    """What erasing somebody would do, before it is proposed."""
    if form.kind != ERASE or person is None:
        return None
    portal = portal_of(request)
    return await run(
        erasures.plan, portal.db, acting=signed_in(request), person_id=person.id, now=portal.clock()
    )


def _known(form: ProposalForm, person: proposals.Subject | None) -> dict[str, str]:
    """Return the facts that stand before anything is typed, for the digest that a passkey confirms."""
    if form.kind in (EXPORT, LIFT, SHRED):
        return form.facts()
    if form.kind == OVERRIDE:
        return {"document_id": form.document_id}
    return {"person_id": person.id} if person else {}


def _export_digest(view: ProposalView) -> str:
    if view.kind != EXPORT:
        return ""
    return audit.export_digest(Filters.of(view.facts), view.facts["format"], view.id)


def _kinds(role: Role) -> tuple[str, ...]:
    """Return what this role is offered; whether they may is decided again by the policy."""
    return {
        Role.ADMINISTRATOR: (GRANT, REPROVE, ERASE, DESTROY_KEYS),
        Role.COMPLIANCE_OFFICER: (REPROVE, EXPORT, ERASE),
    }.get(role, ())


def _to(proposal_id: str, notice: str) -> Redirect:
    return Redirect(f"/proposals/{proposal_id}?notice={notice}", status_code=303)


HANDLERS = [show_proposals, new_proposal, propose, show_proposal, confirm, refuse, withdraw, fetch]
