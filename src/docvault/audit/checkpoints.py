"""Checkpoints and signed notes: what the log's key vouches for. Never reads or keeps keys itself.

Follows c2sp.org/signed-note (Ed25519, signature type 0x01) and c2sp.org/tlog-checkpoint.
"""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from docvault.audit.errors import NoteInvalid
from docvault.audit.tree import HASH

ED25519 = b"\x01"  # the signature type of c2sp.org/signed-note
KEY_ID = 4  # bytes
SIGNATURE = 64  # bytes
CHECKPOINT_LINES = 3  # origin, size, root; more may follow

_ORIGIN = re.compile(r"[^\s+\x00-\x1f\x7f]{1,200}\Z")
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)
_VKEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/=]{1,64})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The public half of a log key: enough to verify everything that the log signed."""

    origin: str
    raw: bytes  # 32 bytes

    @property
    def id(self) -> bytes:
        """The 4 bytes that lead from a signature to its key; a hint, not a proof."""
        return hashlib.sha256(self.origin.encode() + b"\n" + ED25519 + self.raw).digest()[:KEY_ID]

    @property
    def text(self) -> str:
        """The one-line form of c2sp.org/signed-note: `name+hash+key`."""
        return f"{self.origin}+{self.id.hex()}+{base64.b64encode(ED25519 + self.raw).decode()}"

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the one-line form, in hex by fours: what two people compare by telephone."""
        digest = hashlib.sha256(self.text.encode()).hexdigest()
        return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))

    @classmethod
    def read(cls, text: str) -> "PublicKey":
        """Return the key of a one-line form; surrounding white space is ignored. Raises NoteInvalid."""
        found = _VKEY.match(text.strip())
        if not found:
            raise NoteInvalid("That is not a public key of an audit log (name+hash+key on one line).")
        encoded = strict_base64(found[3])
        if encoded[:1] != ED25519 or len(encoded) != 1 + HASH:
            raise NoteInvalid("That public key is not an Ed25519 key.")
        key = cls(origin=found[1], raw=encoded[1:])
        if key.text != text.strip():
            raise NoteInvalid("That public key does not fit its own hash.")
        return key


@dataclass(frozen=True, slots=True)
class LogKey:
    """The log's signing key. `origin` names the log for ever: a URL without scheme, spaces and plus signs."""

    origin: str
    private: Ed25519PrivateKey

    def __post_init__(self) -> None:
        if not _ORIGIN.match(self.origin):
            raise NoteInvalid("The origin of an audit log has no spaces and no plus signs.")

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.origin, self.private.public_key().public_bytes_raw())

    def in_charge(self, _tx: object) -> "LogKey":
        """Return itself: alone, it is the key of a log that never had another."""
        return self


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A size and the root of the tree at that size."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def sign_note(key: LogKey, text: str) -> str:
    """Return `text`, which ends with a newline, as a note signed by the log."""
    signature = base64.b64encode(key.public.id + key.private.sign(text.encode())).decode()
    return f"{text}\n— {key.origin} {signature}\n"


def open_note(note: str, key: PublicKey) -> str:
    """Return the text that `key` signed, with its last newline. Raises NoteInvalid.

    Other signatures (of witnesses) may stand beside it and are not judged here.
    """
    text, signatures = _split(note)
    for name, encoded in signatures:
        raw = strict_base64(encoded)
        if name != key.origin or raw[:KEY_ID] != key.id:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(key.raw).verify(raw[KEY_ID:], text.encode())
        except (InvalidSignature, ValueError) as error:
            raise NoteInvalid("The signature of the audit log's key is wrong.") from error
        return text
    raise NoteInvalid("It is not signed by this audit log's key.")


def note_text(note: str) -> str:
    """Return what a note says, with its last newline; nobody vouches for it yet. Raises NoteInvalid."""
    return _split(note)[0]


def sign_checkpoint(key: LogKey, size: int, root: bytes) -> str:
    """Return the signed checkpoint of a tree with `size` entries."""
    return sign_note(key, Checkpoint(key.origin, size, root).text())


def open_checkpoint(note: str, key: PublicKey) -> Checkpoint:
    """Return the checkpoint that `key` signed. Raises NoteInvalid."""
    lines = open_note(note, key).split("\n")
    if len(lines) < CHECKPOINT_LINES + 1 or lines[0] != key.origin or not _SIZE.match(lines[1]):
        raise NoteInvalid("The signed note is not a checkpoint of this audit log.")
    root = strict_base64(lines[2])
    if len(root) != HASH:
        raise NoteInvalid("The root in the checkpoint is not a SHA-256.")
    return Checkpoint(lines[0], int(lines[1]), root)


def strict_base64(text: str) -> bytes:
    """Return the bytes of the one base64 spelling they have (RFC 4648, section 3.5). Raises NoteInvalid."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteInvalid("A base64 value is not well formed.") from error
    if base64.b64encode(raw).decode() != text:
        raise NoteInvalid("A base64 value is not in its one canonical spelling.")
    return raw


def _split(note: str) -> tuple[str, list[tuple[str, str]]]:
    """Return the text, with its newline, and (name, base64) of every signature line. Raises NoteInvalid."""
    text, parted, lines = note.rpartition("\n\n")
    if not parted or not text or not lines.endswith("\n"):
        raise NoteInvalid("That is not a signed note: text, an empty line, then signatures.")
    if any(character < " " and character != "\n" for character in note):
        raise NoteInvalid("A signed note has no control characters.")
    signatures = []
    for line in lines[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "—" or not _ORIGIN.match(name) or not encoded:
            raise NoteInvalid("A signature line of the note is malformed.")
        if len(strict_base64(encoded)) <= KEY_ID:
            raise NoteInvalid("A signature of the note is too short.")
        signatures.append((name, encoded))
    return text + "\n", signatures
