"""The export bundle: its members, their forms, and the writer. Holds 256 entries at a time, never the log.

Format: docs/formats/audit-log.md, "Bundle".
"""

import base64
import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from docvault.audit import tiles
from docvault.audit.checkpoints import LogKey, PublicKey, open_note, sign_note, strict_base64
from docvault.audit.container import Writer
from docvault.audit.entries import Details, canonical
from docvault.audit.errors import AuditError, NoteInvalid

FORMAT = "docvault-audit-bundle"
SEAL = "docvault audit bundle seal v1"
CHUNK = tiles.WIDTH  # entries of one member
MEDIA_TYPE = "application/zip"


class BundleInvalid(AuditError):
    """A part of the bundle is not of the known form."""


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the bundle says it is. `ranges` are the indexes inside, first and last included.

    details: whether names, addresses and titles are in it; None in bundles from before they said so.
    erased: the indexes inside whose details were erased on purpose, as `ranges`.
    """

    count: int
    created: str
    filters: dict[str, str]
    format: Literal["docvault-audit-bundle"]
    kind: Literal["full", "selection"]
    origin: str
    ranges: list[tuple[int, int]]
    size: int
    version: Literal[1]
    details: Literal["included", "left-out"] | None = None
    erased: list[tuple[int, int]] | None = None

    def indexes(self) -> Iterator[int]:
        for first, last in self.ranges:
            yield from range(first, last + 1)

    @property
    def first(self) -> int:
        """The first index inside; 0 if there is none."""
        return self.ranges[0][0] if self.ranges else 0

    @property
    def full(self) -> bool:
        return self.kind == "full"

    def says_erased(self, index: int) -> bool:
        """Tell whether the details of an entry were erased on purpose."""
        listed = self.erased or []
        at = bisect_right(listed, (index, self.size)) - 1
        return at >= 0 and index <= listed[at][1]


class OpenedDetails(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    body: str
    salt: str


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry as it stands in the bundle."""

    details: OpenedDetails | None
    index: int
    leaf: str
    proof: list[str] | None

    def opened(self) -> Details | None:
        """Return the details, or None if they were erased or never there. Raises NoteInvalid."""
        if self.details is None:
            return None
        return Details(salt=strict_base64(self.details.salt), body=self.details.body.encode())


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An earlier checkpoint and the proof that the bundle's one continues it."""

    checkpoint: str
    proof: list[str]


@dataclass(frozen=True, slots=True)
class Packed:
    """One entry to be written. `proof` is None in a full bundle."""

    index: int
    leaf: bytes
    details: Details | None
    proof: Sequence[bytes] | None


_MANIFEST = msgspec.json.Decoder(Manifest)
_LINE = msgspec.json.Decoder(Line)
_EARLIER = msgspec.json.Decoder(Earlier)


