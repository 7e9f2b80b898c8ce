"""Secrets that travel: session, challenge and link tokens. The database keeps their SHA-256 only."""

import hashlib
import secrets

TOKEN = 32  # random bytes: 256 bits
TOKEN_CHARACTERS = 43  # base64url without padding


def new_token() -> str:
    """Return 256 fresh random bits as 43 base64url characters."""
    return secrets.token_urlsafe(TOKEN)


def token_hash(token: str) -> bytes:
    """Return the 32 bytes that are stored instead of the token (promises 18, 37); any text is accepted.

    A plain hash is enough: a token of 256 random bits cannot be guessed from it.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
