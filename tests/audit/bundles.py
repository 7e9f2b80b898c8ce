"""Builds bundles for the tests, with the library's own writer, and takes them apart to be attacked."""

import base64
import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from docvault.audit import bundle, container, entries, proofs, tiles, tree
from docvault.audit.bundle import Manifest, Packed
from docvault.audit.checkpoints import LogKey, sign_checkpoint
from docvault.audit.entries import Details, Entry, Subject
from docvault.audit.handovers import announcement, sign_handover
from docvault.audit.kinds import Kind

ORIGIN = "docvault.example/audit"
START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)


def log_key(seed: int = 1, origin: str = ORIGIN) -> LogKey:
    return LogKey(origin, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


class Log:
    """A log in memory: leaves, details and the tree's hashes."""

    def __init__(self, size: int, *, key: LogKey | None = None, words: str = "Anna Lindqvist") -> None:
        self.key = key or log_key()
        self.details = [
            None
            if at % 7 == 3
            else Details(
                hashlib.sha256(b"%d" % at).digest(), entries.canonical({"actor_name": words, "n": at})
            )
            for at in range(size)
        ]
        self.leaves = [self._leaf(at) for at in range(size)]
        self.hashes = [tree.leaf_hash(leaf) for leaf in self.leaves]

    def _leaf(self, at: int) -> bytes:
        kept = self.details[at]
        entry = Entry(
            actor="p" * 26 if at % 3 else None,
            at=entries.moment(START + timedelta(seconds=at)),
            facts={"pages": at, "sha256": "ab" * 32},
            kind="envelope:sent" if at % 2 else "session:started",
            object=Subject(id="e" * 26, type="envelope") if at % 2 else None,
            organisation="o" * 26 if at % 5 else None,
            private=kept.commitment() if kept else None,
        )
        return entries.write(entry)

    def reader(self, size: int | None = None) -> tiles.TileReader:
        size = len(self.leaves) if size is None else size
        return tiles.TileReader(size, lambda _level, _index: None, lambda a, b: b"".join(self.hashes[a:b]))

    def edge_root(self) -> bytes:
        return tree.root_of(self.hashes)

    def checkpoint(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        return sign_checkpoint(self.key, size, tree.root_of(self.hashes[:size]))

    def bundle(
        self,
        chosen: list[int] | None = None,
        *,
        history: list[int] | None = None,
        erased: tuple[int, ...] = (),
        says: dict[str, object] | None = None,
    ) -> bytes:
        """Return a full bundle, or a selection of the entries `chosen`.

        says: what the manifest says of missing details; bundles of before said nothing.
        """
        size = len(self.leaves)
        full = chosen is None
        indexes = list(range(size)) if chosen is None else chosen
        reader = self.reader()
        manifest = Manifest(
            count=len(indexes),
            created=entries.moment(START + timedelta(days=1)),
            filters={} if full else {"kind": "envelope:sent"},
            format="docvault-audit-bundle",
            kind="full" if full else "selection",
            origin=self.key.origin,
            ranges=bundle.ranges(indexes),
            size=size,
            version=1,
            **(says or {}),
        )
        packed = [
            Packed(
                index=at,
                leaf=self.leaves[at],
                details=None if at in erased else self.details[at],
                proof=None if full else proofs.inclusion(reader.hash, at, size),
            )
            for at in indexes
        ]
        earlier = [
            bundle.earlier(self.checkpoint(old), proofs.consistency(reader.hash, old, size))
            for old in history or []
        ]
        return b"".join(
            bundle.write(
                self.key,
                manifest,
                checkpoint=self.checkpoint(),
                history=earlier,
                packed=packed,
                tile=lambda number: b"".join(self.hashes[number * 256 : (number + 1) * 256]),
            )
        )


class Rekeyed(Log):
    """A log that got another key at some of its sizes; the last entry before announces it."""

    def __init__(self, size: int, changes: dict[int, LogKey], *, words: str = "Anna Lindqvist") -> None:
        super().__init__(size, words=words)
        self.first = log_key()
        self.changes = changes
        for at, new in changes.items():
            facts = announcement(self._in_charge(at).public, new.public)
            self.replace(at - 1, kind=Kind.LOG_KEY_CHANGED.value, facts=facts)
        self.key = self._in_charge(size + 1)

    def replace(self, at: int, **values: object) -> None:
        """Write another entry, as if it had been logged so."""
        leaf = json.loads(self.leaves[at]) | values
        self.leaves[at] = entries.canonical(leaf)
        self.hashes[at] = tree.leaf_hash(self.leaves[at])

    def _in_charge(self, size: int) -> LogKey:
        before = [key for at, key in sorted(self.changes.items()) if at < size]
        return before[-1] if before else self.first

    def checkpoint(self, size: int | None = None) -> str:
        size = len(self.leaves) if size is None else size
        root, key = tree.root_of(self.hashes[:size]), self._in_charge(size)
        if size in self.changes:
            return sign_handover(key, self.changes[size], size, root)
        return sign_checkpoint(key, size, root)


def members(packed: bytes) -> dict[str, bytes]:
    """Take a bundle apart with the standard library's own reader."""
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


def pack(parts: dict[str, bytes]) -> bytes:
    """Put the members together again with sound headers and checksums, as an attacker would."""
    writer = container.Writer()
    return b"".join([*(writer.member(name, body) for name, body in parts.items()), writer.end()])


def lines(parts: dict[str, bytes]) -> list[dict]:
    """All entries of a bundle, in order."""
    names = [name for name in parts if name.startswith("entries/")]
    return [json.loads(line) for name in names for line in parts[name].splitlines()]


def with_lines(parts: dict[str, bytes], changed: list[dict]) -> dict[str, bytes]:
    """Return the members with other entries, spread over the blocks that the bundle had."""
    written = [entries.canonical(line) + b"\n" for line in changed]
    names = [name for name in parts if name.startswith("entries/")]
    fresh = dict(parts)
    for number, name in enumerate(names):
        stop = (number + 1) * 256 if number + 1 < len(names) else None
        fresh[name] = b"".join(written[number * 256 : stop])
    return fresh


def base64_of(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
