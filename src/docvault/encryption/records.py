"""Small things under a key: wrapped keys and sealed secrets, each bound to a context. No I/O.

Format: "Records" and "One-purpose keys" of docs/formats/file-encryption.md.
"""

import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from docvault.encryption.errors import Tampered, UnknownAlgorithm

KEY = 32  # bytes of every key
ALGORITHM = b"\x01"  # HKDF-SHA-256 and AES-256-GCM
SALT = 24  # bytes: fresh for every record, so no (key, nonce) pair comes twice
NONCE = 12  # bytes
TAG = 16  # bytes
MOST = 2 * 1024 * 1024  # plaintext bytes of a record: an uploaded picture of a signature fits
_PURPOSE = re.compile(r"[a-z0-9-]{1,60}")


def derive(key: bytes, purpose: str) -> bytes:
    """Return the 32-byte key of `key` that serves `purpose` and nothing else. Secret."""
    if len(key) != KEY or not _PURPOSE.fullmatch(purpose):
        raise ValueError("a one-purpose key needs a key of 32 bytes and a purpose of a-z, 0-9 and -")
    return HKDF(SHA256(), KEY, None, b"docvault/key/v1\n" + purpose.encode() + b"\n").derive(key)


def seal(key: bytes, context: bytes, plaintext: bytes) -> bytes:
    """Return the record of `plaintext`; `key` is a one-purpose key, `context` is needed again to open it."""
    if len(plaintext) > MOST:
        raise ValueError("a record holds at most 2 MiB")
    salt = os.urandom(SALT)
    aead, nonce = _aead(key, salt)
    return ALGORITHM + salt + aead.encrypt(nonce, plaintext, ALGORITHM + context)


def unseal(key: bytes, context: bytes, record: bytes) -> bytes:
    """Return the plaintext of `record`. Raises UnknownAlgorithm or Tampered, tried in that order."""
    if record[:1] != ALGORITHM:
        raise UnknownAlgorithm
    salt, body = record[1 : 1 + SALT], record[1 + SALT :]
    if len(body) < TAG:
        raise Tampered
    aead, nonce = _aead(key, salt)
    try:
        return aead.decrypt(nonce, body, ALGORITHM + context)
    except InvalidTag:
        raise Tampered from None


def _aead(key: bytes, salt: bytes) -> tuple[AESGCM, bytes]:
    material = HKDF(SHA256(), KEY + NONCE, salt, b"docvault/record/v1\n").derive(key)
    return AESGCM(material[:KEY]), material[KEY:]
