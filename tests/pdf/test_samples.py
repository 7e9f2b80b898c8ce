"""The sample documents: long enough to be real, signable, with their places where they say."""

from datetime import date

import pypdfium2
import pytest

from docvault.pdf import intake, samples
from docvault.pdf.fields import FieldSpec, place_fields

DAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("make", "least", "words"),
    [
        (samples.contract, 6, "Master Services Agreement"),
        (samples.rfp, 3, "Request for Proposals"),
        (samples.sow, 3, "Statement of Work"),
        (samples.whitepaper, 3, "Evidence That Travels With the Goods"),
    ],
)
def test_a_sample_names_its_parties_and_can_be_signed_as_it_is(workers, scratch, make, least, words):
    sample = make(workers, samples.Names(client="Ängby Hospital", provider="Pracownia Żuraw"), DAY)
    assert sample.pages >= least
    document = pypdfium2.PdfDocument(sample.content)
    text = " ".join(page.get_textpage().get_text_bounded() for page in document)
    assert words in text
    assert "Ängby Hospital" in text or "Pracownia Żuraw" in text
    assert f"Page {sample.pages} of {sample.pages}" in text
    findings = intake.inspect(workers, scratch(sample.content))
    assert findings.signable
    assert findings.removed == []


def test_the_same_names_and_day_give_the_same_bytes(workers):
    first, second = (samples.contract(workers, samples.Names(), DAY) for _ in range(2))
    assert first.content == second.content


def test_the_places_of_the_contract_are_free_and_stand_above_their_labels(workers, scratch):
    sample = samples.contract(workers, samples.Names(), DAY)
    document = pypdfium2.PdfDocument(sample.content)
    assert {(spot.kind, spot.party) for spot in sample.spots} >= {
        ("signature", 1),
        ("signature", 2),
        ("initials", 1),
    }
    for spot in sample.spots:
        page = document[spot.page - 1]
        high = page.get_height()
        inside = page.get_textpage().get_text_bounded(
            spot.x, high - spot.y - spot.h, spot.x + spot.w, high - spot.y
        )
        assert inside.strip() == ""
        if spot.kind in {"signature", "date", "text"}:
            below = page.get_textpage().get_text_bounded(
                spot.x, high - spot.y - spot.h - 20, spot.x + 200, high - spot.y - spot.h
            )
            assert below.strip() == spot.label
    fields = [
        FieldSpec(
            f"f{number}", each.kind, each.page, each.x, each.y, each.w, each.h, each.label, f"p{each.party}"
        )
        for number, each in enumerate(sample.spots)
    ]
    with (
        intake.normalise(workers, scratch(sample.content)).prepared as prepared,
        place_fields(workers, prepared, fields) as made,
    ):
        assert made.size() > 0