def ranges(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Return ascending indexes as runs, first and last included."""
    found: list[tuple[int, int]] = []
    for index in indexes:
        if found and found[-1][1] == index - 1:
            found[-1] = (found[-1][0], index)
        else:
            found.append((index, index))
    return found


def write(
    log_key: LogKey,
    manifest: Manifest,
    *,
    checkpoint: str,
    history: Iterable[Earlier],
    packed: Iterable[Packed],
    tile: Callable[[int], bytes],
) -> Iterator[bytes]:
    """Yield the bytes of the bundle, sealed by the log.

    packed: the entries of the manifest's ranges, in order.
    tile: the leaf hashes of a block of 256 entries as the log keeps them; asked for in a full bundle only.
    Raises BundleTooLarge; what was yielded before is then of no use.
    """
    container, digests = Writer(), dict[str, str]()

    def member(name: str, body: bytes) -> bytes:
        digests[name] = hashlib.sha256(body).hexdigest()
        return container.member(name, body)

    yield member("manifest.json", canonical(msgspec.to_builtins(manifest)) + b"\n")
    yield member("key", (log_key.public.text + "\n").encode())
    yield member("checkpoint", checkpoint.encode())
    yield member("history.jsonl", b"".join(_line(msgspec.to_builtins(earlier)) for earlier in history))
    for number, chunk in enumerate(_chunks(packed)):
        if manifest.full:
            yield member(tile_name(manifest.size, number), tile(number))
        yield member(entries_name(number), b"".join(_line(_plain(entry)) for entry in chunk))
    yield container.member("seal", sign_note(log_key, seal_text(log_key.origin, digests)).encode())
    yield container.end()


def seal_text(origin: str, digests: dict[str, str]) -> str:
    """Return the text that the seal signs: every member with its SHA-256, in the order of the file."""
    listed = [f"{digest}  {name}" for name, digest in digests.items()]
    return "\n".join([SEAL, origin, *listed, ""])


def read_seal(body: bytes, key: PublicKey) -> dict[str, str]:
    """Return the digests that the seal vouches for, by member. Raises NoteInvalid."""
    try:
        note = body.decode()
    except UnicodeDecodeError as error:
        raise NoteInvalid("The seal is not text.") from error
    text = open_note(note, key)
    listed = (line.partition("  ") for line in text.split("\n")[2:-1])
    digests = {name: digest for digest, _, name in listed}
    # Nothing vouches for a second signature here, so there is none: every byte of the seal counts.
    alone = note.count("\n") == text.count("\n") + 2
    if not alone or text != seal_text(key.origin, digests):
        raise NoteInvalid("The seal is not of the known form.")
    return digests


def member_names(manifest: Manifest) -> Iterator[tuple[str, int]]:
    """Yield (name, number of entries) of the members between the history and the seal, in order."""
    for number, start in enumerate(range(0, manifest.count, CHUNK)):
        width = min(CHUNK, manifest.count - start)
        if manifest.full:
            yield tile_name(manifest.size, number), width
        yield entries_name(number), width


def tile_name(size: int, number: int) -> str:
    """Return the member with the leaf hashes of block `number` in a log of `size` entries."""
    return tiles.path(0, number, min(CHUNK, size - number * CHUNK))


def entries_name(number: int) -> str:
    """Return the member with the entries of block `number`."""
    return f"entries/{number:06d}.jsonl"


def read_manifest(body: bytes) -> Manifest:
    """Return the manifest. Raises BundleInvalid unless it is canonical and its ranges make sense."""
    try:
        manifest = _MANIFEST.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleInvalid("The manifest is not of the known form.") from error
    if canonical(msgspec.to_builtins(manifest)) + b"\n" != body:
        raise BundleInvalid("The manifest is not written in the canonical form.")
    if (manifest.details is None) != (manifest.erased is None):
        raise BundleInvalid("The manifest says only half of what was erased and left out.")
    count = _counted(manifest.ranges, manifest.size)
    _counted(manifest.erased or [], manifest.size)
    if count != manifest.count or (manifest.full and count != manifest.size):
        raise BundleInvalid("The manifest's count does not fit its ranges of entries.")
    return manifest


def _counted(listed: list[tuple[int, int]], size: int) -> int:
    """Return how many indexes the ranges hold. Raises BundleInvalid unless they ascend within the log."""
    before, count = -2, 0
    for first, last in listed:
        if not before + 1 < first <= last < size:
            raise BundleInvalid("The manifest's ranges of entries do not make sense.")
        before, count = last, count + last - first + 1
    return count


def read_line(line: bytes) -> Line:
    """Return one entry's line. Raises BundleInvalid."""
    try:
        return _LINE.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BundleInvalid("It is not of the known form.") from error


def read_history(body: bytes) -> list[tuple[str, list[bytes]]]:
    """Return (note, proof) of every earlier checkpoint. Raises BundleInvalid, NoteInvalid."""
    found = []
    for line in body.removesuffix(b"\n").split(b"\n") if body else []:
        try:
            earlier = _EARLIER.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BundleInvalid("The history of checkpoints is not of the known form.") from error
        found.append((earlier.checkpoint, [strict_base64(node) for node in earlier.proof]))
    return found


def earlier(checkpoint: str, proof: Iterable[bytes]) -> Earlier:
    """Return the history's line for an earlier checkpoint and its consistency proof."""
    return Earlier(checkpoint=checkpoint, proof=[base64.b64encode(node).decode() for node in proof])


def _plain(entry: Packed) -> dict[str, object]:
    kept = entry.details
    # A row that somebody damaged in the database is exported as it is: the verifier is the one to name it.
    return {
        "details": kept
        and {"body": kept.body.decode("utf-8", "replace"), "salt": base64.b64encode(kept.salt).decode()},
        "index": entry.index,
        "leaf": entry.leaf.decode("utf-8", "replace"),
        "proof": None if entry.proof is None else [base64.b64encode(node).decode() for node in entry.proof],
    }


def _line(value: object) -> bytes:
    return canonical(value) + b"\n"


def _chunks(packed: Iterable[Packed]) -> Iterator[list[Packed]]:
    chunk: list[Packed] = []
    for entry in packed:
        chunk.append(entry)
        if len(chunk) == CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
