"""Two versions next to each other: what changed is found, in words and in pictures, by those who may read."""

import io

import pikepdf
import pytest
from PIL import Image

from docvault.actions import comparisons, versions
from docvault.actions.comparisons import NotComparable
from docvault.actions.uploads import begin_upload, finish_upload, store_segment
from docvault.audit.kinds import Kind
from docvault.pdf.errors import PageMissing
from docvault.policy.engine import Forbidden
from docvault.values import NotFound

from .papers import file, folder
from .world import NOW, standing


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


def paper(*pages):
    """Return a PDF with one line of text on each page."""
    with pikepdf.new() as made:
        font = made.make_indirect(
            pikepdf.Dictionary(
                Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica
            )
        )
        for text in pages:
            page = made.add_blank_page(page_size=(300, 200))
            page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
            page.Contents = made.make_stream(f"BT /F1 18 Tf 20 120 Td ({text}) Tj ET".encode())
        out = io.BytesIO()
        made.save(out)
    return out.getvalue()


def bring(world, pdf, folder_id, data, document_id=None):
    about = {"acting": world.manager, "now": NOW}
    begun = begin_upload(
        world.db,
        world.vault,
        folder_id=folder_id,
        filename="terms.pdf",
        size=len(data),
        document_id=document_id,
        **about,
    )
    store_segment(world.db, world.vault, upload_id=begun.id, offset=0, plaintext=data, **about)
    return finish_upload(world.db, world.vault, pdf, upload_id=begun.id, **about).id


@pytest.fixture
def document(world, pdf):
    place = folder(world)
    made = bring(world, pdf, place, paper("The fee is 900", "Signed"))
    bring(world, pdf, place, paper("The fee is 1200", "Signed", "Annex"), made)
    return made


def compare(world, pdf, document, first=1, second=2, acting=None):
    return comparisons.compare_versions(
        world.db,
        world.vault,
        pdf,
        acting=acting or world.client,
        document_id=document,
        first=first,
        second=second,
        now=NOW,
    )


def image(world, pdf, document, page, view, acting=None):
    picture, _ = comparisons.comparison_image(
        world.db,
        world.vault,
        pdf,
        acting=acting or world.client,
        document_id=document,
        first=1,
        second=2,
        page=page,
        width=600,
        view=view,
        now=NOW,
    )
    return Image.open(io.BytesIO(picture)).convert("RGB")


def coloured(picture):
    """Return whether there is red and whether there is green in a picture."""
    points = [point for _, point in picture.getcolors(maxcolors=1_000_000)]
    red = any(r > g + 60 and r > b + 60 for r, g, b in points)
    return red, any(g > r + 40 and g > b for r, g, b in points)


def test_what_changed_is_found_on_each_page_in_words_and_looks(world, pdf, document):
    found = compare(world, pdf, document)
    said = [
        (one.number, one.in_first, one.in_second, one.looks_different, [(w.kind, w.text) for w in one.words])
        for one in found.pages
    ]
    assert said == [
        (1, True, True, True, [("same", "The fee is"), ("gone", "900"), ("new", "1200")]),
        (2, True, True, False, []),
        (3, False, True, True, [("new", "Annex")]),
    ]
    assert [one.differs for one in found.pages] == [True, False, True]
    assert not found.cut


def test_the_pictures_colour_what_only_one_version_has(world, pdf, document):
    assert coloured(image(world, pdf, document, 1, "first")) == (True, False)
    assert coloured(image(world, pdf, document, 1, "second")) == (False, True)
    assert coloured(image(world, pdf, document, 1, "overlay")) == (True, True)
    assert coloured(image(world, pdf, document, 2, "overlay")) == (False, False)
    with pytest.raises(PageMissing):
        image(world, pdf, document, 4, "overlay")


@pytest.mark.promise(42)
def test_only_who_may_read_the_document_compares_and_one_comparison_is_one_entry(world, pdf, document):
    before = len(world.entries())
    compare(world, pdf, document)
    image(world, pdf, document, 1, "overlay")
    assert world.entries()[before:] == [(Kind.DOCUMENT_COMPARED.value, document)]
    for acting, refusal in (
        (world.officer, Forbidden),
        (world.administrator, NotFound),
        (world.other_client, NotFound),
    ):
        with pytest.raises(refusal):
            compare(world, pdf, document, acting=acting)
        with pytest.raises(refusal):
            image(world, pdf, document, 1, "overlay", acting)


def test_a_picture_without_a_comparison_before_is_a_reading_of_both(world, pdf, document):
    before = len(world.entries())
    image(world, pdf, document, 1, "first")
    assert world.entries()[before:] == [(Kind.DOCUMENT_READ.value, document)] * 2


def test_what_is_no_pair_of_pdfs_is_refused_in_words(world, pdf, document):
    with pytest.raises(NotComparable):
        compare(world, pdf, document, 1, 1)
    with pytest.raises(NotFound):
        compare(world, pdf, document, 1, 3)
    place = folder(world, "Other")
    text = file(world, place, b"one")
    file(world, place, b"two", document_id=text)
    with pytest.raises(NotComparable, match="download"):
        compare(world, pdf, text)


def test_a_version_that_was_brought_back_is_equal_to_what_it_repeats(world, pdf, document):
    versions.restore_version(
        world.db, world.vault, acting=world.client, document_id=document, number=1, now=NOW
    )
    assert not any(one.differs for one in compare(world, pdf, document, 1, 3).pages)
