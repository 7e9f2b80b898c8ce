"""Whether the process lives and can do its work, for supervisors and load balancers. Tells nothing else."""

from typing import Any

from anyio import move_on_after
from litestar import Request, Response, get

from docvault.actions import scans
from docvault.web.access import PUBLIC, portal_of
from docvault.web.running import run, run_aside
from docvault.web.wire import Answer

PATIENCE = 5  # seconds for the database; a supervisor asks again soon

WebRequest = Request[Any, Any, Any]


class Health(Answer):
    status: str


class Readiness(Health):
    """storage: of files; without it people sign in and look at pages, but nothing is read or stored.
    scanner: for malware; none, ok, or unavailable while files wait because it gives no verdicts.
    """

    storage: str
    scanner: str


@get("/health/live", opt=PUBLIC, summary="Is the process alive", tags=["Operations"])
async def live() -> Health:
    """Answer as long as the process does."""
    return Health(status="ok")


@get("/health/ready", opt=PUBLIC, summary="Can it do its work", tags=["Operations"])
async def ready(request: WebRequest) -> Response[Readiness]:
    """Answer 200 when the database answers, else 503. The other two are named, and alone are no 503."""
    portal = portal_of(request)
    is_ready = False
    with move_on_after(PATIENCE):
        is_ready = await run_aside(portal.db.answers)
    stores = await run(portal.blobs.answers)
    words = {True: "ok", False: "unavailable"}
    scanner = await run(scans.scanner_state, portal.db, portal.scanner) if is_ready else "unavailable"
    return Response(
        Readiness(status=words[is_ready], storage=words[stores], scanner=scanner),
        status_code=200 if is_ready else 503,
    )


HANDLERS = [live, ready]
