"""All that is known about one envelope as a ZIP that somebody can check without us, streamed.

Its format is docs/formats/evidence-bundle.md. Decides nothing; whoever calls has asked who may.
"""

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from string import Template
from typing import Any

from cryptography import x509
from stream_zip import ZIP_AUTO, stream_zip

from docvault.certificates.authority import title as name_on
from docvault.database.engine import Database
from docvault.pdf.parts import Part, signature_parts
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.rules import evidence as paths
from docvault.vault.archives import LEVEL, READABLE
from docvault.vault.files import Vault

_TEXTS = Path(__file__).with_name("texts")


@dataclass(frozen=True, slots=True)
class Enclosed:
    """A stored version that goes into the bundle."""

    path: str
    version_id: str
    position: int | None = None  # of a signed document, whose signatures are taken out


@dataclass(frozen=True, slots=True)
class Contents:
    """What the bundle is made of. versions: stored ones; small: the rest, by path."""

    title: str
    portal: str
    envelope_id: str
    versions: Sequence[Enclosed]
    trail: bytes
    consents: dict[str, bytes]  # text by id
    roots: Sequence[bytes]  # DER


def stream(db: Database, vault: Vault, pdf: Workers, contents: Contents, now: datetime) -> Iterator[bytes]:
    """Yield the bytes of the bundle. Raises BlobError, EncryptionError and PdfUnreadable, which end it."""
    signed = [one for one in contents.versions if one.position is not None]
    small = _texts(contents, completed=bool(signed))
    parts = _Parts()
    for one in signed:
        parts.take(db, vault, pdf, one)
    small |= parts.files
    if signed:
        small[paths.INDEX] = json.dumps(parts.index, ensure_ascii=False, indent=1).encode()
        small |= {paths.root(_sha256(root)): root for root in contents.roots}

    def entries() -> Iterator[tuple[str, datetime, int, Any, Iterable[bytes]]]:
        digests = {}
        for path, body in small.items():
            digests[path] = _sha256(body)
            yield path, now, READABLE, ZIP_AUTO(len(body), level=LEVEL), (body,)
        for one in contents.versions:
            opened = vault.open_version(db, one.version_id)
            digests[one.path] = opened.sha256 or ""
            yield one.path, now, READABLE, ZIP_AUTO(opened.size, level=LEVEL), opened.range(0, opened.size)
        sums = paths.sums(digests)
        yield paths.MANIFEST, now, READABLE, ZIP_AUTO(len(sums), level=LEVEL), (sums,)

    def compressor() -> Any:
        return zlib.compressobj(level=LEVEL, wbits=-zlib.MAX_WBITS)

    yield from stream_zip(entries(), get_compressobj=compressor)


def _texts(contents: Contents, *, completed: bool) -> dict[str, bytes]:
    given = {"title": contents.title, "portal": contents.portal, "envelope": contents.envelope_id}
    told = [_text("evidence_readme"), _text("evidence_signed" if completed else "evidence_unsigned")]
    readme = Template("".join(told)).substitute(given).encode()
    consents = {paths.consent(name): text for name, text in contents.consents.items()}
    return {paths.README: readme, paths.TRAIL: contents.trail, **consents}


def _text(name: str) -> str:
    return (_TEXTS / f"{name}.txt").read_text(encoding="utf-8")


@dataclass(slots=True)
class _Parts:
    """The signatures of all documents, taken out."""

    files: dict[str, bytes] = field(default_factory=dict)
    index: list[dict[str, object]] = field(default_factory=list)

    def take(self, db: Database, vault: Vault, pdf: Workers, one: Enclosed) -> None:
        with Scratch.create() as source:
            vault.open_version(db, one.version_id).copy_to(source.file)
            found = signature_parts(pdf, source)
        for number, part in enumerate(found, start=1):
            self._add(one.position or 0, number, one.path, part)

    def _add(self, position: int, number: int, document: str, part: Part) -> None:
        endings = {"p7s": part.cms, "cer": part.certificate}
        if part.kind == "signature":
            endings["signature"] = part.value
        if part.token is not None:
            endings["tst"] = part.token
        self.files |= {
            paths.signature(position, number, ending): body for ending, body in sorted(endings.items())
        }
        self.files |= {paths.certificate(_sha256(each)): each for each in part.others}
        self.index.append(
            {
                "document": document,
                "signature": f"{position:02}-{number:02}",
                "kind": part.kind,
                "who": name_on(x509.load_der_x509_certificate(part.certificate)),
                "covers": part.covers,
            }
        )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
