"""The rules in force, and why somebody may or may not do something."""

from typing import Any, Literal

import msgspec
from litestar import Request, get
from litestar.params import FromQuery

from docvault.actions import explanations
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]


class RuleAnswer(Answer):
    id: str
    says: str
    file: str


class Rules(Answer):
    items: list[RuleAnswer]
    next: str | None


class Explanation(Answer):
    """barred: why nothing at all is allowed to this person. could: rules that would allow a bare refusal."""

    verdict: Literal["allowed", "refused"]
    person_id: str
    permission: str
    thing_type: str
    thing_id: str
    barred: str | None
    decided: list[RuleAnswer]
    could: list[RuleAnswer]


@get("/policy/rules", summary="List the rules in force", tags=["Policy"])
async def rules(request: WebRequest) -> Rules:
    """Every rule with its sentence, in the order of the files."""
    found = await run(explanations.list_rules, portal_of(request).db, acting=signed_in(request))
    return Rules(items=msgspec.convert(list(found), list[RuleAnswer], from_attributes=True), next=None)


@get("/policy/explanation", summary="Explain a decision", tags=["Policy"])
async def explanation(
    request: WebRequest, person: FromQuery[str], does: FromQuery[str], on: FromQuery[str] = ""
) -> Explanation:
    """Whether a person (an id or an address) may do something now, and by which rules. on: e.g. folder:ID."""
    portal = portal_of(request)
    found = await run(
        explanations.explain_decision,
        portal.db,
        acting=signed_in(request),
        person=person,
        permission=does,
        on=on,
        now=portal.clock(),
    )
    return Explanation(
        verdict="allowed" if found.allowed else "refused",
        person_id=found.person.id,
        permission=found.permission.value,
        thing_type=found.thing_type.value,
        thing_id=found.thing_id,
        barred=found.barred,
        decided=msgspec.convert(list(found.explanation.decided), list[RuleAnswer], from_attributes=True),
        could=msgspec.convert(list(found.explanation.could), list[RuleAnswer], from_attributes=True),
    )


HANDLERS = [rules, explanation]
