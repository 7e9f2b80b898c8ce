"""Awkward PDFs: each is signed and valid, or refused with a reason. None is lost, and none is changed."""

import pytest

from .awkward import every
from .whole_way import outcome

REFUSED = {
    "an empty file": "is empty",
    "a text": "not a PDF",
    "a header alone": "end of the file is missing",
    "no table at all": "damaged",
    "half a file": "end of the file is missing",
    "noise": "damaged",
    "no pages": "no pages",
    "a page tree in a circle": "damaged",
    "a page tree 200 deep": "damaged",
    "501 pages": "501 pages",
    "a password": "protected by a password",
    "usage rights": "usage rights",
    "objects nested deeply": "damaged",
    "cropped to nothing": "no visible area",
    "a bomb": "could not be read",
    "a form in itself": "could not be read",
    "an endless shading": "could not be read",
    "a form with a tick": "looks different",
    "XFA alone": "dynamic XFA form",
    "certified, P1": "Mira Haddad closed it",
    "signed, then changed": "its signatures do not hold",
    "signed, one byte changed": "its signatures do not hold",
    "signed, a hybrid file": "breaks rules of PDF",
    "no real signature": "is not where or what a signature in a PDF has to be",
    "a signature that nothing leads to": "breaks rules of PDF",
}
SOME = {  # of every group, and each that something was mended for
    "PDF 1.0",
    "line ends of old Macs",
    "a hybrid file",
    "no password, AES 256",
    "a page tree 50 deep",
    "cropped and turned",
    "cropped to nothing",
    "an Asian font that is not embedded",
    "a font under another name",
    "a form without looks",
    "signed by two, with pictures",
    "signed, a hybrid file",
    "XFA alone",
    "400 bookmarks",
    "a table that points elsewhere",
}
EVERY = every()


@pytest.mark.promise(29)
@pytest.mark.promise(60)
@pytest.mark.parametrize(
    "name", [name if name in SOME else pytest.param(name, marks=pytest.mark.soak) for name in EVERY]
)
def test_an_awkward_pdf_is_signed_and_valid_or_refused_with_a_reason(desk, name):
    found = outcome(desk, EVERY[name](), independently=True)
    if name in REFUSED:
        assert found.at == "refused"
        assert REFUSED[name] in found.words
        assert found.words.endswith(".")
    else:
        assert found.signed, found
    assert SOME | REFUSED.keys() <= EVERY.keys()
