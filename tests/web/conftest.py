"""Portals behind their door: a fresh one for tests that change things, a furnished one for tests that walk around.

Their rows lie in SQLite for some and in PostgreSQL for others, or in one of them for all (`--web-database`).
"""

import hashlib
import sys
from contextlib import contextmanager

import pytest

from . import house as houses
from . import portal


@contextmanager
def database(request):
    """Lend the URL of a database of the kind that this test, or this file, is run on; empty for SQLite."""
    wanted = request.config.getoption("--web-database")
    if wanted == "spread":
        wanted = chosen(request.node.nodeid)
    sys.stdout.write(f"The rows lie in {wanted}.\n")  # pytest shows it where a test fails
    if wanted == "sqlite":
        yield ""
        return
    with request.getfixturevalue("postgres_server").copy() as url:
        yield url


def chosen(name: str) -> str:
    """Return the same kind of database for a name every time, and each kind for half of the names."""
    return ("sqlite", "postgresql")[hashlib.sha256(name.encode()).digest()[0] % 2]


@pytest.fixture
def site(tmp_path, pdf, request):
    with database(request) as url:
        yield from portal.standing(tmp_path, pdf, url)


@pytest.fixture(scope="module")
def house(tmp_path_factory, pdf, request):
    with database(request) as url:
        yield from houses.standing(tmp_path_factory.mktemp("house"), pdf, url)


@pytest.fixture
def own_house(tmp_path, pdf, request):
    """A furnished portal for one test that changes who may come in."""
    with database(request) as url:
        yield from houses.standing(tmp_path, pdf, url)
