"""Time-based one-time codes (RFC 6238: SHA-1, 30 seconds, 6 digits, what every authenticator app speaks).

Pure: says which step a code belongs to; that a step is accepted once is the database's part (promise 3).
"""

import base64
import hmac
import secrets
from datetime import datetime

import pyotp
import segno

SECRET = 20  # random bytes: 160 bits (promise 4)
STEP = 30  # seconds a code is shown
DIGITS = 6


def new_secret() -> bytes:
    """Return a fresh 160-bit seed."""
    return secrets.token_bytes(SECRET)


def spoken(secret: bytes) -> str:
    """Return the seed as base32, for an app that cannot scan."""
    return base64.b32encode(secret).decode().rstrip("=")


def heard(text: str) -> bytes:
    """Return the seed that `spoken` wrote."""
    return base64.b32decode(text + "=" * (-len(text) % 8))


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Return the code of one 30-second step, counted from 1970."""
    return pyotp.HOTP(spoken(secret), digits=digits).at(step)


def step_at(moment: datetime) -> int:
    """Return the 30-second step that `moment` (aware) falls into."""
    return int(moment.timestamp()) // STEP


def matching_step(secret: bytes, code: str, now: datetime) -> int | None:
    """Return the step in {T, T-1} whose code this is, the newer one first, or None.

    One step back covers typing; none forward, because a clock that runs ahead is a fault to mend (promise 3).
    """
    typed = "".join(code.split())
    if len(typed) != DIGITS or not typed.isascii() or not typed.isdigit():
        return None
    current = step_at(now)
    matches = [step for step in (current, current - 1) if hmac.compare_digest(code_at(secret, step), typed)]
    return matches[0] if matches else None


def enrolment_uri(secret: bytes, *, account: str, issuer: str) -> str:
    """Return the otpauth:// address that an authenticator app reads."""
    return pyotp.TOTP(spoken(secret)).provisioning_uri(name=account, issuer_name=issuer)


def qr_picture(uri: str) -> str:
    """Return a QR code as one <svg> element, without scripts or styles, black on white in every scheme."""
    picture: str = segno.make(uri, error="m", micro=False).svg_inline(
        scale=4, border=4, light="#fff", dark="#000"
    )
    return picture
