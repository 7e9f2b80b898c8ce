"""The files of an envelope that this person may have, for the pages that list them."""

from collections.abc import Sequence
from typing import Any

from litestar import Request

from docvault.actions import attachments, paper_checks
from docvault.database.attachments import AttachmentRow
from docvault.database.papers import PaperRow
from docvault.values import EnvelopeId
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run


async def files_of(request: Request[Any, Any, Any], envelope_id: str) -> Sequence[AttachmentRow]:
    """Return what signers handed in. Raises NotFound, Forbidden."""
    return await run(
        attachments.list_files,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )


async def papers_of(request: Request[Any, Any, Any], envelope_id: str) -> Sequence[PaperRow]:
    """Return the scans of what people signed by hand. Raises NotFound, Forbidden."""
    return await run(
        paper_checks.list_papers,
        portal_of(request).db,
        acting=signed_in(request),
        envelope_id=EnvelopeId(envelope_id),
    )
