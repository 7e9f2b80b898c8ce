"""Secrets that travel: session, challenge and link tokens. The database keeps their SHA-256 only."""

import hashlib
import secrets

TOKEN = 32  # random bytes: 256 bits
TOKEN_CHARACTERS = 43  # base64url without padding
API_PREFIX = "dv_"  # an API token says what it is, so that scanners of leaked secrets find it


def new_token() -> str:
    """Return 256 fresh random bits as 43 base64url characters."""
    return secrets.token_urlsafe(TOKEN)


def new_api_token() -> str:
    """Return the secret of a program: the prefix and 256 fresh random bits."""
    return API_PREFIX + new_token()


def token_hash(token: str) -> bytes:
    """Return the 32 bytes that are stored instead of the token (promises 18, 37); any text is accepted.

    A plain hash is enough: a token of 256 random bits cannot be guessed from it.
    """
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
