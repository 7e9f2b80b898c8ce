"""The plug is pulled again and again, at any moment: what was acknowledged is there, and nothing half done is."""

import hashlib
import random
import threading
import time

import httpx
import pytest

from docvault.actions import uploads
from docvault.policy.vocabulary import Role
from docvault.values import utc_now
from docvault.vault import invariants

from . import portal as portals
from .portal import Server

ROUNDS = 4
MANY = 200
SEED = 20_261_126
LONGEST = 0.8  # seconds a server works before the plug is pulled


@pytest.fixture
def doomed(tmp_path):
    """An installation of its own, whose server dies and comes back, and whoever uploads meanwhile."""
    wired = portals.prepared(tmp_path, tmp_path / "data", portals.free_port())
    portal = portals.founded(wired)
    sender = portal.join(Role.ACCOUNT_MANAGER)
    port = int(portal.base_url.rpartition(":")[2])
    server = Server(wired.settings, port, tmp_path / "server.log", tmp_path / "tmp")
    yield portal, server, portal.browser(sender)
    server.stop()
    portal.close()


def send_until_it_dies(browser, folder_id, acknowledged, rng):
    """Upload small files, and note what the server said it has; end when it does not answer."""
    while True:
        body = rng.randbytes(rng.randrange(1, 60_000))
        try:
            document_id = portals.upload(browser, folder_id, "note.bin", body)
        except httpx.TransportError:
            return
        acknowledged[document_id] = hashlib.sha256(body).hexdigest()


def survive(doomed, rounds):
    portal, server, browser = doomed
    rng, acknowledged = random.Random(SEED), {}
    server.start()
    folder_id = portals.make_folder(browser, portal)
    for _ in range(rounds):
        work = (browser, folder_id, acknowledged, random.Random(rng.random()))
        sending = threading.Thread(target=send_until_it_dies, args=work)
        before = len(acknowledged)
        sending.start()
        while sending.is_alive() and len(acknowledged) == before:
            sending.join(0.02)  # a busy machine takes its time for the first
        time.sleep(rng.uniform(0, LONGEST))  # the moment is what this is about
        server.kill()
        sending.join()
        server.start()
    return acknowledged, folder_id


def check(doomed, acknowledged, folder_id):
    """Look at everything as `docvault doctor --deep` does, before and after what was unfinished is collected."""
    portal, _server, browser = doomed
    wired = portal.wired
    assert acknowledged
    for document_id, sha256 in acknowledged.items():
        assert hashlib.sha256(portals.download(browser, document_id)).hexdigest() == sha256
    uploads.collect_abandoned(wired.db, wired.vault, now=utc_now() + portals.EARLIER * 1000)
    assert list(invariants.faults(wired.db, wired.vault, log_key=wired.log_key.public)) == []
    assert portals.upload(browser, folder_id, "after.bin", b"it goes on")


@pytest.mark.promise(85)
@pytest.mark.slow
def test_a_server_that_is_killed_at_any_moment_keeps_what_it_acknowledged(doomed):
    check(doomed, *survive(doomed, ROUNDS))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.promise(85)
def test_two_hundred_kills_lose_nothing(doomed):
    check(doomed, *survive(doomed, MANY))
