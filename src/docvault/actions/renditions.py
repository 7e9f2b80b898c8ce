"""What DocVault makes of a version after it arrived: preview, thumbnail and text, each kept encrypted.

Made by a job, for nobody in particular: no right is asked and nothing is told, since whoever opens one
passes the gate of its document. What cannot be made is noted, and not tried again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from docvault.database import renditions, search_index, work
from docvault.database.engine import Database
from docvault.database.renditions import PREVIEW, PURPOSES, TEXT, THUMBNAIL
from docvault.pdf import contents, render
from docvault.pdf.errors import OfficeUnreadable, PdfError, PdfUnreadable, WorkersBusy
from docvault.pdf.office import Converter
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers
from docvault.rules import media_types
from docvault.vault import pages
from docvault.vault import search as words
from docvault.vault.errors import NotScanned
from docvault.vault.files import Vault
from docvault.vault.reading import OpenVersion
from docvault.vault.renditions import staged_rendition

RESTS = timedelta(minutes=5)  # a version this old without renditions has lost its job
AT_ONCE = 200  # versions asked for again at a time
MOST = 256 * 1024**2  # bytes of a file that is looked into; a larger one is only stored
PLAIN = "text/plain; charset=utf-8"

_log = structlog.get_logger(__name__)


def make_renditions(
    db: Database, vault: Vault, pdf: Workers, office: Converter | None, *, version_id: str, now: datetime
) -> None:
    """Make what is missing of one version; done twice is done once. Before it passed its scan, nothing.

    Raises NotFound, WorkersBusy, StorageFull, and what reading raises.
    """
    with db.reading() as tx:
        done = frozenset(renditions.of_version(tx, version_id))
    try:
        opened = vault.open_version(db, version_id)
    except NotScanned:
        return
    bench = _Bench(db, vault, pdf, office, opened, PURPOSES - done, now)
    if bench.wanted:
        bench.work()


def make_missing(db: Database, office: Converter | None, now: datetime) -> None:
    """Ask again for versions that nothing was made of: their job was lost, or they are older than it.

    office: where there is one now, files that came before it are converted as well, newest first.
    """
    with db.transaction() as tx:
        for version_id in renditions.unconverted(tx, AT_ONCE) if office is not None else []:
            renditions.try_again(tx, version_id)
            work.enqueue(tx, work.MakeRenditions(version_id))
        for version_id in renditions.missing(tx, now - RESTS, AT_ONCE):
            work.enqueue(tx, work.MakeRenditions(version_id))


@dataclass(frozen=True, slots=True)
class _Bench:
    """One version on the bench, and what is still wanted of it."""

    db: Database
    vault: Vault
    pdf: Workers
    office: Converter | None
    opened: OpenVersion
    wanted: frozenset[str]
    now: datetime

    def work(self) -> None:
        kind = self.opened.media_type if self.opened.size <= MOST else media_types.UNKNOWN
        if kind == media_types.PDF and self.opened.pages:
            self._of_pages()
        elif kind in media_types.PICTURES:
            self._of_picture()
        elif kind in media_types.TEXTS:
            self._of_text()
        elif kind in media_types.OFFICE and self.office is not None:
            self._of_office(self.office)
        unconverted = kind in media_types.OFFICE and self.office is None
        self._note_rest(self.wanted | {renditions.UNCONVERTED} if unconverted else self.wanted)

    def _of_pages(self) -> None:
        with pages.source(self.db, self.vault, self.opened.id) as source:
            self._of_pdf(source)

    def _of_pdf(self, source: Scratch) -> None:
        self._make(TEXT, PLAIN, lambda: contents.document_text(self.pdf, source))
        self._make(THUMBNAIL, contents.MEDIA_TYPE, lambda: contents.page_thumbnail(self.pdf, source))

    def _of_office(self, office: Converter) -> None:
        try:
            with self._source() as source:
                made = office.as_pdf(source, media_types.SUFFIXES[self.opened.media_type])
            with made:
                self._of_converted(made)
        except (OfficeUnreadable, PdfUnreadable) as error:
            _log.info("rendition.impossible", version=self.opened.id, purpose=PREVIEW, why=str(error.detail))

    def _of_converted(self, made: Scratch) -> None:
        """Raises PdfUnreadable where the pages cannot be counted; nothing was kept then."""
        sizes = render.page_sizes(self.pdf, made)
        if PREVIEW in self.wanted:
            self._keep(PREVIEW, media_types.PDF, made, pages=len(sizes))
        self._of_pdf(made)

    def _of_picture(self) -> None:
        with self._source() as source:
            self._make(PREVIEW, contents.MEDIA_TYPE, lambda: contents.picture(self.pdf, source))
            self._make(THUMBNAIL, contents.MEDIA_TYPE, lambda: contents.thumbnail(self.pdf, source))

    def _of_text(self) -> None:
        with self._source() as source:
            self._make(TEXT, PLAIN, lambda: contents.plain_text(self.pdf, source))

    def _note_rest(self, unmade: frozenset[str]) -> None:
        with self.db.transaction() as tx:
            for purpose in sorted(unmade):
                renditions.add(tx, self.opened.id, purpose, None, self.now)

    @contextmanager
    def _source(self) -> Iterator[Scratch]:
        with Scratch.create() as source:
            self.opened.copy_to(source.file)
            yield source

    def _make(self, purpose: str, media_type: str, make: Callable[[], Scratch | None]) -> None:
        if purpose not in self.wanted:
            return
        try:
            made = make()
        except WorkersBusy:
            raise
        except PdfError as error:
            _log.info(
                "rendition.impossible", version=self.opened.id, purpose=purpose, why=type(error).__name__
            )
            return
        if made is not None:
            with made:
                self._keep(purpose, media_type, made)

    def _keep(self, purpose: str, media_type: str, made: Scratch, *, pages: int | None = None) -> None:
        with (
            staged_rendition(
                self.db,
                self.vault,
                made,
                document_id=self.opened.document_id,
                purpose=purpose,
                media_type=media_type,
                now=self.now,
                pages=pages,
            ) as staged,
            self.db.transaction() as tx,
        ):
            if renditions.add(tx, self.opened.id, purpose, staged.id, self.now):
                self.vault.keep(tx, staged, now=self.now)
                if purpose == TEXT and not words.read_directly(self.opened.media_type):
                    search_index.ask(tx, self.opened.document_id, self.now)
