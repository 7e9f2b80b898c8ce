"""The cookies DocVault knows: a session, what waits for a second factor or a passkey, and known devices.

Both are `__Host-`, Secure, HttpOnly (promise 83). The session is SameSite=Lax because links in mail must open
signed in; no state changes on a GET, and every write carries a token bound to the session besides.
Its cookie holds two secrets, `token.csrf`: the database knows each only as a hash, pages need the second.
"""

from collections.abc import Sequence

from litestar.datastructures import Cookie

SESSION = "__Host-docvault"
CHALLENGE = "__Host-docvault-challenge"
PASSKEY = "__Host-docvault-passkey"
DEVICE = "__Host-docvault-device"
DEVICE_LIFE = 400 * 24 * 3600  # seconds: as long as browsers keep any cookie (RFC 6265bis, 5.5)
DEVICES = 5  # people who share a browser and are known in it
VISIT = "__Host-docvault-visit"
ASKED = "__Host-docvault-asked"
ASKED_LIFE = 600  # seconds; the code itself expires in the database
BACK = "__Host-docvault-back"
BACK_LIFE = 4 * 3600  # seconds; how long it leads back to the host is the database's business
SIGN_ON = "__Host-docvault-sign-on"
SIGN_ON_LIFE = 600  # seconds; the journey itself expires in the database
CHALLENGE_LIFE = 300  # seconds; the challenge itself expires in the database


def session_cookie(token: str, csrf: str) -> Cookie:
    """Ends with the browser at the latest; the idle and absolute limits are kept by the server."""
    return Cookie(key=SESSION, value=f"{token}.{csrf}", secure=True, httponly=True, samesite="lax")


def challenge_cookie(token: str) -> Cookie:
    """A password was right; the browser that gave it holds this while the factor is owed."""
    return Cookie(
        key=CHALLENGE, value=token, secure=True, httponly=True, samesite="strict", max_age=CHALLENGE_LIFE
    )


def passkey_cookie(token: str) -> Cookie:
    """A passkey was asked for; only the browser that was asked may answer."""
    return Cookie(
        key=PASSKEY, value=token, secure=True, httponly=True, samesite="strict", max_age=CHALLENGE_LIFE
    )


def sign_on_cookie(browser: str) -> Cookie:
    """Held while somebody is at the identity provider. Strict: our own page posts the answer."""
    return Cookie(
        key=SIGN_ON, value=browser, secure=True, httponly=True, samesite="strict", max_age=SIGN_ON_LIFE
    )


def visit_cookie(token: str, hours: int) -> Cookie:
    """A guest said who they are; this browser is where the visit goes on. It opens no account."""
    return Cookie(key=VISIT, value=token, secure=True, httponly=True, samesite="lax", max_age=hours * 3600)


def asked_cookie(secret: str) -> Cookie:
    """A code was mailed; only the browser that opened the link may give it. It opens nothing by itself."""
    return Cookie(key=ASKED, value=secret, secure=True, httponly=True, samesite="strict", max_age=ASKED_LIFE)


def back_cookie(secret: str) -> Cookie:
    """A host handed the device over; it leads back to their second factor, and opens nothing by itself."""
    return Cookie(key=BACK, value=secret, secure=True, httponly=True, samesite="strict", max_age=BACK_LIFE)


def device_cookie(tokens: Sequence[str]) -> Cookie:
    """Whoever signed in here is known here: a secret for each of the last few people, newest first."""
    kept = ".".join(tokens[:DEVICES])
    return Cookie(key=DEVICE, value=kept, secure=True, httponly=True, samesite="lax", max_age=DEVICE_LIFE)


def devices(header: str) -> tuple[str, ...]:
    """Return the secrets of a device cookie; whether they mean anything is the database's business."""
    return tuple((read(header, DEVICE) or "").split(".")[:DEVICES]) if DEVICE in header else ()


def ended(name: str) -> Cookie:
    """Tell the browser to forget the cookie `name`."""
    return Cookie(key=name, value="", secure=True, httponly=True, samesite="lax", max_age=0)


def read(header: str, name: str) -> str | None:
    """Return the value of the cookie `name` in a Cookie header; None also when it is there twice."""
    values = [part.split("=", 1)[1] for part in _parts(header) if part.split("=", 1)[0] == name]
    return values[0] if len(values) == 1 and values[0] else None


def _parts(header: str) -> list[str]:
    return [part.strip() for part in header.split(";") if "=" in part]
