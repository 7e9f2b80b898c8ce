"""The version that was signed, and what somebody sees that has changed since."""

import io

import pikepdf
import pypdfium2
import pytest
from PIL import Image
from pyhanko.sign.fields import SigFieldSpec, append_signature_field

from docvault.pdf import versions
from docvault.pdf.errors import PageMissing
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import read_answer
from docvault.pdf.versions import Change
from docvault.pdf.workers import Workers
from docvault.values import NotFound

from . import attacks
from .arrivals import PEKKA, letter, signed
from .desks import ANNA, TOMAS


def changes(desk, content, number=1):
    report = desk.validate(content)
    with Scratch.create(content) as source:
        return list(versions.changes(desk.workers, source, report.version(number)))


@pytest.mark.promise(69)
def test_each_version_that_was_signed_is_in_the_file_byte_for_byte(desk, revisions):
    report = desk.validate(revisions.sealed)
    with Scratch.create(revisions.sealed) as source:
        for number, wanted in enumerate((revisions.anna, revisions.tomas), start=1):
            with versions.cut(source, report.version(number)) as found:
                assert found.read() == wanted
                assert desk.validate(found.read()).verdict is Verdict.VALID
    for number in (0, 5, -1):
        with pytest.raises(NotFound):
            report.version(number)


@pytest.mark.promise(69)
def test_what_was_not_signed_is_never_offered_as_the_version_that_was_signed(desk, sealed):
    report = desk.validate(attacks.flip(sealed, sealed.index(b"endstream") - 5))
    assert {each.code for each in report.signatures} <= {"content-changed", "check-failed"}
    assert [each.signed_bytes for each in report.signatures] == [None] * 4
    with pytest.raises(NotFound):
        report.version(1)


@pytest.mark.promise(69)
def test_pages_say_whether_only_fields_changed_or_something_else(desk, revisions):
    assert changes(desk, revisions.sealed) == [Change.SAME, Change.SAME, Change.FIELDS]
    assert changes(desk, revisions.sealed, 3) == [Change.SAME] * 3
    altered = attacks.updated(revisions.sealed, attacks.new_page_text)
    assert changes(desk, altered, 2) == [Change.OTHER, Change.SAME, Change.SAME]
    assert changes(desk, attacks.updated(revisions.sealed, attacks.page_removed))[1:] == [Change.OTHER] * 2


@pytest.mark.promise(69)
def test_the_picture_shows_in_red_what_is_gone_and_in_green_what_came(desk, revisions):
    altered = attacks.updated(revisions.anna, attacks.new_page_text)
    with Scratch.create(altered) as source:
        size = desk.validate(altered).version(1)
        picture, kind = versions.image(desk.workers, source, size, page=1, width=600, view="overlay")
        for page, width, view in ((9, 600, "overlay"), (1, 601, "overlay"), (1, 600, "both")):
            with pytest.raises(PageMissing):
                versions.image(desk.workers, source, size, page=page, width=width, view=view)
    colours = colours_of(picture)
    assert kind == "image/png"
    assert any(red > 150 and green < 80 for red, green, _ in colours)
    assert any(green > 90 and red < 80 for red, green, _ in colours)


@pytest.mark.promise(69)
@pytest.mark.parametrize(
    ("paper", "ink"), [(b"0.05 0.1 0.3 rg 0 0 595 842 re f", b"1 1 0.8 rg"), (b"", b"0.72 0 0 rg")]
)
def test_what_came_is_shown_as_such_on_dark_paper_and_also_where_only_a_colour_changed(desk, paper, ink):
    """Light words on dark paper are no hole in it; a red that is as light as another colour is not the same."""
    source = signed(letter(paper=paper, ink=ink))
    before = b" ".join((paper, ink, b"BT /F1 18 Tf 72 770 Td (Page 1: we agree.) Tj ET"))
    after = before + b" BT /F1 18 Tf 72 600 Td (Now.) Tj ET" if paper else before.replace(ink, GREEN)
    changed = attacks.updated(source, lambda writer: attacks.show(writer, after))
    assert changes(desk, changed)[0] is Change.OTHER
    with Scratch.create(changed) as opened:
        size = desk.validate(changed).version(1)
        shown = {
            view: versions.image(desk.workers, opened, size, page=1, width=600, view=view)[0]
            for view in ("first", "second")
        }
    assert any(green > 90 and red < 80 for red, green, _ in colours_of(shown["second"]))
    gone = any(red > 150 and green < 80 for red, green, _ in colours_of(shown["first"]))
    assert gone is not bool(paper)


def colours_of(picture: bytes) -> set[tuple[int, int, int]]:
    return {colour for _, colour in Image.open(io.BytesIO(picture)).convert("RGB").getcolors(1 << 20)}


@pytest.mark.promise(69)
def test_a_font_that_is_not_there_is_no_change_also_the_first_time_it_is_drawn(desk):
    source = signed(signed(letter(font="/Comic#20Sans")), PEKKA, field="Second")
    size = desk.validate(source).version(1)
    with Scratch.create(source) as opened:
        with Workers(1) as fresh:
            assert versions.changes(fresh, opened, size) == [Change.SAME] * 2
        with Workers(1) as fresh:
            picture, _ = versions.image(fresh, opened, size, page=1, width=600, view="overlay")
    assert all(max(colour) - min(colour) < 30 for colour in colours_of(picture))


