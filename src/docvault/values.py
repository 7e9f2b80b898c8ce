"""Ids, the clock and the root error: what every room may use. Never does I/O.

Ids are 128 random bits in lower-case base32 without padding (26 characters): nobody can guess or count them.
"""

import base64
import secrets
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NewType

PersonId = NewType("PersonId", str)
OrganisationId = NewType("OrganisationId", str)
FolderId = NewType("FolderId", str)
DocumentId = NewType("DocumentId", str)
UploadId = NewType("UploadId", str)
EnvelopeId = NewType("EnvelopeId", str)
RecipientId = NewType("RecipientId", str)
FieldId = NewType("FieldId", str)
SessionId = NewType("SessionId", str)

Clock = Callable[[], datetime]

NOT_FOUND = "We could not find that. It may have been removed, or it is not shared with you."
ID_LENGTH = 26  # characters: 128 bits at 5 bits each, rounded up


class DocVaultError(Exception):
    """The root of every error of ours. The message is safe for whom it reaches and carries no secret."""


class NotFound(DocVaultError):
    """Not there, or not theirs: the two are the same answer (promise 21)."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message or NOT_FOUND)


def new_id() -> str:
    """Return 128 fresh random bits as 26 lower-case base32 characters (RFC 4648 alphabet, no padding)."""
    return base64.b32encode(secrets.token_bytes(16)).decode().rstrip("=").lower()


def utc_now() -> datetime:
    """Return the moment now, aware, in UTC."""
    return datetime.now(UTC)
