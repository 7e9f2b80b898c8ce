"""One audit entry: its canonical bytes, and the salted commitment to its personal part. Does no I/O.

Format: docs/formats/audit-log.md, "Entries". What is hashed into the log says who (by id), what, on which
object and with which facts; names, addresses and titles stay outside, behind a commitment, so that they can
be erased without touching a single proof (promise 81).
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from docvault.audit.errors import EntryInvalid

SALT = 32  # bytes
INTEGER_MOST = 2**53 - 1  # the largest integer that every JSON reader keeps exactly (RFC 8259, section 6)

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_KIND = re.compile(r"[a-z][a-z0-9:-]*\Z")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z\Z", re.ASCII)

Value = str | int | bool | list[Any] | None


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the entry is about."""

    id: str | None
    type: str


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hashed part of an entry. `private` is the base64 commitment to the details, or None without any."""

    actor: str | None
    at: str
    facts: dict[str, Any]
    kind: str
    object: Subject | None
    organisation: str | None
    private: str | None
    v: Literal[1] = 1


@dataclass(frozen=True, slots=True)
class Details:
    """The erasable part of an entry: 32 random bytes and the canonical JSON of an object."""

    salt: bytes
    body: bytes

    def commitment(self) -> str:
        """Return base64(SHA-256(salt || body)): hiding, because the salt is as long as the hash; binding."""
        return base64.b64encode(hashlib.sha256(self.salt + self.body).digest()).decode()

    def opens(self, commitment: str | None) -> bool:
        """Tell whether these are the details that `commitment` promised."""
        return commitment is not None and hmac.compare_digest(self.commitment().encode(), commitment.encode())

    def values(self) -> dict[str, Any]:
        """Return the details as a mapping. Raises EntryInvalid."""
        try:
            return msgspec.json.decode(self.body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise EntryInvalid("The details of an audit entry are not readable.") from error


_DECODER = msgspec.json.Decoder(Entry)
_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: Any) -> bytes:
    """Return the one JSON encoding of `value`: sorted keys, no spaces, UTF-8, only the escapes JSON demands.

    Integers up to 2**53 - 1 only, no fractions. Raises EntryInvalid.
    """
    _check(value)
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as error:
        raise EntryInvalid("An audit entry holds a value that JSON cannot say.") from error


def moment(at: datetime) -> str:
    """Return `at` in UTC with six digits of a second and a Z. Raises EntryInvalid for a naive moment."""
    if at.tzinfo is None:
        raise EntryInvalid("An audit entry needs a moment with a time zone.")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "Z"


def details(values: Mapping[str, Any]) -> Details | None:
    """Return the details under a fresh salt, or None if there is nothing to keep. Raises EntryInvalid."""
    if not values:
        return None
    return Details(salt=secrets.token_bytes(SALT), body=canonical(dict(values)))


def write(entry: Entry) -> bytes:
    """Return the leaf: the canonical bytes that are hashed into the log. Raises EntryInvalid."""
    _check_entry(entry)
    for name in entry.facts:
        if not _NAME.match(name):
            raise EntryInvalid(f"{name!r} is not the name of a fact.")
    return canonical(msgspec.structs.asdict(entry) | {"object": _plain(entry.object)})


def read(leaf: bytes) -> Entry:
    """Return the entry of a leaf. Raises EntryInvalid unless the bytes are exactly the canonical ones."""
    try:
        entry = _DECODER.decode(leaf)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EntryInvalid("The entry is not of the known form.") from error
    _check_entry(entry)
    if _ENCODER.encode(entry) != leaf:
        raise EntryInvalid("The entry is not written in the canonical form.")
    return entry


def _plain(subject: Subject | None) -> dict[str, Any] | None:
    return None if subject is None else {"id": subject.id, "type": subject.type}


def _check_entry(entry: Entry) -> None:
    if not _MOMENT.match(entry.at) or not _KIND.match(entry.kind):
        raise EntryInvalid("The entry's time or kind is not of the known form.")
    if entry.private is not None and not is_digest(entry.private):
        raise EntryInvalid("The entry's commitment is not a SHA-256 in base64.")


def is_digest(text: str) -> bool:
    """Tell whether `text` is the one base64 spelling of 32 bytes."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return len(raw) == hashlib.sha256().digest_size and base64.b64encode(raw).decode() == text


def _check(value: Any) -> None:
    if isinstance(value, (str, bool)) or value is None:
        return
    if isinstance(value, int):
        if abs(value) > INTEGER_MOST:
            raise EntryInvalid("An audit entry holds a number that not every JSON reader keeps exactly.")
    elif isinstance(value, (list, tuple)):
        for item in value:
            _check(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            if not isinstance(name, str) or not name.isascii():
                raise EntryInvalid("The names in an audit entry are ASCII text.")
            _check(item)
    else:
        raise EntryInvalid(f"An audit entry cannot hold a {type(value).__name__}.")
