"""Portals for the attacks of this folder."""

import pytest

from docvault.web import running
from web import portal


@pytest.fixture
def site(tmp_path, pdf):
    yield from portal.standing(tmp_path, pdf)


@pytest.fixture(autouse=True)
def fresh_threads(monkeypatch):
    """Let each test run an event loop of its own."""
    monkeypatch.setattr(running, "_limiters", {})
