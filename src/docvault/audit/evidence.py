"""Checking an evidence bundle offline: that its files are those of which the log speaks.

The plan is that of docs/formats/evidence-bundle.md, and the first step that fails is named. The signatures
inside the documents are not judged here: that takes a reader of PDFs.
"""

import hashlib
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from docvault.audit import bundle, entries
from docvault.audit.checkpoints import PublicKey
from docvault.audit.errors import AuditError
from docvault.audit.kinds import Kind
from docvault.audit.verdict import Verified
from docvault.audit.verifier import verify as verify_trail

MANIFEST, TRAIL, CERTIFICATE = "SHA256SUMS", "audit/trail.zip", "certificate-of-completion.pdf"
SUMS_LONGEST = 1024 * 1024  # bytes: about 10 000 files
TRAIL_LONGEST = 256 * 1024 * 1024  # bytes
_SUM = re.compile(r"([0-9a-f]{64})  (.+)")
_PIECE = 1024 * 1024


class EvidenceRefused(AuditError):
    """The bundle is not what the log speaks of; the message is safe to show."""


@dataclass(frozen=True, slots=True)
class VerifiedEvidence:
    """What holds. trail: as for any bundle."""

    envelope: str
    completed: bool
    documents: Sequence[str]  # paths of those that were signed, or sent where nothing is completed
    files: int
    trail: Verified


