"""Words of stored documents, out of the plaintext and into keyed hashes, both inside one call of this file.

Format: docs/formats/search-index.md.
"""

import codecs
from collections.abc import Iterable
from contextlib import closing

from docvault.database.engine import Database
from docvault.database.search_index import Waiting
from docvault.encryption import words as hashing
from docvault.pdf import text
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.rules import media_types
from docvault.rules import words as splitting
from docvault.vault.files import Vault
from docvault.vault.renditions import text_of

WORDS_MOST = 10_000  # distinct words of a document
CHARACTERS_MOST = 2_000_000  # of the text of one PDF
TEXT_MOST = 4 * 1024 * 1024  # bytes of a text file that are looked at
PDF_MOST = 256 * 1024 * 1024  # bytes of a PDF: it is opened in memory
PLAIN = frozenset({"text/plain", "text/csv", "text/markdown"})
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def read_directly(media_type: str) -> bool:
    """Tell whether words are taken from the file itself; of others, once a text was made of them."""
    return media_type == media_types.PDF or media_type in PLAIN


def hashed_words(db: Database, vault: Vault, pdf: Workers, waiting: Waiting, key: bytes) -> list[str]:
    """Return the hashes of a stored version's words; none where there is nothing to read.

    Raises NotFound, BlobMissing, UnknownAlgorithm, Tampered, WorkersBusy, or PdfUnreadable.
    """
    found = splitting.words_of(_text(db, vault, pdf, waiting))
    return [hashing.hashed(key, word) for word in _some(found)]


def _some(found: Iterable[str]) -> list[str]:
    """Return not more words than are kept: the shortest and first of them, always the same."""
    return sorted(found, key=lambda word: (len(word), word))[:WORDS_MOST]


def _text(db: Database, vault: Vault, pdf: Workers, waiting: Waiting) -> str:
    if waiting.media_type == media_types.PDF and waiting.pages and waiting.size <= PDF_MOST:
        with closing(Scratch.create()) as source:
            vault.open_version(db, waiting.version_id).copy_to(source.file)
            return text.whole_text(pdf, source, CHARACTERS_MOST)
    if waiting.media_type in PLAIN:
        opened = vault.open_version(db, waiting.version_id)
        return _decoded(b"".join(opened.range(0, min(opened.size, TEXT_MOST))))
    if read_directly(waiting.media_type):
        return ""
    return text_of(db, vault, waiting.version_id) or ""


def _decoded(content: bytes) -> str:
    """Return what a text file says: by its mark, else UTF-8, else the encoding of older Windows programs."""
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content)  # may end within a character
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")
