"""Portals behind their door: a fresh one for tests that change things, a furnished one for tests that walk around."""

import pytest

from docvault.pdf.workers import Workers

from . import house as houses
from . import portal


@pytest.fixture(scope="session")
def pdf():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def site(tmp_path, pdf):
    yield from portal.standing(tmp_path, pdf)


@pytest.fixture(scope="module")
def house(tmp_path_factory, pdf):
    yield from houses.standing(tmp_path_factory.mktemp("house"), pdf)


@pytest.fixture
def own_house(tmp_path, pdf):
    """A furnished portal for one test that changes who may come in."""
    yield from houses.standing(tmp_path, pdf)