@dataclass(frozen=True, slots=True)
class _Known:
    """What the log says, by kind, in its order."""

    envelope: str
    facts: Mapping[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def last(self, kind: Kind) -> Mapping[str, Any] | None:
        found = self.facts.get(kind.value)
        return found[-1] if found else None

    def every(self, kind: Kind, name: str) -> set[str]:
        return {str(one[name]) for one in self.facts.get(kind.value, ()) if one.get(name)}


def is_evidence(source: BinaryIO) -> bool:
    """Tell an evidence bundle from a bundle of the log; moves the source back to its start."""
    try:
        with zipfile.ZipFile(source) as archive:
            names = set(archive.namelist())
    except zipfile.BadZipFile:
        return False
    finally:
        source.seek(0)
    return {MANIFEST, TRAIL} <= names


def verify(
    source: BinaryIO,
    *,
    key: PublicKey | None,
    since: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> VerifiedEvidence:
    """Check the whole bundle. Raises EvidenceRefused, BundleRefused, which say what is wrong first."""
    try:
        with zipfile.ZipFile(source) as archive:
            digests = _digests(archive)
            trail = _read(archive, TRAIL, TRAIL_LONGEST)
            found = verify_trail(io.BytesIO(trail), key=key, since=since, progress=progress)
            known = _known(trail)
            documents = _check(known, digests)
            _check_signers(known, digests)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise EvidenceRefused("The archive is damaged.") from error
    completed = known.last(Kind.ENVELOPE_COMPLETED) is not None
    return VerifiedEvidence(known.envelope, completed, documents, len(digests), found)


def _read(archive: zipfile.ZipFile, name: str, longest: int) -> bytes:
    if archive.getinfo(name).file_size > longest:
        raise EvidenceRefused(f"{name} is too large.")
    return archive.read(name)


def _digests(archive: zipfile.ZipFile) -> dict[str, str]:
    """1. Return the SHA-256 of each file, found to be the one that SHA256SUMS says."""
    names = archive.namelist()
    if len(set(names)) != len(names):
        raise EvidenceRefused("The archive has a file twice.")
    if not {MANIFEST, TRAIL} <= set(names):
        raise EvidenceRefused("This is no evidence bundle.")
    listed = dict(_sums(_read(archive, MANIFEST, SUMS_LONGEST)))
    for name in sorted(set(names) ^ {*listed, MANIFEST}):
        words = "is in the archive and not in SHA256SUMS" if name in names else "is missing"
        raise EvidenceRefused(f"{name} {words}.")
    for name, digest in listed.items():
        with archive.open(name) as member:
            if _sha256(member) != digest:
                raise EvidenceRefused(f"{name} is not the file that was exported.")
    return listed


def _sums(body: bytes) -> Iterator[tuple[str, str]]:
    try:
        lines = body.decode().splitlines()
    except UnicodeDecodeError as error:
        raise EvidenceRefused("SHA256SUMS cannot be read.") from error
    for line in lines:
        found = _SUM.fullmatch(line)
        if found is None:
            raise EvidenceRefused("SHA256SUMS has a line that cannot be read.")
        yield found[2], found[1]


def _sha256(member: Any) -> str:
    digest = hashlib.sha256()
    while piece := member.read(_PIECE):
        digest.update(piece)
    return digest.hexdigest()


def _known(trail: bytes) -> _Known:
    """3. Return what the entries say, which speak of one envelope."""
    facts: dict[str, list[Mapping[str, Any]]] = {}
    about = set()
    with zipfile.ZipFile(io.BytesIO(trail)) as archive:
        names = sorted(name for name in archive.namelist() if name.startswith("entries/"))
        for raw in (line for name in names for line in archive.read(name).splitlines()):
            entry = entries.read(bundle.read_line(raw).leaf.encode())
            if entry.object is not None:
                about.add((entry.object.type, entry.object.id))
            facts.setdefault(entry.kind, []).append(entry.facts)
    kinds = {kind for kind, _ in about}
    if len(about) != 1 or kinds != {"envelope"} or Kind.ENVELOPE_CREATED.value not in facts:
        raise EvidenceRefused("The audit trail inside does not speak of one envelope from its start.")
    return _Known(about.pop()[1] or "", facts)


def _check(known: _Known, digests: Mapping[str, str]) -> list[str]:
    """4. to 6. Compare the files with what the log says; return the documents that count."""
    sent, done = known.last(Kind.ENVELOPE_SENT), known.last(Kind.ENVELOPE_COMPLETED)
    as_sent, signed = _named(digests, " (as sent).pdf"), _named(digests, " (signed).pdf")
    expected = [] if sent is None else [str(one) for one in sent.get("digests") or [sent["digest"]]]
    _compare(as_sent, digests, expected, "as it was sent")
    sealed = [] if done is None else [str(one) for one in done.get("sealed") or [done["sha256"]]]
    _compare(signed, digests, sealed, "as it was signed")
    proof = None if done is None else str(done["certificate_sha256"])
    if digests.get(CERTIFICATE) != proof:
        raise EvidenceRefused(f"{CERTIFICATE} is not the one that the log speaks of.")
    _check_consents(known, digests)
    _check_files(known, digests)
    return signed or as_sent


def _named(digests: Mapping[str, str], ending: str) -> list[str]:
    return sorted(name for name in digests if name.startswith("documents/") and name.endswith(ending))


def _compare(found: Sequence[str], digests: Mapping[str, str], expected: Sequence[str], how: str) -> None:
    if len(found) != len(expected):
        words = f"The log speaks of {len(expected)} documents, {how}; the archive has {len(found)}."
        raise EvidenceRefused(words)
    for name, digest in zip(found, expected, strict=True):
        if digests[name] != digest:
            raise EvidenceRefused(f"{name} is not the document {how} of which the log speaks.")


def _check_consents(known: _Known, digests: Mapping[str, str]) -> None:
    agreed = known.facts.get(Kind.ENVELOPE_CONSENTED.value, ())
    expected = {f"consents/{one['consent']}.txt": str(one["consent_sha256"]) for one in agreed}
    found = {name: digest for name, digest in digests.items() if name.startswith("consents/")}
    if found != expected:
        raise EvidenceRefused("The texts in consents/ are not those that people agreed to.")


def _check_files(known: _Known, digests: Mapping[str, str]) -> None:
    """8. and 9. What is said to have been handed in, or signed by hand, is named by the entry about that."""
    named = {
        str(each) for one in known.facts.get(Kind.ENVELOPE_SIGNED.value, ()) for each in one.get("files", ())
    }
    for name in sorted(name for name in digests if name.startswith("files/")):
        if digests[name] not in named:
            raise EvidenceRefused(f"{name} is not a file that somebody handed in with a signature.")
    accepted = known.every(Kind.ENVELOPE_PAPER_ACCEPTED, "sha256")
    for name in sorted(name for name in digests if name.startswith("papers/")):
        if digests[name] not in accepted:
            raise EvidenceRefused(f"{name} is not a scan that the sender accepted.")


def _check_signers(known: _Known, digests: Mapping[str, str]) -> None:
    """7. Every signature that the log says was put in is there with its certificate."""
    logged = known.every(Kind.SIGNING_CERTIFICATE_ISSUED, "certificate")
    applied = known.every(Kind.SIGNATURE_APPLIED, "certificate")
    there = {digest for name, digest in digests.items() if re.fullmatch(r"signatures/\d+-\d+\.cer", name)}
    if not applied <= logged:
        raise EvidenceRefused("A signature was made with a certificate that was not in the log before.")
    if known.last(Kind.ENVELOPE_COMPLETED) is not None and not applied <= there:
        raise EvidenceRefused("A signature that the log speaks of has no certificate in the archive.")
