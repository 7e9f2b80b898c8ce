"""Fields: where they end up, whom they belong to, what each signature locks."""

import io
import subprocess

import pikepdf
import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPAction, FieldMDPSpec, MDPPerm, enumerate_sig_fields

from docvault.pdf import errors
from docvault.pdf.fields import FieldSpec, place_fields, signature_field, signature_field_name

from . import crafted


def spec(name, kind, signer="ann", page=1, x=60.0, y=120.0, w=120.0, h=30.0):
    return FieldSpec(name, kind, page, x, y, w, h, f"{kind} of {signer}", signer)


ALL = (
    spec("a1", "signature"),
    spec("a2", "initials", y=170),
    spec("a3", "date", y=210, h=16),
    spec("a4", "text", y=240),
    spec("a5", "checkbox", y=290, w=14, h=14),
    spec("a6", "signature", page=2),
    spec("b1", "text", "bob", x=300),
)


@pytest.fixture
def placed(workers, scratch):
    with place_fields(
        workers, scratch(crafted.plain(2)), ALL, signers=["ann", "bob"], title="Master agreement"
    ) as made:
        yield made.read()


def fields_of(content):
    pdf = pikepdf.open(io.BytesIO(content))
    return pdf, {str(field.T): field for field in pdf.Root.AcroForm.Fields}


@pytest.mark.promise(64)
def test_everybody_has_exactly_one_signature_field_before_the_first_signature(placed):
    reader = PdfFileReader(io.BytesIO(placed), strict=True)
    names = [name for name, value, _ in enumerate_sig_fields(reader) if value is None]
    assert sorted(names) == ["docvault-seal", "signature-ann", "signature-bob"]
    assert signature_field(ALL, "ann") == ALL[0]
    assert signature_field(ALL, "bob") is None
    _, fields = fields_of(placed)
    assert [float(edge) for edge in fields["signature-bob"].Rect] == [0, 0, 0, 0]
    assert pikepdf.Name.Tx == fields["a6"].FT  # a further picture of the same signature


def test_a_signature_locks_its_own_persons_fields_only(placed):
    _, fields = fields_of(placed)
    lock = fields["signature-ann"].Lock
    assert lock.Action == pikepdf.Name.Include
    assert sorted(str(name) for name in lock.Fields) == ["a2", "a3", "a4", "a5", "a6"]
    assert [str(name) for name in fields["signature-bob"].Lock.Fields] == ["b1"]


@pytest.mark.promise(64)
def test_the_seal_locks_everything_and_forbids_every_change(placed):
    reader = PdfFileReader(io.BytesIO(placed), strict=True)
    seal = next(
        each.get_object()
        for each in reader.root["/AcroForm"]["/Fields"]
        if each.get_object()["/T"] == "docvault-seal"
    )
    assert (
        FieldMDPSpec.from_pdf_object(seal["/Lock"]).action is FieldMDPAction.ALL
    )  # as whoever signs it reads it
    assert MDPPerm(seal["/Lock"]["/P"]) is MDPPerm.NO_CHANGES


def test_a_viewer_shows_the_title_of_the_document(placed):
    pdf, _ = fields_of(placed)
    assert str(pdf.docinfo.Title) == "Master agreement"
    assert bool(pdf.Root.ViewerPreferences.DisplayDocTitle)


def test_fields_carry_their_label_and_duty_for_assistive_technology(placed):
    _, fields = fields_of(placed)
    assert str(fields["a4"].TU) == "text of ann"
    assert int(fields["a4"].Ff) & 2


def test_qpdf_finds_nothing_wrong(placed, tmp_path):
    (tmp_path / "placed.pdf").write_bytes(placed)
    subprocess.run(["qpdf", "--check", tmp_path / "placed.pdf"], check=True, capture_output=True)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (50, 100, 500, 700)])
def test_a_field_is_drawn_where_it_was_placed_and_upright(workers, scratch, turn, crop):
    pdf = crafted.pdf_with(text="")
    pdf.pages[0].obj.Contents = pdf.make_stream(b"")
    pdf.Root.Pages.Rotate = turn
    if crop:
        pdf.Root.Pages.CropBox = pikepdf.Array(crop)
    box = spec("tick", "checkbox", x=100.0, y=50.0, w=80.0, h=40.0)
    with place_fields(workers, scratch(crafted.saved(pdf)), [box]) as made:
        content = made.read()
    copy, fields = fields_of(content)
    fields["tick"].V = fields["tick"].AS = pikepdf.Name.Yes
    document = pypdfium2.PdfDocument(crafted.saved(copy))
    document.init_forms()
    page = document[0]
    picture = (
        page.render(scale=2, draw_annots=True).to_pil().convert("L").point(lambda grey: 255 * (grey < 128))
    )
    left, top, right, bottom = (edge / 2 for edge in picture.getbbox())
    assert (left, top, right, bottom) == pytest.approx((120.5, 50.5, 159.5, 89.5), abs=1)
    # Upright: the long stroke of the tick ends high on the right, so the upper left quarter is emptier.
    quarter = picture.crop((250, 106, 278, 134)).histogram()[255]
    opposite = picture.crop((282, 106, 310, 134)).histogram()[255]
    assert opposite > quarter


@pytest.mark.parametrize(
    ("field", "error"),
    [
        (spec("a", "text", page=3), errors.PageMissing),
        (spec("a", "text", page=0), errors.PageMissing),
        (spec("a", "text", x=590), errors.FieldRefused),
        (spec("a", "text", y=-20), errors.FieldRefused),
        (spec("a", "text", w=0), errors.FieldRefused),
        (spec("a.b", "text"), errors.FieldRefused),
    ],
)
def test_a_field_that_cannot_stand_there_is_refused(workers, scratch, field, error):
    with pytest.raises(error):
        place_fields(workers, scratch(crafted.plain(2)), [field])


def test_a_file_that_was_not_cleaned_is_refused(workers, scratch):
    with pytest.raises(errors.FieldRefused):
        place_fields(workers, scratch(crafted.filled_form()), ALL[:1])


def test_the_name_of_a_signature_field_can_be_told_from_the_signer():
    assert signature_field_name("ann") == "signature-ann"
