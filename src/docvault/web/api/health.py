"""Whether the process lives and can do its work, for supervisors and load balancers. Tells nothing else."""

from typing import Any

from litestar import Request, Response, get

from docvault.web.access import PUBLIC, portal_of
from docvault.web.running import run
from docvault.web.wire import Answer

WebRequest = Request[Any, Any, Any]


class Health(Answer):
    status: str


@get("/health/live", opt=PUBLIC, summary="Is the process alive", tags=["Operations"])
async def live() -> Health:
    """Answer as long as the process does."""
    return Health(status="ok")


@get("/health/ready", opt=PUBLIC, summary="Can it do its work", tags=["Operations"])
async def ready(request: WebRequest) -> Response[Health]:
    """Answer 200 when the database answers and its tables are the ones this version needs, else 503."""
    is_ready = await run(portal_of(request).db.answers)
    return Response(Health(status="ok" if is_ready else "unavailable"), status_code=200 if is_ready else 503)


HANDLERS = [live, ready]
