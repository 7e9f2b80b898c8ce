"""Sending one small file by a plain form, where JavaScript is off. What is larger goes by tus."""

from typing import Any

from litestar import Request, Response, post
from litestar.params import FromPath
from litestar.response import Redirect

from docvault.actions import uploads
from docvault.vault.files import SEGMENT
from docvault.web import file_forms
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run

WebRequest = Request[Any, Any, Any]


@post(
    "/folders/{folder_id:str}/files",
    request_max_body_size=file_forms.FILE_MOST + file_forms.ROOM,
)
async def send_file(request: WebRequest, folder_id: FromPath[str]) -> Response[Any]:
    """Keep the file as a document of the folder, then show the folder."""
    form = await file_forms.read(request)
    portal = portal_of(request)
    about: dict[str, Any] = {"acting": signed_in(request), "now": portal.clock()}
    begun = await run(
        uploads.begin_upload,
        portal.db,
        portal.vault,
        folder_id=folder_id,
        filename=form.filename,
        size=len(form.content),
        **about,
    )
    sending = {"upload_id": begun.id, **about}
    for offset in range(0, len(form.content), SEGMENT):
        part = form.content[offset : offset + SEGMENT]
        await run(uploads.store_segment, portal.db, portal.vault, offset=offset, plaintext=part, **sending)
    await run(uploads.finish_upload, portal.db, portal.vault, portal.pdf, **sending)
    return Redirect(f"/folders/{folder_id}", status_code=303)


HANDLERS = [send_file]
