"""A PDF worker that a document took over gets no more out of its parent than one honest task needs."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from docvault.certificates.keys import Credentials
from docvault.pdf import sign
from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

PROGRAM = (str(Path(__file__).with_name("hostile_worker.py")),)
CREDENTIALS = Credentials(b"certificate", (), (), (), (), datetime(2026, 3, 2, tzinfo=UTC))


@pytest.fixture
def hostile():
    with Workers(1, PROGRAM) as workers:
        yield workers


class Asked(list):
    """Answers every question, and remembers it."""

    def __call__(self, question):
        self.append(question)
        return b"answer"


@pytest.mark.promise(62)
def test_the_seal_signs_once_for_one_document(hostile):
    asked = Asked()
    with Scratch.create(b"%PDF") as source, pytest.raises(PdfUnreadable):
        sign.seal(hostile, source, credentials=CREDENTIALS, sign=asked, timestamp=Asked())
    assert asked == [b"the document"]


def test_a_worker_cannot_ask_for_ever(hostile):
    asked = Asked()
    with Scratch.create(b"%PDF") as source, pytest.raises(PdfUnreadable):
        sign.renew(hostile, source, credentials=CREDENTIALS, timestamp=asked)
    assert len(asked) < 10


@pytest.mark.promise(68)
@pytest.mark.parametrize("result", ["nested", "no text"])
def test_an_answer_that_cannot_be_read_is_an_unreadable_document(hostile, result):
    with pytest.raises(PdfUnreadable):
        hostile.run("inspect", [], result, timeout=5)
