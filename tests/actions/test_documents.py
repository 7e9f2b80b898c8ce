import io

import pikepdf
import pytest
from sqlalchemy import select

from docvault.actions.documents import (
    NoPages,
    open_pages,
    page_image,
    page_paragraphs,
    page_text,
    read_document,
    show_document,
)
from docvault.actions.folders import create_folder, show_folder
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.database import tables
from docvault.pdf.render import PageMissing
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission
from docvault.values import NotFound, new_id

from .world import NOW, person, refuse, standing


@pytest.fixture
def world(tmp_path, database_url, blobs_beside):
    yield from standing(tmp_path, database_url, blobs_beside)


@pytest.fixture
def document(world, pdf):
    return brought(world, pdf, "Contract.pdf", written_pdf("Payment within thirty days"))


def brought(world, pdf, name, data):
    folder = create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Contracts",
        kind="contract",
        now=NOW,
    )
    state = begin_upload(
        world.db,
        world.vault,
        acting=world.client,
        folder_id=folder,
        filename=name,
        size=len(data),
        now=NOW,
    )
    store_segment(
        world.db,
        world.vault,
        acting=world.client,
        upload_id=state.id,
        offset=0,
        plaintext=data,
        now=NOW,
    )
    return finish_upload(world.db, world.vault, pdf, acting=world.client, upload_id=state.id, now=NOW)


def written_pdf(text):
    made = pikepdf.new()
    for number in (1, 2):
        page = made.add_blank_page(page_size=(595, 842))
        font = pikepdf.Dictionary(
            Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
        )
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=made.make_indirect(font)))
        page.Contents = made.make_stream(f"BT /F1 18 Tf 72 700 Td ({text}, page {number}) Tj ET".encode())
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def read(world, document, acting, number=None):
    return read_document(
        world.db, world.vault, acting=acting, document_id=document.id, number=number, now=NOW
    )


READERS = {"manager", "client"}
SEERS = READERS | {"officer"}


def test_documents_are_seen_and_read_by_those_whose_role_says_so(world, document):
    for name, acting in world.everybody.items():
        if name not in SEERS:
            with pytest.raises(NotFound):
                show_document(world.db, acting=acting, document_id=document.id)
            with pytest.raises(NotFound):
                read(world, document, acting)
            continue
        shown = show_document(world.db, acting=acting, document_id=document.id)
        assert (Permission.DOCUMENT_READ in shown.may) is (name in READERS)
        if name in READERS:
            assert read(world, document, acting).size == shown.versions[0].size
        else:
            with pytest.raises(Forbidden):
                read(world, document, acting)


@pytest.mark.promise(28)
def test_a_compliance_officer_reads_no_page_of_a_body(world, pdf, document):
    where = {"acting": world.officer, "document_id": document.id, "now": NOW}
    for attempt in (
        lambda: open_pages(world.db, world.vault, pdf, **where),
        lambda: page_image(world.db, world.vault, pdf, **where, page=1, width=600),
        lambda: page_text(world.db, world.vault, pdf, **where, page=1),
        lambda: page_paragraphs(world.db, world.vault, pdf, **where, page=1),
    ):
        with pytest.raises(Forbidden):
            attempt()


@pytest.mark.promise(42)
def test_every_rendition_passes_the_gate_of_the_document_even_when_it_is_at_hand(world, pdf, document):
    mine = {"acting": world.client, "document_id": document.id, "now": NOW}
    page_image(world.db, world.vault, pdf, **mine, page=1, width=600)  # kept in memory from here on
    theirs = {**mine, "acting": world.other_client}
    for attempt in (
        lambda: open_pages(world.db, world.vault, pdf, **theirs),
        lambda: page_image(world.db, world.vault, pdf, **theirs, page=1, width=600),
        lambda: page_text(world.db, world.vault, pdf, **theirs, page=1),
        lambda: page_paragraphs(world.db, world.vault, pdf, **theirs, page=1),
    ):
        with pytest.raises(NotFound):
            attempt()


