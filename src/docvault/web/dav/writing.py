"""A file that a program saves: gathered into whole segments, and a version once all of it is there."""

from collections.abc import Mapping
from typing import Any

from wsgidav.dav_error import HTTP_BAD_REQUEST, HTTP_LENGTH_REQUIRED, DAVError

from docvault.actions import uploads
from docvault.policy.vocabulary import Acting
from docvault.vault.files import SEGMENT
from docvault.web.dav.errors import translated
from docvault.wiring import Portal


def announced_size(environ: Mapping[str, Any]) -> int:
    """Return how many bytes a request says it brings; macOS sends chunks, and says it in a header of its own.

    Raises DAVError: without a size nothing could be reserved.
    """
    text = str(environ.get("CONTENT_LENGTH") or environ.get("HTTP_X_EXPECTED_ENTITY_LENGTH") or "")
    if not text:
        raise DAVError(HTTP_LENGTH_REQUIRED, "Please send the size of the file with it (Content-Length).")
    if not text.isascii() or not text.isdigit():
        raise DAVError(HTTP_BAD_REQUEST, "The size of the file could not be read.")
    return int(text)


class Writer:
    """One upload. Nothing is seen of it before `close`; given up, nothing is left of it."""

    def __init__(
        self,
        portal: Portal,
        acting: Acting,
        *,
        folder_id: str,
        name: str,
        size: int,
        document_id: str | None,
    ) -> None:
        self._portal = portal
        self._acting = acting
        self._gathered = bytearray()
        with translated():
            self._state = uploads.begin_upload(
                portal.db,
                portal.vault,
                acting=acting,
                folder_id=folder_id,
                filename=name,
                size=size,
                document_id=document_id,
                now=portal.clock(),
            )

    def write(self, data: bytes) -> None:
        """Take the next bytes; whole segments are stored at once."""
        self._gathered += data
        while len(self._gathered) >= SEGMENT:
            self._store(self._gathered[:SEGMENT])
            del self._gathered[:SEGMENT]

    def close(self) -> None:
        """Store the rest and make all of it a version. Raises DAVError, also if less came than was said."""
        if self._gathered:
            self._store(self._gathered)
            self._gathered = bytearray()
        with translated():
            uploads.finish_upload(
                self._portal.db,
                self._portal.vault,
                self._portal.pdf,
                acting=self._acting,
                upload_id=self._state.id,
                now=self._portal.clock(),
            )

    def give_up(self) -> None:
        """Remove what has arrived; the rest of an upload that broke off is collected as any other."""
        with translated():
            uploads.abandon_upload(
                self._portal.db,
                self._portal.vault,
                acting=self._acting,
                upload_id=self._state.id,
                now=self._portal.clock(),
            )

    def _store(self, segment: bytearray) -> None:
        with translated():
            self._state = uploads.store_segment(
                self._portal.db,
                self._portal.vault,
                acting=self._acting,
                upload_id=self._state.id,
                offset=self._state.received,
                plaintext=segment,
                now=self._portal.clock(),
            )
