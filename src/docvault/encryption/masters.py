"""What is sealed under a master key: it says under which generation, so that masters can be renewed. No I/O.

Format: "Under the master key" of docs/formats/file-encryption.md.
"""

import hashlib
import hmac
from typing import Protocol

from docvault.encryption import records
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm

LAYOUT = b"\x02"  # a generation, then a record; every other value is refused (promise 58)
HEADER = 5  # bytes: the layout and the generation
FIRST = 1
FOLDER_KEY = "folder-key"  # the purpose of the key that seals folder keys
DIGEST = 16  # hex digits


class Keyring(Protocol):
    """The master keys of an installation by generation; gives out one-purpose keys only."""

    def newest(self) -> int:
        """Return the generation under which new things are sealed."""

    def derive(self, purpose: str, generation: int) -> bytes:
        """Return the key of that master for `purpose`. Secret. Raises Tampered if there is no such master."""


class RootKey(Protocol):
    """Wraps master keys, wherever it is kept itself; it may never leave that place."""

    @property
    def name(self) -> str:
        """Say which root key this is; no secret. Another root key has another name."""

    def wrap(self, master: bytes, context: MasterContext) -> bytes:
        """Return the master wrapped for its context. Raises RootKeyAway."""

    def unwrap(self, wrapped: bytes, context: MasterContext) -> bytes:
        """Return the master again. Raises RootKeyAway, UnknownAlgorithm or Tampered."""


def seal(keyring: Keyring, purpose: str, context: bytes, plaintext: bytes) -> bytes:
    """Return `plaintext` sealed under the newest master; `purpose` and `context` are needed again."""
    generation = keyring.newest()
    return header(generation) + records.seal(keyring.derive(purpose, generation), context, plaintext)


def unseal(keyring: Keyring, purpose: str, context: bytes, sealed: bytes) -> bytes:
    """Return the plaintext. Raises UnknownAlgorithm or Tampered, tried in that order."""
    generation = generation_of(sealed)
    return records.unseal(keyring.derive(purpose, generation), context, sealed[HEADER:])


def record_purpose(context: str) -> str:
    """Return the purpose of the key that seals a small secret. A context is `purpose:rest`."""
    purpose, colon, rest = context.partition(":")
    if not purpose or not colon or not rest:
        raise ValueError("a context names its purpose: purpose:rest")
    return f"record-{purpose}"


def header(generation: int) -> bytes:
    """Return what everything that is sealed under this master begins with."""
    return LAYOUT + generation.to_bytes(HEADER - 1, "big")


def generation_of(sealed: bytes) -> int:
    """Return the master that `sealed` says it is under. Raises UnknownAlgorithm or Tampered."""
    if sealed[:1] != LAYOUT:
        raise UnknownAlgorithm
    if len(sealed) < HEADER:
        raise Tampered
    return int.from_bytes(sealed[1:HEADER], "big")


def digest(master: bytes) -> str:
    """Return what tells a master from every other key and gives nothing of it away: 16 hex digits."""
    return hashlib.sha256(b"docvault/master-key-check/v1\n" + master).hexdigest()[:DIGEST]


def is_it(master: bytes, expected: str) -> bool:
    """Tell whether this is the master of that digest: a place that keeps root keys may answer anything."""
    return len(master) == records.KEY and hmac.compare_digest(digest(master), expected)
