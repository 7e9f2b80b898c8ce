"""Texts, previews and thumbnails: made once, kept encrypted, behind the gate of the version they were made of."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import delete, select

from docvault.actions.renditions import make_missing, make_renditions
from docvault.database import documents, renditions, tables
from docvault.pdf.errors import OfficeUnreadable
from docvault.pdf.scratch import Scratch
from docvault.values import NotFound
from docvault.vault.renditions import PREVIEW, TEXT, THUMBNAIL, open_rendition, text_of

from .papers_kept import put_in_bin, run_jobs
from .test_documents import brought, written_pdf
from .test_kinds_of_files import word
from .world import NOW, queued, standing

CANARY = "Dragonfly payment schedule"


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def version_of(world, view):
    with world.db.reading() as tx:
        return documents.version_id(tx, documents.for_seeing(tx, world.manager, view.id))


def made(world, pdf, name, data):
    version_id = version_of(world, brought(world, pdf, name, data))
    make_renditions(world.db, world.vault, pdf, None, version_id=version_id, now=NOW)
    return version_id


def photo(width=900, height=600):
    content = io.BytesIO()
    Image.linear_gradient("L").resize((width, height)).convert("RGB").save(content, "PNG")
    return content.getvalue()


def read(world, version_id, purpose):
    opened = open_rendition(world.db, world.vault, version_id, purpose)
    return b"".join(opened.range(0, opened.size))


def test_the_text_of_a_pdf_has_every_page(world, pdf):
    version_id = made(world, pdf, "Contract.pdf", written_pdf(CANARY))
    pages = text_of(world.db, world.vault, version_id).split("\f")
    assert len(pages) == 2
    assert all(CANARY in page for page in pages)


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ("Größe 12 €".encode(), "Größe 12 €"),
        ("Größe".encode("utf-16"), "Größe"),
        ("\ufeffGröße".encode(), "Größe"),
        ("Die Übergröße der Türen in Köln überraschte ältere Gäste.".encode("cp1252"), "Übergröße"),
        (b"one\r\ntwo\rthree\x07\x1b[31m", "one\ntwo\nthree[31m"),
    ],
)
def test_a_text_file_is_read_in_its_own_encoding(world, pdf, raw, text):
    assert text in text_of(world.db, world.vault, made(world, pdf, "notes.txt", raw))


def test_a_picture_is_drawn_anew_large_and_small(world, pdf):
    version_id = made(world, pdf, "photo.png", photo(2600, 1300))
    large, small = (Image.open(io.BytesIO(read(world, version_id, each))) for each in (PREVIEW, THUMBNAIL))
    assert (large.format, large.size) == ("WEBP", (2000, 1000))
    assert (small.format, small.size) == ("WEBP", (160, 80))
    assert text_of(world.db, world.vault, version_id) is None


def test_a_pdf_has_a_thumbnail_of_its_first_page(world, pdf):
    small = Image.open(
        io.BytesIO(read(world, made(world, pdf, "Contract.pdf", written_pdf(CANARY)), THUMBNAIL))
    )
    assert small.format == "WEBP"
    assert max(small.size) == 160


def test_renditions_are_unreadable_on_the_disk(world, pdf):
    made(world, pdf, "notes.txt", CANARY.encode())
    files = [path for path in world.folder.rglob("*") if path.is_file()]
    assert len([path for path in files if "blobs" in path.parts]) >= 2
    assert not [path for path in files if CANARY.encode() in path.read_bytes()]


def test_making_twice_makes_nothing_twice(world, pdf):
    version_id = made(world, pdf, "photo.png", photo())
    before = world.rows()
    make_renditions(world.db, world.vault, pdf, None, version_id=version_id, now=NOW)
    assert world.rows() == before


def test_what_cannot_be_made_is_noted_and_not_tried_again(world, pdf):
    version_id = made(world, pdf, "photo.png", b"\x89PNG\r\n\x1a\n" + bytes(500))
    with world.db.reading() as tx:
        assert renditions.of_version(tx, version_id) == {PREVIEW: None, THUMBNAIL: None, TEXT: None}
    with pytest.raises(NotFound):
        open_rendition(world.db, world.vault, version_id, PREVIEW)


def test_what_is_missing_is_made_again(world, pdf):
    version_id = made(world, pdf, "notes.txt", CANARY.encode())
    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.renditions))
    before = len(queued(world.db, "name"))
    make_missing(world.db, None, NOW.replace(hour=23))
    assert len(queued(world.db, "name")) == before + 1
    make_renditions(world.db, world.vault, pdf, None, version_id=version_id, now=NOW)
    assert text_of(world.db, world.vault, version_id) == CANARY


def test_what_was_destroyed_misses_nothing(world, pdf):
    view = brought(world, pdf, "notes.txt", CANARY.encode())
    put_in_bin(world, view.id, by=world.manager.person_id)
    run_jobs(world, NOW + timedelta(days=31))
    before = queued(world.db, "name")
    make_missing(world.db, None, NOW + timedelta(days=32))
    assert queued(world.db, "name") == before


def test_an_arriving_version_asks_for_its_renditions_in_the_same_transaction(world, pdf):
    brought(world, pdf, "notes.txt", CANARY.encode())
    assert queued(world.db, "name") == ["make_renditions"]


def test_renditions_go_with_the_rows_of_the_document(world, pdf):
    version_id = made(world, pdf, "notes.txt", CANARY.encode())
    with world.db.transaction() as tx:
        document = select(tables.versions.c.document_id).where(tables.versions.c.id == version_id)
        of_document = tables.versions.c.document_id == document.scalar_subquery()
        tx.connection.execute(delete(tables.uploads))
        found = tx.connection.execute(select(tables.versions.c.id).where(of_document)).scalars().all()
        tx.connection.execute(delete(tables.versions).where(tables.versions.c.id.in_(found)))
    assert world.rows()["renditions"] == 0


class Office:
    """A program that makes a PDF of any office file."""

    def as_pdf(self, source, suffix):
        return Scratch.create(written_pdf(CANARY))


class Overloaded:
    """A program that gives up."""

    def as_pdf(self, source, suffix):
        raise OfficeUnreadable


class Babbling:
    """A program that makes what nobody can read."""

    def as_pdf(self, source, suffix):
        return Scratch.create(b"no PDF")


@pytest.mark.promise(30)
@pytest.mark.parametrize("office", [Overloaded(), Babbling()], ids=["overloaded", "babbling"])
def test_an_office_file_that_cannot_be_converted_is_a_download_and_asked_for_once(world, pdf, office):
    version_id = made(world, pdf, "Offer.docx", word())
    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.renditions))
    make_renditions(world.db, world.vault, pdf, office, version_id=version_id, now=NOW)
    with world.db.reading() as tx:
        assert set(renditions.of_version(tx, version_id).values()) == {None}
    before = len(queued(world.db, "name"))
    make_missing(world.db, office, NOW)
    assert len(queued(world.db, "name")) == before


def test_an_office_file_that_came_before_its_program_is_converted_once_there_is_one(world, pdf):
    version_id = made(world, pdf, "Offer.docx", word())
    with world.db.reading() as tx:
        assert renditions.of_version(tx, version_id)[PREVIEW] is None  # a download, nothing is under way
    before = len(queued(world.db, "name"))
    make_missing(world.db, None, NOW)
    assert len(queued(world.db, "name")) == before
    make_missing(world.db, Office(), NOW)
    assert queued(world.db, "name")[before:] == ["make_renditions"]
    make_renditions(world.db, world.vault, pdf, Office(), version_id=version_id, now=NOW)
    assert read(world, version_id, PREVIEW).startswith(b"%PDF")
    assert CANARY in text_of(world.db, world.vault, version_id)
    make_missing(world.db, Office(), NOW)
    assert len(queued(world.db, "name")) == before + 1
