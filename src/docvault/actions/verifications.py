"""Reading what holds in a PDF that somebody has. Anybody may ask; nothing is kept, so nothing is recorded."""

from docvault.pdf import validate
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.vault.authority import Authority


def verify_document(pdf: Workers, authority: Authority, *, source: Scratch) -> validate.Report:
    """Return the signature report of `source`; the installation's own roots are trusted."""
    return validate.validate(pdf, source, roots=authority.roots)
