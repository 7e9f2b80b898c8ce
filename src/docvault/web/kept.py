"""What the pages of a document and a folder say of how long it is kept, and of the holds on it."""

from typing import Any

from litestar import Request

from docvault.actions import holds, retention
from docvault.policy.vocabulary import PORTAL, Permission
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run


async def of_document(request: Request[Any, Any, Any], document_id: str) -> dict[str, Any]:
    """Return fate, holds and what may be done about them, for document.html."""
    portal, acting, now = portal_of(request), signed_in(request), portal_of(request).clock()
    return {
        "fate": await run(retention.fate_of, portal.db, acting=acting, document_id=document_id, now=now),
        "holds": await run(
            holds.holds_on_document,
            portal.db,
            portal.vault.records,
            acting=acting,
            document_id=document_id,
            at=now,
        ),
        **_known(request),
    }


async def of_folder(request: Request[Any, Any, Any], folder_id: str, kind: str) -> dict[str, Any]:
    """Return the schedule and the holds, for folder.html."""
    portal, acting = portal_of(request), signed_in(request)
    on_folder = await run(
        holds.holds_on_folder,
        portal.db,
        portal.vault.records,
        acting=acting,
        folder_id=folder_id,
        at=portal.clock(),
    )
    schedule = portal.db.policy.numbers.retention.of(kind)
    return {"holds": on_folder, "schedule": schedule, **_known(request)}


def _known(request: Request[Any, Any, Any]) -> dict[str, Any]:
    policy = portal_of(request).db.policy
    return {
        "may_hold": policy.decide(signed_in(request), Permission.HOLD_MANAGE, PORTAL).allowed,
        "bin_days": policy.numbers.retention.bin_days,
    }
