"""One portal for all tests of limits, served by a real process; people are cheap and made as needed."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from docvault.policy.vocabulary import Role

from . import portal as portals
from .portal import Browser, Member, Portal, Server


@pytest.fixture(scope="package")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("limits")


@pytest.fixture(scope="package")
def temporary(folder) -> Iterator[Path]:
    """Everything that this process and the server call temporary lies here, so that it can be searched."""
    place = folder / "tmp"
    place.mkdir()
    before, tempfile.tempdir = tempfile.tempdir, str(place)
    yield place
    tempfile.tempdir = before


@pytest.fixture(scope="package")
def portal(folder, temporary) -> Iterator[Portal]:
    wired = portals.prepared(folder, folder / "data", portals.free_port())
    made = portals.founded(wired)
    yield made
    made.close()


@pytest.fixture(scope="package")
def server(portal, folder, temporary) -> Iterator[Server]:
    settings = portal.wired.settings
    running = Server(settings, int(settings.base_url.rpartition(":")[2]), folder / "server.log", temporary)
    running.start()
    yield running
    running.stop()


@pytest.fixture(scope="package")
def sender(portal, server) -> Member:
    return portal.join(Role.ACCOUNT_MANAGER, "Maya Manager")


@pytest.fixture(scope="package")
def manager(portal, sender) -> Browser:
    """The sender's browser."""
    return portal.browser(sender)


@pytest.fixture(scope="package")
def folder_id(manager, portal) -> str:
    return portals.make_folder(manager, portal)


@pytest.fixture(scope="package")
def document_id(manager, folder_id) -> str:
    from pdf import crafted

    return portals.upload(manager, folder_id, "agreement.pdf", crafted.plain(2))
