"""What is sealed under a master key: it says under which generation, so that masters can be renewed. No I/O.

Format: "Under the master key" of docs/formats/file-encryption.md.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from docvault.encryption import records
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import Tampered, UnknownAlgorithm

LAYOUT = b"\x02"  # a generation, then a record; every other value is refused (promise 58)
HEADER = 5  # bytes: the layout and the generation
FIRST = 1
FOLDER_KEY = "folder-key"  # the purpose of the key that seals folder keys
DIGEST = 16  # hex digits


@dataclass(frozen=True, slots=True)
class WrappedMaster:
    """A master key as the database keeps it."""

    generation: int  # from 1
    root: str  # the name of the root key that wraps it
    wrapped: bytes = field(repr=False)
    digest: str  # tells it from every other key


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A key of the installation's own as its row keeps it, sealed: whoever has this has no key.

    context: `key:` and its name, as `docvault keys list` calls it; the later generations with their number.
    """

    context: str
    wrapped: bytes = field(repr=False)


class Keyring(Protocol):
    """Does what is done with the installation's keys. No answer holds a root, master or private key, nor a
    pepper (promise 55): what is asked for is the deed, and never the key.
    """

    def newest(self) -> int:
        """Return the generation under which new things are sealed."""

    def seal(self, purpose: str, context: bytes, plaintext: bytes) -> bytes:
        """Return `plaintext` sealed under the newest master; `purpose` and `context` are needed again.

        Raises KeyKept where the purpose is that of the installation's own keys.
        """

    def unseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """Return the plaintext. Raises KeyKept as `seal`, UnknownAlgorithm or Tampered, in that order."""

    def unseal_all(self, purpose: str, sealed: Sequence[tuple[bytes, bytes]]) -> list[bytes]:
        """Return the plaintexts of what is sealed, each given after its context. Raises as `unseal`."""

    # Own keys, each for the one deed that its name allows. All raise KeyKept for another one's deed,
    # UnknownAlgorithm or Tampered, in that order.

    def mac(self, key: SealedKey, message: bytes) -> bytes:
        """Return the HMAC-SHA-256 of `message` under a pepper."""

    def seal_with(self, key: SealedKey, context: bytes, plaintext: bytes) -> bytes:
        """Return the record of `plaintext` under the key of tombstones."""

    def unseal_with(self, key: SealedKey, context: bytes, record: bytes) -> bytes:
        """Return the plaintext of a record under the key of tombstones."""

    def public_key(self, key: SealedKey) -> bytes:
        """Return the public half of a key that signs, SubjectPublicKeyInfo in DER."""

    def sign(self, key: SealedKey, message: bytes) -> bytes:
        """Return the signature of `message`: Ed25519 of the log's key, else ECDSA with SHA-256 in DER."""

    # Keys of signers: made for one signature, and in no row.

    def new_signer(self) -> tuple[str, bytes]:
        """Make a key for one signature; return its name and its public half, as `public_key`."""

    def sign_once(self, name: str, message: bytes) -> bytes:
        """Return the ECDSA signature of SHA-256 of `message`, DER; the key is gone. Raises SignerGone."""

    def forget_signer(self, name: str) -> None:
        """Destroy the key of a signer unused; one that is gone is fine."""


class Keys(Keyring, Protocol):
    """A keyring that is told which masters there are: it knows no database."""

    @property
    def root_name(self) -> str:
        """Say which root key opens the masters; no secret."""

    def learn(self, rows: Sequence[WrappedMaster]) -> None:
        """Open what is new among the wrapped masters, and forget what is not among them.

        Raises RootKeyAway, UnknownAlgorithm, Tampered or RootKeyLies.
        """

    def known(self) -> frozenset[int]:
        """Return the generations of the masters that are open."""

    def seal(self, purpose: str, context: bytes, plaintext: bytes, *, generation: int = 0) -> bytes:
        """Do as Keyring says. generation: of the master; 0: the newest that is open. Raises MasterUnknown."""

    def close(self) -> None:
        """Forget the keys, or hang up on whoever holds them."""


class Workshop(Keyring, Protocol):
    """A keyring whose keys can be renewed: at the terminal and at the start, never in a web process."""

    def seal_key(self, context: str, secret: bytes) -> SealedKey:
        """Seal a new key of the installation's own, for its row. The secret goes in and never comes out."""

    def carry(self, key: SealedKey, context: str) -> SealedKey:
        """Seal a key of the installation's own again under another name. Raises as `unseal`."""

    def reseal(self, purpose: str, context: bytes, sealed: bytes) -> bytes:
        """Seal anything that a master seals again, under the newest. Raises UnknownAlgorithm or Tampered."""


class RootKey(Protocol):
    """Wraps master keys, wherever it is kept itself; it may never leave that place."""

    @property
    def name(self) -> str:
        """Say which root key this is; no secret. Another root key has another name."""

    def wrap(self, master: bytes, context: MasterContext) -> bytes:
        """Return the master wrapped for its context. Raises RootKeyAway."""

    def unwrap(self, wrapped: bytes, context: MasterContext) -> bytes:
        """Return the master again. Raises RootKeyAway, UnknownAlgorithm or Tampered."""


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
