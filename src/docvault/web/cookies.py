"""The two cookies DocVault knows: a session, and a challenge that waits for a second factor.

Both are `__Host-`, Secure, HttpOnly (promise 83). The session is SameSite=Lax because links in mail must open
signed in; no state changes on a GET, and every write carries a token bound to the session besides.
Its cookie holds two secrets, `token.csrf`: the database knows each only as a hash, pages need the second.
"""

from litestar.datastructures import Cookie

SESSION = "__Host-docvault"
CHALLENGE = "__Host-docvault-challenge"
CHALLENGE_LIFE = 300  # seconds; the challenge itself expires in the database


def session_cookie(token: str, csrf: str) -> Cookie:
    """Ends with the browser at the latest; the idle and absolute limits are kept by the server."""
    return Cookie(key=SESSION, value=f"{token}.{csrf}", secure=True, httponly=True, samesite="lax")


def challenge_cookie(token: str) -> Cookie:
    """A password was right; the browser that gave it holds this while the factor is owed."""
    return Cookie(
        key=CHALLENGE, value=token, secure=True, httponly=True, samesite="strict", max_age=CHALLENGE_LIFE
    )


def ended(name: str) -> Cookie:
    """Tell the browser to forget the cookie `name`."""
    return Cookie(key=name, value="", secure=True, httponly=True, samesite="lax", max_age=0)


def read(header: str, name: str) -> str | None:
    """Return the value of the cookie `name` in a Cookie header; None also when it is there twice."""
    values = [part.split("=", 1)[1] for part in _parts(header) if part.split("=", 1)[0] == name]
    return values[0] if len(values) == 1 and values[0] else None


def _parts(header: str) -> list[str]:
    return [part.strip() for part in header.split(";") if "=" in part]
