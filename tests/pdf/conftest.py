"""Warm workers shared by the tests of this folder, and scratches that are given back."""

import pytest

from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers


@pytest.fixture(scope="session")
def workers():
    with Workers(2) as pool:
        pool.warm()
        yield pool


@pytest.fixture
def scratch():
    """A function that makes a scratch of some bytes and closes it after the test."""
    made = []

    def make(content):
        made.append(Scratch.create(content))
        return made[-1]

    yield make
    for each in made:
        each.close()
