"""Words under a key: what the search index keeps of them. No I/O.

Format: docs/formats/search-index.md.
"""

import binascii
import hmac
from collections.abc import Sequence

from docvault.encryption import records

PURPOSE = "search"  # of the one-purpose key of a folder key
HASH = 16  # bytes of the HMAC that are kept
_TITLE = b"docvault/search-word/v1\n"
_URL_SAFE = str.maketrans("+/", "-_", "=")


def search_key(folder_key: bytes) -> bytes:
    """Return the key under which the words of a folder's generation are hashed. Secret."""
    return records.derive(folder_key, PURPOSE)


def hashed(key: bytes, word: str) -> str:
    """Return what the index keeps of a word: base64url of 16 bytes, without padding."""
    return hashed_under([key], word)[0]


def hashed_under(keys: Sequence[bytes], word: str) -> list[str]:
    """Return the same under each of these keys: a search asks under those of thousands of folders."""
    message = _TITLE + word.encode()
    digests = [hmac.digest(key, message, "sha256")[:HASH] for key in keys]
    lines = b"".join([binascii.b2a_base64(digest) for digest in digests]).decode()
    return lines.translate(_URL_SAFE).split()
