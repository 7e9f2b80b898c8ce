"""On turned and cropped pages what signers wrote stands upright in the place where it was put."""

import io

import pikepdf
import pypdfium2
import pytest

from docvault.pdf import appearance
from docvault.pdf.fields import FieldSpec, place_fields, signature_field_name
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.rules.answers import TypedSignature

from .desks import ANNA

X, Y, W, H = 60, 90, 170, 44  # displayed points


def page(turn: int) -> bytes:
    pdf = pikepdf.new()
    sheet = pdf.add_blank_page(page_size=(595, 842))
    sheet.obj["/CropBox"] = pikepdf.Array([30, 20, 560, 800])
    sheet.obj["/Rotate"] = turn
    output = io.BytesIO()
    pdf.save(output, object_stream_mode=pikepdf.ObjectStreamMode.disable, min_version="1.7")
    return output.getvalue()


def ink(content: bytes) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of everything that is drawn, in displayed points."""
    document = pypdfium2.PdfDocument(content)
    document.init_forms()
    picture = document[0].render(scale=2, draw_annots=True, may_draw_forms=True).to_pil().convert("L")
    box = picture.point(lambda value: 255 if value < 200 else 0).getbbox()
    assert box is not None, "nothing is drawn"
    return tuple(round(each / 2) for each in box)


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_signature_stands_upright_in_its_place(desk, workers, turn):
    field = FieldSpec("sig", "signature", 1, X, Y, W, H, "Signature", "anna")
    key = desk.office.ca.issue(ANNA, desk.office.clock())
    with (
        Scratch.create(page(turn)) as plain,
        place_fields(workers, plain, [field]) as prepared,
        appearance.signature(
            workers, TypedSignature("Anna Lindqvist", "caveat"), lines=["Anna Lindqvist"], width=W, height=H
        ) as drawn,
    ):
        signed = desk.sign(
            prepared.read(),
            ANNA,
            "anna",
            certify=True,
            field=signature_field_name("anna"),
            answers=[FieldValue(signature_field_name("anna"), drawing=drawn)],
            sign=key.sign,
            credentials=desk.office.credentials(key.certificate),
        )
    left, top, right, bottom = ink(signed)
    assert left >= X - 1
    assert right <= X + W + 1
    assert top >= Y - 1
    assert bottom <= Y + H + 1
    assert right - left > 1.5 * (bottom - top), "lying down, the ink would be high and narrow"
    assert desk.validate(signed).verdict is Verdict.VALID


def test_an_unfilled_optional_field_of_the_real_form_stays_valid_after_the_seal(desk, workers):
    fields = [
        FieldSpec("sig", "signature", 1, X, Y, W, H, "Signature", "anna"),
        FieldSpec("note", "text", 1, X, 300, 200, 20, "Note", "anna", required=False),
        FieldSpec("tick", "checkbox", 1, X, 400, 16, 16, "I agree", "anna", required=False),
    ]
    with Scratch.create(page(0)) as plain, place_fields(workers, plain, fields) as prepared:
        signed = desk.sign(
            prepared.read(), ANNA, "anna", certify=True, field=signature_field_name("anna"), answers=[]
        )
    report = desk.validate(desk.seal(signed))
    assert report.verdict is Verdict.VALID, report.codes