GREEN = b"0 0.37 0 rg"  # as light as the red above


def sneaky_signature(box):
    """Put a signature field into the document after it was signed, where its maker likes."""
    return lambda writer: append_signature_field(writer, SigFieldSpec("sneaky", on_page=0, box=box))


def cover() -> Scratch:
    """Draw a page that says something else, on white."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(160, 40))
    page.Resources = pikepdf.Dictionary(
        Font=pikepdf.Dictionary(F1=pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1,
                                                      BaseFont=pikepdf.Name.Helvetica))
    )  # fmt: skip
    page.Contents = pdf.make_stream(b"1 g 0 0 160 40 re f 0 g BT /F1 12 Tf 4 14 Td (9000 euros) Tj ET")
    output = io.BytesIO()
    pdf.save(output)
    return Scratch.create(output.getvalue())


@pytest.fixture(scope="module")
def approved(desk, prepared):
    """Signed, and not certified: others may add signatures of their own."""
    return desk.sign(prepared, ANNA, "anna", certify=False)


def signed_again(desk, content, box):
    """Let Tomas sign in a field of his own making, with an appearance of his own drawing."""
    from docvault.pdf.sign import FieldValue

    changed = attacks.updated(content, sneaky_signature(box))
    with cover() as drawn:
        return desk.sign(
            changed, TOMAS, "", certify=False, field="sneaky", answers=[FieldValue("sneaky", drawing=drawn)]
        )


@pytest.mark.promise(67)
def test_a_sneaky_signature_over_the_text_is_refused_although_its_signer_is_known(desk, approved):
    """Everybody may add a signature to what nobody certified. It may not hide what others signed."""
    report = desk.validate(signed_again(desk, approved, (70, 760, 330, 795)))
    assert report.verdict is Verdict.MODIFIED
    assert report.signatures[0].code == "looks-different"
    assert report.pages_changed == (1,)


def test_a_later_signature_on_blank_paper_is_accepted(desk, approved):
    content = signed_again(desk, approved, (70, 600, 330, 640))
    report = desk.validate(content)
    assert report.verdict is Verdict.VALID, report.codes
    assert changes(desk, content) == [Change.ADDED, Change.SAME, Change.SAME]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_fields_are_found_on_turned_and_cropped_pages(desk, prepared, turn):
    output = io.BytesIO()
    with pikepdf.open(io.BytesIO(prepared)) as pdf:
        for page in pdf.pages:
            page.obj["/Rotate"] = turn
            page.obj["/CropBox"] = pikepdf.Array([30, 20, 560, 800])
        pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    anna = desk.sign(output.getvalue(), ANNA, "anna", certify=True)
    both = desk.sign(anna, TOMAS, "tomas", certify=False)
    assert changes(desk, both) == [Change.SAME, Change.SAME, Change.FIELDS]
    assert desk.validate(both).verdict is Verdict.VALID


@pytest.mark.promise(68)
def test_pages_that_cannot_be_drawn_are_never_green(desk, revisions, monkeypatch):
    honest = desk.workers.run

    def failing(task, *args, **more):
        if task == "version_changes":
            return [["no such change"]], []
        return honest(task, *args, **more)

    monkeypatch.setattr(desk.workers, "run", failing)
    report = desk.validate(revisions.tomas)
    assert (report.verdict, report.codes[0]) == (Verdict.INVALID, "not-drawn")


@pytest.mark.promise(73)
def test_advanced_is_said_of_people_of_this_installation_only_and_nothing_is_ever_called_more(desk, sealed):
    import hashlib

    own = [hashlib.sha256(desk.office.ca.root.der).hexdigest()]
    anna, tomas, seal, stamp = desk.validate(sealed, own=own).signatures
    assert (anna.assurance, tomas.assurance, seal.assurance, stamp.assurance) == (
        "advanced", "advanced", "simple", None,
    )  # fmt: skip
    assert {each.assurance for each in desk.validate(sealed).signatures} == {"simple", None}
    assert {
        each.assurance
        for each in desk.validate(attacks.flip(sealed, sealed.index(b"endstream") - 5), own=own).signatures
    } == {None}
    claimed = {"signatures": [{"code": "ok", "field": "x", "assurance": "qualified"}], "codes": []}
    assert read_answer(claimed).signatures[0].assurance == "simple", "a worker has no say in it"


@pytest.mark.promise(69)
def test_the_report_names_the_anchor_that_was_used(desk, sealed):
    for each in desk.validate(sealed).signatures:
        assert each.anchor == "Harbour & Pine Oy Root CA"
    assert {each.anchor for each in desk.validate(sealed, roots=[]).signatures} == {None}


def test_the_signed_version_of_a_picture_is_what_pdfium_draws(revisions):
    """The beginning of a file opens like a file of its own."""
    from docvault.pdf.inside.versions import Beginning

    opened = pypdfium2.PdfDocument(Beginning(io.BytesIO(revisions.sealed), len(revisions.anna)))
    whole = pypdfium2.PdfDocument(revisions.anna)
    for one, other in zip(opened, whole, strict=True):
        assert one.render().to_pil().tobytes() == other.render().to_pil().tobytes()
