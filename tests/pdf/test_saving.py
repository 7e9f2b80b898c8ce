"""What is written is whole: where memory does not suffice, qpdf leaves an empty stream and a warning."""

import io
import os

import pikepdf
import pytest
from pikepdf import Dictionary, Name

from docvault.pdf.errors import TooLargeToSign
from docvault.pdf.fields import place_fields
from docvault.pdf.inside import saving
from docvault.pdf.scratch import Scratch

LOST = "error decoding stream data for object 5 0: std::bad_alloc"


def test_a_picture_larger_than_what_can_be_compressed_is_still_in_the_prepared_document(workers):
    size = 150_000_000  # bytes: the first that got lost
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=(595, 842))
    page.Resources = Dictionary(XObject=Dictionary(P=pdf.make_stream(os.urandom(size))))
    page.Contents = pdf.make_stream(b"q 500 0 0 700 40 70 cm /P Do Q")
    page.Resources.XObject.P.Type, page.Resources.XObject.P.Subtype = Name.XObject, Name.Image
    with Scratch.create() as source:
        pdf.save(source.file, compress_streams=False)
        with place_fields(workers, source, []) as prepared:
            assert prepared.size() > size


class Losing:
    """Stands for a PDF of which so many attempts to write lose something."""

    def __init__(self, times):
        self.left = times

    def save(self, output, **_how):
        output.write(b"attempt" if self.left else b"whole")

    def get_warnings(self):
        self.left -= 1
        return [LOST] if self.left >= 0 else []


def test_what_cannot_be_written_whole_is_not_written():
    once, always = io.BytesIO(), io.BytesIO()
    saving.save(Losing(1), once)
    assert once.getvalue() == b"whole"
    with pytest.raises(TooLargeToSign, match="too large to be prepared"):
        saving.save(Losing(2), always)
