"""Verifies an export bundle: offline, in one pass, 256 entries at a time. Needs the file and, better, a key.

The plan is that of docs/formats/audit-log.md, "Verification"; its numbers stand beside the code. The same
plan in a browser: web/static/js/audit-verifier.js.
"""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import BinaryIO

from docvault.audit import bundle, container, entries, proofs
from docvault.audit.bundle import Line, Manifest
from docvault.audit.checkpoints import Checkpoint, PublicKey, strict_base64
from docvault.audit.errors import AuditError, NoteInvalid, ProofInvalid
from docvault.audit.handovers import KeyChain
from docvault.audit.missing import Missing
from docvault.audit.tree import EMPTY_ROOT, HASH, Edge, leaf_hash
from docvault.audit.verdict import BundleRefused, Problem, Verified

_ENTRIES = re.compile(r"entries/(\d{6,})\.jsonl\Z", re.ASCII)


def verify(
    source: BinaryIO,
    *,
    key: PublicKey | None = None,
    since: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Verify a bundle and return what holds.

    key: a key of the log that the reader trusts, the newest or one that led to it; without one the bundle's
    own is used and `trusted` is False.
    since: an older checkpoint, kept elsewhere, that this log must continue.
    progress: told the number of entries checked so far, once for every 256.
    Raises BundleRefused, which names the first bad index.
    """
    check = _Check(trusted=key, since_note=since, progress=progress)
    members = container.read(source)
    with check.stops():
        check.opening(members)
        check.walk(members)
    check.closing(members)
    return check.verdict()


class _Stop(Exception):
    """What follows cannot be checked in its own right."""


@dataclass
class _Check:
    """One verification. Exact problems name an entry; blocks name 256; whole ones concern the bundle."""

    trusted: PublicKey | None
    since_note: str | None
    progress: Callable[[int], None]
    manifest: Manifest | None = None
    own: PublicKey | None = None  # the bundle's
    keys: KeyChain | None = None
    checkpoint: Checkpoint | None = None
    since: Checkpoint | None = None
    notes: list[tuple[str, list[bytes]]] = field(default_factory=list)  # of the history, unopened
    history: list[tuple[Checkpoint, list[bytes]]] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)
    exact: list[Problem] = field(default_factory=list)
    explained: int | None = None  # the block whose bad entry is known
    blocks: dict[int, Problem] = field(default_factory=dict)  # by number
    whole: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    edge: Edge = field(default_factory=Edge)
    roots: dict[int, bytes] = field(default_factory=lambda: {0: EMPTY_ROOT})
    proven: bool = False  # the keys lead from one to the next
    another_key: bool = False
    block: int = 0  # the number of the block that is being read
    checked: int = 0
    missing: Missing = field(default_factory=Missing)
    first_at: str | None = None
    last_at: str | None = None

    # --- members -------------------------------------------------------------------------------------------

    @contextmanager
    def stops(self) -> Iterator[None]:
        with suppress(_Stop):
            yield

    def _next(self, members: Iterator[container.Member], name: str) -> bytes:
        """1. Container: return the body of the next member, which must be `name`."""
        member = next(members, None)
        if member is None or not member.name:
            words = member.damage if member and member.damage else "it ends too early"
            self.damaged.append(f"The bundle is damaged where {name} belongs: {words}.")
            raise _Stop
        if member.damage:
            self.damaged.append(f"{name} is damaged: {member.damage}.")
        if member.name != name:
            self.damaged.append(f"The bundle has {_printable(member.name)} where {name} belongs.")
            raise _Stop
        self.digests[name] = hashlib.sha256(member.body).hexdigest()
        return member.body

    def opening(self, members: Iterator[container.Member]) -> None:
        manifest = self._next(members, "manifest.json")
        with self._whole():  # 2. Manifest
            self.manifest = bundle.read_manifest(manifest)
        key = self._next(members, "key")
        with self._whole():
            self.own = PublicKey.read(_text(key))
        note, history = self._next(members, "checkpoint"), self._next(members, "history.jsonl")
        if self.manifest is None:
            raise _Stop
        with self._whole("The history of checkpoints: "):
            self.notes = bundle.read_history(history)
        self._settle_keys([_lenient(note), *(text for text, _ in self.notes)])
        with self._whole("The checkpoint: "):  # 4. Checkpoint
            self.checkpoint = self._open(_text(note))
            if (self.checkpoint.origin, self.checkpoint.size) != (self.manifest.origin, self.manifest.size):
                raise NoteInvalid("it is not the one that the manifest speaks of.")
        with self._whole("The older checkpoint that you gave: "):
            if self.since_note is not None:
                self.since = self._open(self.since_note)
        with self._whole("The history of checkpoints: "):
            for text, path in self.notes:
                self.history.append((self._open(text), path))

    def _settle_keys(self, notes: list[str]) -> None:
        """3. Key: every key is proven by the next; the trusted one, where one was given, is among them."""
        known = self.trusted or self.own
        if known is None:
            raise _Stop
        self.keys = KeyChain((), known)
        with self._whole():
            chain = KeyChain.read(notes, self.own or known)
            if self.trusted is not None and self.trusted not in chain.keys:
                self.another_key = True
                raise NoteInvalid("The bundle was signed with another key than the one you trust.")
            self.keys, self.proven = chain, True

    def _open(self, note: str) -> Checkpoint:
        if self.keys is None:
            raise NoteInvalid("there is no key to check it with.")
        return self.keys.open(note)

    # --- 5. Entries ----------------------------------------------------------------------------------------

    def walk(self, members: Iterator[container.Member]) -> None:
        if self.manifest is None:
            raise _Stop
        wanted = self.manifest.indexes()
        sizes = {earlier.size for earlier, _ in self.history} | ({self.since.size} if self.since else set())
        hashes = b""
        for name, width in bundle.member_names(self.manifest):
            self.block, place = self.checked // bundle.CHUNK, self.checked
            with self._from(place):
                body = self._next(members, name)
            if not name.startswith("entries/"):
                hashes = body
                self._grow(hashes, width, sizes)
            elif not self.exact:
                self._read_block(body, [next(wanted) for _ in range(width)], hashes)
                self.progress(self.checked)
            else:
                self.checked += width

    @contextmanager
    def _from(self, place: int) -> Iterator[None]:
        """Name the entry at `place` of the bundle where the file cannot be followed any further."""
        try:
            yield
        except _Stop:
            if not self.exact:
                index = self._index_at(place)
                self._bad(index, f"The entries from {index} on are missing. {self.damaged[-1]}")
            raise

    def _grow(self, hashes: bytes, width: int, sizes: set[int]) -> None:
        """6. Root: add the leaf hashes of one tile, and keep the roots that checkpoints speak of."""
        if len(hashes) != width * HASH:
            index = self._index_at(self.checked)
            words = f"The tile of the entries from {index} on has a wrong length."
            self.blocks[self.block] = Problem(index, words)
        for start in range(0, len(hashes), HASH):
            self.edge.append(hashes[start : start + HASH])
            if self.edge.size in sizes:
                self.roots[self.edge.size] = self.edge.root()

    def _read_block(self, body: bytes, wanted: list[int], hashes: bytes) -> None:
        lines = body.split(b"\n")
        last = lines.pop()  # empty, behind the last line feed
        for place, index in enumerate(wanted):
            if place >= len(lines):
                self._bad(index, f"Entry {index} is missing.")
                return
            hashed = hashes[place * HASH : (place + 1) * HASH]
            problem = self._read_entry(lines[place], index, hashed)
            if problem:
                self._bad(index, problem)
                return
            self.checked += 1
        if len(lines) > len(wanted) or last:
            following = wanted[-1] + 1
            self._bad(following, f"Something was added behind entry {wanted[-1]}.")

    def _bad(self, index: int, reason: str) -> None:
        self.exact.append(Problem(index, reason))
        self.explained = self.block

    def _read_entry(self, raw: bytes, index: int, hashed: bytes) -> str | None:
        """Return what is wrong with the entry that should be `index`, or None."""
        try:
            line = bundle.read_line(raw)
            if line.index != index:
                return _misplaced(line.index, index)
            leaf = line.leaf.encode()
            self._check_place(line, leaf_hash(leaf), hashed)
            entry = entries.read(leaf)
            if self.manifest is not None:
                self.missing.check(self.manifest, line, entry)
            if self.keys is not None and self.proven:
                self.keys.check_entry(index, entry.kind, entry.facts)
        except AuditError as error:
            return f"Entry {index} was changed. {error}"
        self.first_at = self.first_at or entry.at
        self.last_at = entry.at
        return None

    def _check_place(self, line: Line, found: bytes, hashed: bytes) -> None:
        if self.manifest is not None and self.manifest.full:
            if found != hashed:
                raise ProofInvalid("Its hash is not the one that the log keeps for it.")
            if line.proof is not None:
                raise ProofInvalid("It has a proof of its own, which a full export does not.")
        elif line.proof is None or self.checkpoint is None:
            raise ProofInvalid("There is no proof that it is in the log.")
        else:
            path = [strict_base64(node) for node in line.proof]
            proofs.check_inclusion(found, line.index, self.checkpoint.size, path, self.checkpoint.root)

    # --- behind the entries --------------------------------------------------------------------------------

    def closing(self, members: Iterator[container.Member]) -> None:
        seal = None
        if self.manifest is not None and not self.damaged:
            with self.stops():
                seal = self._next(members, "seal")
        for member in members:  # 1. Container: nothing behind the seal
            self.damaged.append(
                f"The bundle is damaged: {member.damage or 'there is more in it than belongs'}."
            )
        if self.manifest is None or self.keys is None or self.checkpoint is None:
            return
        if self.manifest.full and not self.exact and self.edge.root() != self.checkpoint.root:
            self.whole.append("The entries do not add up to the signed root.")  # 6. Root
        self._check_history(self.checkpoint)
        with self._whole("The seal: "):  # 8. Seal
            if seal is not None:
                self._check_seal(bundle.read_seal(seal, self.keys.newest))

    def _check_history(self, newest: Checkpoint) -> None:
        """7. History: this log continues every earlier checkpoint, and the one that was given."""
        for earlier, path in self.history:
            with self._whole(f"The checkpoint at {earlier.size} entries: "):
                proofs.check_consistency(earlier.size, earlier.root, newest.size, newest.root, path)
                self._check_root(earlier)
        with self._whole("The older checkpoint that you gave: "):
            if self.since is not None:
                self._check_since(self.since, newest)

    def _check_root(self, earlier: Checkpoint) -> None:
        if self.roots.get(earlier.size, earlier.root) != earlier.root:
            raise ProofInvalid("the log was rewritten after it was signed.")

    def _check_since(self, since: Checkpoint, newest: Checkpoint) -> None:
        if since.size > newest.size:
            words = f"The log was cut: it has {newest.size} entries and once had {since.size}."
            self.exact.append(Problem(newest.size, words))
            return
        self._check_root(since)
        known = {0: EMPTY_ROOT, newest.size: newest.root} | self.roots
        known |= {earlier.size: earlier.root for earlier, _ in self.history}
        if since.size not in known:
            raise ProofInvalid("this selection holds no proof from there. Please export the whole log.")
        if known[since.size] != since.root:
            raise ProofInvalid("the log was rewritten after it was signed.")

    def _check_seal(self, sealed: dict[str, str]) -> None:
        if list(sealed) != list(self.digests)[:-1] and not self.damaged:
            self.whole.append("The seal lists other members than the bundle has.")
        for name, digest in sealed.items():
            if self.digests.get(name, digest) == digest:
                continue
            number = _block_of(name, list(sealed))
            if number is None:
                self.whole.append(f"{name} is not the one that was sealed.")
            else:
                index = self._index_at(number * bundle.CHUNK)
                words = f"One of the {bundle.CHUNK} entries from {index} on was changed after the export."
                self.blocks[number] = Problem(index, words)

    # --- the verdict ---------------------------------------------------------------------------------------

    @contextmanager
    def _whole(self, words: str = "") -> Iterator[None]:
        try:
            yield
        except AuditError as error:
            self.whole.append(f"{words}{error}")

    def _index_at(self, place: int) -> int:
        """Return the index of the entry at `place` of the bundle."""
        for first, last in self.manifest.ranges if self.manifest else []:
            if place <= last - first:
                return first + place
            place -= last - first + 1
        return place

    def verdict(self) -> Verified:
        problems = self._problems()
        if problems or self.manifest is None or self.keys is None or self.checkpoint is None:
            raise BundleRefused(problems[0], problems, self.keys.newest.fingerprint if self.keys else None)
        return Verified(
            origin=self.keys.newest.origin,
            fingerprint=self.keys.newest.fingerprint,
            trusted=self.trusted is not None,
            key_changes=len(self.keys.handovers),
            older_key=self.trusted not in (None, self.keys.newest),
            full=self.manifest.full,
            size=self.manifest.size,
            count=self.manifest.count,
            root=self.checkpoint.root.hex(),
            filters=self.manifest.filters,
            created=self.manifest.created,
            first_at=self.first_at,
            last_at=self.last_at,
            details=self.manifest.details,
            erased=self.missing.erased,
            left_out=self.missing.left_out,
            history=len(self.history),
            since=self.since.size if self.since else None,
        )

    def _problems(self) -> list[Problem]:
        """Return all problems, the one that names the first bad index first."""
        unexplained = [problem for number, problem in self.blocks.items() if number != self.explained]
        found = sorted([*self.exact, *unexplained], key=lambda problem: problem.index)
        fallback = found[0].index if found else self._vouched_for()
        return found + [Problem(fallback, words) for words in [*self.damaged, *self.whole]]

    def _vouched_for(self) -> int:
        """Return the first index for which nothing vouches when only the whole is known to be wrong."""
        first = self.manifest.first if self.manifest else 0
        if self.another_key or self.manifest is None or not self.manifest.full:
            return first
        good = [c.size for c, _ in self.history if self.roots.get(c.size) == c.root]
        rewritten = self.checkpoint is not None and self.edge.root() != self.checkpoint.root
        return max(good, default=first) if rewritten else first


def _misplaced(found: int, index: int) -> str:
    if found > index:
        return f"Entry {index} is missing: entry {found} stands in its place."
    return f"Entry {found} stands where entry {index} belongs."


def _block_of(name: str, sealed: list[str]) -> int | None:
    """Return the number of the block that member `name` belongs to, or None."""
    if name.startswith("tile/"):
        name = sealed[sealed.index(name) + 1] if name != sealed[-1] else ""
    found = _ENTRIES.match(name)
    return int(found[1]) if found else None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise NoteInvalid("It is not text.") from error


def _lenient(body: bytes) -> str:
    return body.decode(
        "utf-8", "replace"
    )  # what is not text is no note, and refused as that where it is read


def _printable(name: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in name[:80])
