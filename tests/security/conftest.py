"""Portals for the attacks of this folder."""

import pytest

from docvault.pdf.workers import Workers
from web import portal


@pytest.fixture(scope="session")
def pdf():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def site(tmp_path, pdf):
    yield from portal.standing(tmp_path, pdf)
