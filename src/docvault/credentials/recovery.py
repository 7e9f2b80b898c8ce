"""Recovery codes: shown once, kept as hashes, each good for one enrolment of a new factor (promise 12).

120 random bits need no slow hash (ASVS 6.5.2 asks for one only below 112 bits).
"""

import base64
import hashlib
import secrets

CODE = 15  # random bytes: 120 bits, 24 base32 characters
GROUP = 4  # characters between dashes


def new_codes(count: int) -> list[str]:
    """Return fresh codes for people to write down: six groups of four lower-case base32 characters."""
    return [_grouped(base64.b32encode(secrets.token_bytes(CODE)).decode().lower()) for _ in range(count)]


def code_hash(code: str) -> bytes:
    """Return the 32 bytes that are stored.

    Spaces, dashes and capitals do not matter; 0, 1 and 8, which no code has, are read as o, l and b.
    """
    plain = "".join(code.split()).replace("-", "").lower().translate(str.maketrans("018", "olb"))
    return hashlib.sha256(b"docvault recovery code:" + plain.encode("utf-8", "surrogatepass")).digest()


def _grouped(text: str) -> str:
    return "-".join(text[start : start + GROUP] for start in range(0, len(text), GROUP))
