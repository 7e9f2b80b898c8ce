"""Office files that are built to overload LibreOffice: an early end, and a download (promise 30)."""

import resource
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.pdf.errors import OfficeUnreadable
from docvault.pdf.office import MEMORY, SECONDS, Converter, limits_of
from docvault.pdf.scratch import Scratch

from . import office_bombs as bombs

MIB = 1024**2  # bytes
AROUND = 2  # seconds of the processor for the process that stands around it
IN_EVERY_RUN = {bombs.entities}


@pytest.mark.promise(30)
@given(size=st.integers(0, 64 * MIB), more=st.integers(0, MIB))
def test_a_small_file_gets_little_and_none_more_than_the_most(size, more):
    limits, larger = limits_of(size), limits_of(size + more)
    assert limits.processor <= larger.processor <= SECONDS
    assert limits.seconds <= larger.seconds <= SECONDS
    assert limits.memory <= larger.memory <= 4 * MEMORY
    assert limits.memory - MEMORY <= 16 * size
    if size < 30_000:
        assert limits.processor <= 8  # LibreOffice comes up, and five seconds


@pytest.mark.skipif(
    shutil.which("soffice") is None, reason="LibreOffice is not installed: nothing is converted"
)
@pytest.mark.promise(30)
@pytest.mark.parametrize(
    "make",
    [make if make in IN_EVERY_RUN else pytest.param(make, marks=pytest.mark.soak) for make in bombs.SUFFIXES],
    ids=lambda make: make.__name__,
)
def test_an_office_bomb_ends_early(make):
    converter = Converter.find()
    before = used()
    with Scratch.create(make()) as source:
        most = limits_of(source.size())
        try:
            with converter.as_pdf(source, bombs.SUFFIXES[make]) as made:
                assert made.size() < MIB  # what was too much is not in it
        except OfficeUnreadable:
            pass  # the page then offers the download
        finally:
            converter.close()
    assert used() - before < most.processor + AROUND


def used():
    """Seconds of the processor of all processes that have ended."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return ended.ru_utime + ended.ru_stime
