"""Erasing a person's details: what it would do, and whose were erased. Doing it is a proposal."""

from datetime import datetime
from typing import Any

from litestar import Request, get
from litestar.params import FromPath

from docvault.actions import erasures
from docvault.database.erasures import Erasure as ErasureRow
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]


class Erasure(Answer):
    """entries: of the log, whose details are gone. kept: entries that stay until kept_until, as evidence of
    signed documents. done_at: null while the worker is at it.
    """

    person_id: str
    begun_at: datetime
    done_at: datetime | None
    entries: int
    kept: int
    kept_until: datetime | None


class ErasureList(Answer):
    items: list[Erasure]
    next: str | None = None


class Evidence(Answer):
    """kept_until: as the schedule of the document says now. title: empty for administrators."""

    envelope_id: str
    title: str
    kept_until: datetime


class ErasurePlan(Answer):
    """reasons: what stands against it now. evidence: what would be kept, and until when."""

    person_id: str
    reasons: list[str]
    evidence: list[Evidence]
    done: Erasure | None


@get("/erasures", summary="List whose details were erased", tags=["Retention"])
async def list_erasures(request: WebRequest) -> ErasureList:
    """Everybody whose details two people let be erased, newest first: by id, without a name."""
    found = await run(erasures.list_erasures, portal_of(request).db, acting=signed_in(request))
    return ErasureList([_erasure(one) for one in found])


@get("/people/{person_id:str}/erasure", summary="Show what erasing a person would do", tags=["Retention"])
async def show_erasure(request: WebRequest, person_id: FromPath[str]) -> ErasurePlan:
    """What stands against erasing somebody's details, what would be kept and until when, or what was done."""
    portal = portal_of(request)
    plan = await run(
        erasures.plan, portal.db, acting=signed_in(request), person_id=person_id, now=portal.clock()
    )
    return ErasurePlan(
        person_id=plan.person_id,
        reasons=list(plan.reasons),
        evidence=[Evidence(one.envelope_id, one.title, one.kept_until) for one in plan.evidence],
        done=_erasure(plan.done) if plan.done else None,
    )


def _erasure(row: ErasureRow) -> Erasure:
    return Erasure(**{name: getattr(row, name) for name in Erasure.__struct_fields__})


HANDLERS = [list_erasures, show_erasure]
