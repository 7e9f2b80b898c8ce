"""Words under a key: what the search index keeps of them. No I/O.

Format: docs/formats/search-index.md.
"""

import base64
import hmac

from docvault.encryption import records

PURPOSE = "search"  # of the one-purpose key of a folder key
HASH = 16  # bytes of the HMAC that are kept
_TITLE = b"docvault/search-word/v1\n"


def search_key(folder_key: bytes) -> bytes:
    """Return the key under which the words of a folder's generation are hashed. Secret."""
    return records.derive(folder_key, PURPOSE)


def hashed(key: bytes, word: str) -> str:
    """Return what the index keeps of a word: base64url of 16 bytes, without padding."""
    digest = hmac.digest(key, _TITLE + word.encode(), "sha256")[:HASH]
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
