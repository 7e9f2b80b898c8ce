"""Reading what holds in a PDF that somebody has. Anybody may ask; nothing is kept, so nothing is recorded.

What a visitor sends lives in memory until the answer is made. Whoever asks on, for the version that was
signed or for pictures, sends the file again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from docvault.database import trust_anchors
from docvault.database.engine import Database
from docvault.pdf import validate, versions
from docvault.pdf.scratch import Scratch
from docvault.pdf.versions import Change
from docvault.pdf.workers import Workers
from docvault.vault.authority import Authority


@dataclass(frozen=True, slots=True)
class SinceSigned:
    """What became of the pages since one signature. cut: there are more pages than are compared."""

    pages: Sequence[Change]
    cut: bool


def verify_document(db: Database, pdf: Workers, authority: Authority, *, source: Scratch) -> validate.Report:
    """Return the signature report of `source`; the installation and whom it trusts are trusted."""
    with db.reading() as tx:
        trusted = trust_anchors.certificates(tx)
    return validate.validate(
        pdf,
        source,
        roots=(*authority.roots, *trusted),
        own=authority.root_fingerprints,
        clock_roots=authority.clock_roots,
        seals=authority.seals,
    )


def signed_version(
    db: Database, pdf: Workers, authority: Authority, *, source: Scratch, number: int
) -> Scratch:
    """Return the bytes that signature `number`, from 1, signed, for the caller to close. Raises NotFound."""
    return versions.cut(source, verify_document(db, pdf, authority, source=source).version(number))


def changes_since(
    db: Database, pdf: Workers, authority: Authority, *, source: Scratch, number: int
) -> SinceSigned:
    """Compare the pages as signature `number` signed them with those of now.

    Raises NotFound, PdfUnreadable.
    """
    report = verify_document(db, pdf, authority, source=source)
    found = versions.changes(pdf, source, report.version(number))
    return SinceSigned(found, cut=len(found) == versions.MOST and (report.pages or 0) > versions.MOST)


def picture_since(
    db: Database,
    pdf: Workers,
    authority: Authority,
    *,
    source: Scratch,
    number: int,
    page: int,
    width: int,
    view: str,
) -> tuple[bytes, str]:
    """Draw a page as signature `number` signed it over that of now; return it and its media type.

    Raises NotFound, PageMissing, PdfUnreadable.
    """
    report = verify_document(db, pdf, authority, source=source)
    return versions.image(pdf, source, report.version(number), page=page, width=width, view=view)
