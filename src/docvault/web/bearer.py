"""What programs send instead of a cookie: `Authorization: Bearer dv_…` (RFC 6750, 2.1)."""

from litestar.datastructures import Headers

from docvault.credentials.tokens import API_PREFIX

PREFIX = "/api/v1/"  # of the paths that take a token at all


def is_given(headers: Headers) -> bool:
    """Tell whether the request carries any `Authorization`, whatever it says."""
    return "authorization" in headers


def token_of(headers: Headers) -> str | None:
    """Return the token; None for Basic or another scheme, for no token of ours, and for two headers."""
    given = headers.getall("authorization", [])
    if len(given) != 1:
        return None
    scheme, _, token = given[0].partition(" ")
    return token if scheme.lower() == "bearer" and token.startswith(API_PREFIX) else None
