"""Several documents in one envelope: one folder, one fingerprint, one sequence of pages."""

import hashlib
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.rules.envelope_documents import (
    Chosen,
    PageBeyond,
    check_documents,
    digest_of,
    fields_within,
    find_page,
    with_first_pages,
)
from docvault.rules.envelopes import EnvelopeIncomplete
from docvault.rules.fields import FieldKind, PlacedField


@dataclass(frozen=True)
class Paper:
    pages: int


PAPERS = st.lists(st.builds(Paper, st.integers(1, 5)), min_size=1, max_size=5)


@pytest.mark.parametrize(
    "chosen",
    [
        [],
        [Chosen("a", "f"), Chosen("a", "f")],
        [Chosen("a", "f"), Chosen("b", "g")],
        [Chosen(str(number), "f") for number in range(4)],
    ],
    ids=["none", "one twice", "two folders", "too many"],
)
def test_documents_that_do_not_belong_into_one_envelope_are_refused(chosen):
    with pytest.raises(EnvelopeIncomplete):
        check_documents(chosen, 3)


def test_documents_of_one_folder_are_accepted():
    check_documents([Chosen("a", "f"), Chosen("b", "f")], 2)


def test_the_fingerprint_of_one_document_is_its_own():
    assert digest_of(["ab" * 32]) == "ab" * 32


def test_the_fingerprint_of_several_is_the_documented_one():
    one, two = "11" * 32, "22" * 32
    written = f"docvault/envelope/v1\n{one}\n{two}\n".encode()
    assert digest_of([one, two]) == hashlib.sha256(written).hexdigest()


@given(st.lists(st.integers(0, 3).map(lambda n: f"{n:064x}"), min_size=2, max_size=4), st.randoms())
def test_another_order_or_another_document_has_another_fingerprint(digests, random):
    others = [*digests]
    random.shuffle(others)
    assert (digest_of(digests) == digest_of(others)) is (digests == others)
    assert digest_of(digests) != digest_of([*digests, digests[0]])


@given(PAPERS)
def test_every_page_belongs_to_exactly_one_document(papers):
    total = sum(paper.pages for paper in papers)
    found = [find_page(papers, page) for page in range(1, total + 1)]
    assert found == [(paper, number) for paper in papers for number in range(1, paper.pages + 1)]
    for beyond in (0, -1, total + 1):
        with pytest.raises(PageBeyond):
            find_page(papers, beyond)


@given(PAPERS, st.data())
def test_every_field_goes_into_exactly_one_document_at_its_place(papers, data):
    total = sum(paper.pages for paper in papers)
    pages = data.draw(st.lists(st.integers(1, total), max_size=6))
    fields = [
        PlacedField(f"f{n}", "r", FieldKind.TEXT, page, 1, 2, 30, 20, True) for n, page in enumerate(pages)
    ]
    parted = [
        (first + field.page - 1, field.id)
        for paper, first in with_first_pages(papers)
        for field in fields_within(fields, first, paper.pages)
        if 1 <= field.page <= paper.pages
    ]
    assert sorted(parted) == sorted((field.page, field.id) for field in fields)
