"""Fields found in a document before it is cleaned: those of its form, and tags in its text."""

import io

import pikepdf
import pytest
from pikepdf import Array, Dictionary, Name, String

from docvault.pdf import intake
from docvault.pdf.inside import found as finding
from docvault.rules.found import FoundField

from . import crafted


def form():
    """A form with one field of each kind, as other programs make them."""
    pdf = crafted.pdf_with()
    page = pdf.pages[0]

    def add(kind, top, **more):
        widget = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=kind,
            Rect=Array([60, 842 - top - 20, 160, 842 - top]),
            **({"F": 4} | more),
        )
        return pdf.make_indirect(widget)

    def states(name):
        empty = pdf.make_stream(b"", Type=Name.XObject, Subtype=Name.Form, BBox=Array([0, 0, 100, 20]))
        return Dictionary(N=Dictionary({f"/{name}": empty, "/Off": empty}))

    parent = pdf.make_indirect(Dictionary(FT=Name.Btn, Ff=1 << 15, T=String("Payment")))
    kids = [
        add(Name.Btn, top, Parent=parent, AP=states(name), AS=Name.Off)
        for top, name in ((300, "Card"), (330, "Mail"))
    ]
    parent.Kids = Array(kids)
    single = [
        add(Name.Tx, 60, T=String("Full name"), TU=String("Your full name"), Ff=2, MaxLen=40),
        add(Name.Tx, 90, T=String("Date")),
        add(Name.Tx, 120, T=String("Reference"), Ff=1),
        add(Name.Btn, 150, T=String("Agree"), AP=states("Yes"), AS=Name.Off),
        add(Name.Btn, 180, T=String("Print"), Ff=1 << 16),
        add(
            Name.Ch,
            210,
            T=String("Country"),
            Opt=Array([String("Poland"), Array([String("fi"), String("Finland")])]),
        ),
        add(Name.Sig, 240, T=String("Sign")),
        add(Name.Tx, 270, T=String("Secret"), F=2),
    ]
    page.obj.Annots = Array([*single, *kids])
    pdf.Root.AcroForm = Dictionary(Fields=Array([*single, parent]))
    return crafted.saved(pdf)


def normalised(workers, source):
    result = intake.normalise(workers, source)
    result.prepared.close()
    return result.found


def test_fields_of_an_old_form_are_found_before_it_is_flattened(workers, scratch):
    filled = crafted.filled_form()
    assert normalised(workers, scratch(filled)) == []
    with pikepdf.open(io.BytesIO(filled)) as pdf:
        del pdf.Root.AcroForm.Fields[0].V
        found = normalised(workers, scratch(crafted.saved(pdf)))
    assert [(one.kind, one.label, one.x, one.y) for one in found] == [("text", "name", 72, 322)]


def test_of_a_form_what_people_fill_in_is_found():
    with pikepdf.open(io.BytesIO(form())) as pdf:
        found = {one["y"]: FoundField(**one) for one in finding.in_form(pdf)}
    assert {top: (one.kind, one.label, one.required) for top, one in found.items()} == {
        60: ("text", "Your full name", True),
        90: ("date", "Date", False),
        150: ("checkbox", "Agree", False),
        210: ("dropdown", "Country", False),
        240: ("signature", "Sign", True),
        300: ("radio", "Card", False),
        330: ("radio", "Mail", False),
    }
    assert found[60].longest == 40
    assert found[210].choices == ["Poland", "Finland"]
    assert {found[300].group, found[330].group} == {"Payment"}
    assert (found[60].x, found[60].w, found[60].h) == (60, 100, 20)


@pytest.mark.parametrize("turn", [0, 90])
def test_tags_in_the_text_are_found_where_they_stand(workers, scratch, turn):
    pdf = crafted.pdf_with(text="Signed: {{signature:1}} {{text:2:Job title}} {{nothing:1}}")
    pdf.pages[0].obj.Rotate = turn
    found = normalised(workers, scratch(crafted.saved(pdf)))
    assert [(one.kind, one.number, one.label) for one in found] == [
        ("signature", 1, ""),
        ("text", 2, "Job title"),
    ]
    assert found[0].page == 1
    if not turn:  # the line's baseline is 100 points from the top, and begins 72 from the left
        assert 110 < found[0].x < 140
        assert found[0].y + found[0].h == pytest.approx(104, abs=4)
        assert found[1].y < 100 < found[1].y + found[1].h


def test_a_form_that_is_nonsense_is_passed_over(workers, scratch):
    pdf = crafted.pdf_with()
    loop = pdf.make_indirect(Dictionary(Type=Name.Annot, Subtype=Name.Widget, FT=Name.Tx, Rect=Array([0])))
    loop.Parent = loop
    bare = pdf.make_indirect(Dictionary(Subtype=Name.Widget))
    pdf.pages[0].obj.Annots = Array([loop, bare, 7])
    pdf.Root.AcroForm = Dictionary(Fields=Array([loop, bare]))
    assert normalised(workers, scratch(crafted.saved(pdf))) == []
