"""What a proof for a deed names: the digest of the deed in words (promise 17). Pure.

A program computes the same: SHA-256 of the words, joined by line feeds, in UTF-8 (docs in /api/docs).
"""

import hashlib


def digest(deed: str, *parts: str) -> str:
    """Return the hex SHA-256 of a deed and what it is done to: `end the session` and the session's id."""
    return hashlib.sha256("\n".join((deed, *parts)).encode()).hexdigest()
