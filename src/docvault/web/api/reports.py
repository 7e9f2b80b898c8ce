"""What browsers report: a page of ours tried what its policy forbids (ASVS 5.0 3.4.7). A line of the log.

Anybody can send one, so it is small, seldom and never believed: it changes nothing and is told nothing.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from litestar import Request, Response, post

from docvault.web.access import PUBLIC, portal_of
from docvault.web.csrf import CHANGES_NOTHING

log = structlog.get_logger()

PATH = "/browser-reports"
LARGEST = 8 * 1024  # bytes of one request
MOST = 10  # lines of the log in a minute; what is beyond is counted and dropped
MINUTE = timedelta(minutes=1)
SHOWN = 120  # characters of each value
TYPES = {"application/csp-report", "application/reports+json"}  # of `report-uri` and of `report-to`


class Notebook:
    """How many lines were written in this minute, and how many were not; for one process."""

    def __init__(self) -> None:
        self.began: datetime | None = None
        self.written = self.dropped = 0

    def has_room(self, now: datetime) -> bool:
        if self.began is None or now - self.began >= MINUTE or now < self.began:
            if self.dropped:
                log.warning("web.browser_reports_dropped", reports=self.dropped)
            self.began, self.written, self.dropped = now, 0, 0
        full = self.written >= MOST
        self.dropped += full
        self.written += not full
        return not full


@post(
    PATH,
    opt=PUBLIC | CHANGES_NOTHING,
    status_code=204,
    summary="Report what a page was kept from",
    tags=["Operations"],
    request_max_body_size=LARGEST,
)
async def take_report(request: Request[Any, Any, Any]) -> Response[None]:
    """Note what a page was kept from. A report that cannot be read is dropped like one too many."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type in TYPES:
        notebook: Notebook = request.app.state.browser_reports
        for facts in _facts(await request.body()):
            if notebook.has_room(portal_of(request).clock()):
                log.warning("web.policy_violation", **facts)
    return Response(None, status_code=204)


def _facts(body: bytes) -> Iterator[dict[str, str]]:
    """Yield what a log may hold: addresses without what may be secret in them, and which rule it was."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return
    for report in said if isinstance(said, list) else [said]:
        told = report.get("body") or report.get("csp-report") if isinstance(report, dict) else None
        if isinstance(told, dict):
            yield {
                "page": _place(told.get("documentURL") or told.get("document-uri")),
                "blocked": _place(told.get("blockedURL") or told.get("blocked-uri")),
                "rule": str(told.get("effectiveDirective") or told.get("violated-directive") or "")[:SHOWN],
            }


def _place(address: object) -> str:
    """Return an address without its query and fragment, which may carry a secret."""
    try:
        parts = urlsplit(str(address or ""))
    except ValueError:
        return ""
    return (f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path)[:SHOWN]


HANDLERS = [take_report]