@pytest.mark.promise(21)
def test_foreign_and_made_up_documents_are_the_same_answer(world, document):
    answers = []
    for document_id in (document.id, new_id()):
        with pytest.raises(NotFound) as refused:
            show_document(world.db, acting=world.other_client, document_id=document_id)
        answers.append(str(refused.value))
    assert answers[0] == answers[1]


def test_a_version_that_does_not_exist_is_not_found(world, document):
    for number in (0, 2, -1):
        with pytest.raises(NotFound):
            read(world, document, world.client, number)


@pytest.mark.promise(74)
def test_reading_pages_is_one_entry_a_session_and_a_download_one_each(world, pdf, document):
    before = len(world.entries())
    mine = {"acting": world.client, "document_id": document.id, "now": NOW}
    for page in (1, 2, 1):
        page_image(world.db, world.vault, pdf, **mine, page=page, width=600)
    open_pages(world.db, world.vault, pdf, **mine)
    page_text(world.db, world.vault, pdf, **mine, page=2)
    assert world.entries()[before:] == [("document:read", document.id)]
    colleague = person(world.db, "Carl Client", world.client.role, world.acme)
    open_pages(world.db, world.vault, pdf, **{**mine, "acting": colleague})
    read(world, document, world.client)
    read(world, document, world.client)
    assert world.entries()[before + 1 :] == [
        ("document:read", document.id),
        ("document:downloaded", document.id),
        ("document:downloaded", document.id),
    ]


def test_pages_have_sizes_pictures_and_text(world, pdf, document):
    mine = {"acting": world.client, "document_id": document.id, "now": NOW}
    view = open_pages(world.db, world.vault, pdf, **mine)
    assert [(round(w), round(h)) for w, h in view.sizes] == [(595, 842), (595, 842)]
    picture, media_type = page_image(world.db, world.vault, pdf, **mine, page=2, width=600)
    assert (media_type, picture[:4]) == ("image/png", b"\x89PNG")
    assert "page 2" in " ".join(run.text for run in page_text(world.db, world.vault, pdf, **mine, page=2))
    assert page_paragraphs(world.db, world.vault, pdf, **mine, page=1) == [
        "Payment within thirty days, page 1"
    ]


@pytest.mark.parametrize(("page", "width"), [(0, 600), (3, 600), (-1, 600), (1, 601), (1, 100_000)])
def test_pages_and_sizes_that_are_not_offered_are_refused(world, pdf, document, page, width):
    with pytest.raises(PageMissing):
        page_image(
            world.db,
            world.vault,
            pdf,
            acting=world.client,
            document_id=document.id,
            page=page,
            width=width,
            now=NOW,
        )


def test_files_without_pages_say_so(world, pdf):
    note = brought(world, pdf, "notes.txt", b"hello")
    with pytest.raises(NoPages):
        open_pages(world.db, world.vault, pdf, acting=world.client, document_id=note.id, now=NOW)


def test_a_pdf_that_cannot_be_read_is_offered_for_download_only(world, pdf):
    broken = brought(world, pdf, "broken.pdf", b"%PDF-1.7 nothing else")
    with pytest.raises(NoPages, match="download"):
        open_pages(world.db, world.vault, pdf, acting=world.client, document_id=broken.id, now=NOW)
    assert read(world, broken, world.client).size == 21


def test_the_folder_shows_its_documents_newest_first(world, pdf, document):
    page = show_folder(world.db, acting=world.client, folder_id=document.folder_id).documents
    (shown,) = page.items
    assert (shown.name, shown.versions, shown.by, shown.signed) == ("Contract.pdf", 1, "Clara Client", False)


def test_a_download_that_is_not_written_down_does_not_happen(world, document):
    with world.db.transaction() as tx:
        refuse(tx, "INSERT", "audit_entries")
    with pytest.raises(Exception, match="audit"):
        read(world, document, world.client)


def test_private_words_are_not_in_the_leaf(world, document):
    read(world, document, world.client)
    with world.db.reading() as tx:
        leaves = tx.connection.execute(select(tables.audit_entries.c.leaf)).scalars().all()
    for word in (b"Contract.pdf", b"Clara", b"203.0.113.7"):
        assert not any(word in leaf for leaf in leaves)
