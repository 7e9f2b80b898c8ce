"""Proposals: what needs two people. One proposes, another confirms, each with a fresh factor."""

from datetime import datetime
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, JSONBody

from docvault.actions import proposals
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Proposal(Answer):
    """state: open | waiting | done | refused | withdrawn | lapsed. may: what you can do with it now.

    digest: what a confirmation's step-up (`proposal:confirm`) is bound to.
    """

    id: str
    kind: str
    sentence: str
    facts: dict[str, str]
    reason: str
    digest: str
    state: str
    proposed_by: str
    proposer_name: str
    proposed_at: datetime
    expires_at: datetime
    confirmer_name: str | None
    confirmed_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    subject_id: str | None
    may: list[str]


class ProposalList(Answer):
    items: list[Proposal]
    next: str | None


class NewProposal(Body):
    """kind and facts: grant-role {role, person_id | name, email}, reprove-factor {person_id},
    export-personal-data {format, and the filters of an export}, lift-hold {hold_id}, retention-override
    {document_id, until: a day}, destroy-document {document_id}, or destroy-keys {key}, which
    the terminal then does.

    step_up: a proof for `proposal:make`. Its digest is the hex SHA-256 of facts, kind and reason as JSON,
    with sorted keys and no spaces; the reason with single spaces.
    """

    kind: str
    facts: dict[str, str]
    reason: str
    step_up: str


class Confirmation(Body):
    """step_up: a proof for `proposal:confirm` on the proposal's digest."""

    step_up: str


@get("/proposals", summary="List proposals", tags=["Proposals"])
async def list_proposals(
    request: WebRequest,
    ended: FromQuery[bool] = False,
    after: FromQuery[str | None] = None,
) -> ProposalList:
    """What waits for a second person or for its time; or what ended. Newest first."""
    portal = portal_of(request)
    page = await run(
        proposals.list_proposals,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        alive=not ended,
        after=after,
        now=portal.clock(),
    )
    return ProposalList(items=[_proposal(item) for item in page.items], next=page.next)


@post("/proposals", summary="Propose a deed", tags=["Proposals"])
async def propose(request: WebRequest, data: JSONBody[NewProposal]) -> Proposal:
    """Ask for a second person. The first one ever is appointed alone."""
    portal = portal_of(request)
    made = await run(
        proposals.propose,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        kind=data.kind,
        facts=data.facts,
        reason=data.reason,
        step_up_id=data.step_up,
        now=portal.clock(),
    )
    return _proposal(made)


@get("/proposals/{proposal_id:str}", summary="Show a proposal", tags=["Proposals"])
async def show_proposal(request: WebRequest, proposal_id: FromPath[str]) -> Proposal:
    """One proposal, and what you can do with it."""
    portal = portal_of(request)
    found = await run(
        proposals.show_proposal,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        proposal_id=proposal_id,
        now=portal.clock(),
    )
    return _proposal(found)


@post(
    "/proposals/{proposal_id:str}/confirm",
    status_code=200,
    summary="Be the second person",
    tags=["Proposals"],
)
async def confirm_proposal(
    request: WebRequest, proposal_id: FromPath[str], data: JSONBody[Confirmation]
) -> Proposal:
    """Confirm what somebody else proposed. Without a delay it is done at once."""
    portal = portal_of(request)
    decided = await run(
        proposals.confirm_proposal,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        proposal_id=proposal_id,
        step_up_id=data.step_up,
        now=portal.clock(),
    )
    return _proposal(decided)


@post("/proposals/{proposal_id:str}/refuse", status_code=200, summary="Say no", tags=["Proposals"])
async def refuse_proposal(request: WebRequest, proposal_id: FromPath[str]) -> Proposal:
    """Refuse what somebody else proposed, also while the delay runs."""
    portal = portal_of(request)
    decided = await run(
        proposals.refuse_proposal,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        proposal_id=proposal_id,
        now=portal.clock(),
    )
    return _proposal(decided)


@post("/proposals/{proposal_id:str}/withdraw", status_code=200, summary="Take it back", tags=["Proposals"])
async def withdraw_proposal(request: WebRequest, proposal_id: FromPath[str]) -> Proposal:
    """Withdraw what you proposed, also while the delay runs."""
    portal = portal_of(request)
    decided = await run(
        proposals.withdraw_proposal,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        proposal_id=proposal_id,
        now=portal.clock(),
    )
    return _proposal(decided)


def _proposal(view: proposals.ProposalView) -> Proposal:
    same = {name: getattr(view, name) for name in Proposal.__struct_fields__ if name not in {"may", "facts"}}
    return Proposal(may=sorted(view.may), facts=dict(view.facts), **same)


HANDLERS = [
    list_proposals,
    propose,
    show_proposal,
    confirm_proposal,
    refuse_proposal,
    withdraw_proposal,
]
