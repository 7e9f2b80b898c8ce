"""Root, masters, own keys: in the memory of the key holder, and nowhere else of a portal that did its work.

A whole `docvault serve` lets somebody sign in, upload, send, sign and complete; then the memory of every process of
it is read, which is what a core dump would hold, and every file that it and a backup left. (promise 55)
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from docvault.cli import backup
from docvault.encryption import records
from docvault.vault import backups
from docvault.vault.backups import Cost
from every_key import every_key
from pdf import crafted
from vault.test_what_leaks import descendants, memory_of

from . import portal as portals
from .portal import PASSWORD, Server, done, sent, signed
from .test_canaries import Search

ENOUGH = 60  # seconds for a worker to complete an envelope on a busy machine
PURPOSES = ("folder-key", "record-key", "record-totp", "record-link", "record-answers")


@pytest.fixture(scope="module")
def portal(tmp_path_factory, temporary):
    folder = tmp_path_factory.mktemp("keys-stay")
    made = portals.founded(portals.prepared(folder, folder / "data", portals.free_port()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(portal, tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys-stay-server")
    settings = portal.wired.settings
    running = Server(
        settings, int(settings.base_url.rpartition(":")[2]), folder / "log", folder / "tmp", whole=True
    )
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture(scope="module")
def secrets(portal):
    """What nobody but the holder may have; the keys that were derived of the masters are as good as they."""
    root = portal.wired.settings.root_key_path.read_text()
    found = every_key(portal.wired.db, root)
    found |= {f"{purpose} of the master": records.derive(found["master:1"], purpose) for purpose in PURPOSES}
    return found | {"root as its file says it": root.splitlines()[1].encode()}


@pytest.fixture(scope="module")
def worked(portal, server):
    """Let the portal do everything that needs a key: passwords, codes, links, files, signatures, the log."""
    signer, manager = portal.client_member(), portal.manager()
    browser = portal.browser()
    done(browser.post("/api/v1/session/password", {"email": manager.email, "password": PASSWORD}))
    done(browser.post("/api/v1/session/totp", {"code": manager.code()}))
    folder_id = portals.make_folder(browser, portal)
    document_id = portals.upload(browser, folder_id, "agreement.pdf", crafted.plain(2))
    done(browser.get(f"/folders/{folder_id}"))
    envelope_id = sent(browser, document_id, (signer, 1))
    signed(portal.browser(signer), signer, envelope_id)
    until = time.monotonic() + ENOUGH
    while done(browser.get(f"/api/v1/envelopes/{envelope_id}")).json()["state"] != "completed":
        assert time.monotonic() < until, server.log.read_text()
        time.sleep(0.1)  # waiting for another process: there is nothing to be told by
    done(browser.get("/pki/issuing.crl"))
    return server


def kinds(server):
    """Return the processes of the server by what they are."""
    found = {"serve": [server.process.pid]}
    for pid in descendants(server.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
        named = [one for one in words if one.startswith("docvault.") and one != "docvault.cli"]
        found.setdefault(named[0] if named else "web", []).append(pid)
    return found


def spelled(name, secret):
    """Return a key as it may lie in memory: numbers lie there with their last byte first."""
    return (secret, secret[::-1]) if name.startswith("key:ca-") else (secret,)


def held_by(pid, secrets):
    found = set()
    for part in memory_of(pid):
        found |= {name for name, one in secrets.items() if any(way in part for way in spelled(name, one))}
    return found


@pytest.mark.promise(55)
def test_no_process_but_the_holder_has_a_key_in_its_memory(worked, secrets):
    found = kinds(worked)
    mark = {"a mark": str(worked.temporary).encode()}
    for kind in ("serve", "web", "docvault.jobs"):  # of PDF processes vault/test_what_leaks.py shows it
        for pid in found[kind]:
            assert held_by(pid, secrets) == set(), kind
            assert held_by(pid, mark) == mark.keys(), "the search finds what is there"


KEEPS_ONE = """
import sys
kept = bytes.fromhex(sys.stdin.readline())[::-1]
print("kept", flush=True)
sys.stdin.read()
"""


@pytest.mark.promise(55)
def test_the_search_finds_a_key_that_was_planted_and_those_of_whoever_holds_them(worked, secrets):
    seal = {"key:ca-seal": secrets["key:ca-seal"]}
    planted = subprocess.Popen(
        [sys.executable, "-c", KEEPS_ONE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with planted:
        planted.stdin.write(seal["key:ca-seal"].hex() + "\n")
        planted.stdin.flush()
        assert planted.stdout.readline() == "kept\n"
        assert held_by(planted.pid, seal) == seal.keys()
    if os.geteuid() == 0:  # to all others the kernel refuses it
        holder = kinds(worked)["docvault.keyholder"][0]
        assert {"root", "master:1", "key:pepper", "key:ca-issuing"} <= held_by(holder, secrets)


@pytest.mark.promise(55)
def test_no_key_lies_in_the_database_the_files_the_logs_or_a_backup(
    worked, portal, secrets, tmp_path, monkeypatch
):
    monkeypatch.setattr(backups, "COST", Cost(memory_kib=64, passes=1, lanes=1))
    words = tmp_path / "passphrase"
    words.write_text("marigold tugboat accordion lantern\n")
    monkeypatch.setenv("DOCVAULT_DATA", str(portal.data))
    monkeypatch.setenv("DOCVAULT_POLICIES", portal.wired.settings.policies)
    backup.backup(file=tmp_path / "all.docvault", data=None, passphrase_file=words, recovery_key=False)
    search = Search()
    for name, secret in secrets.items():
        search.watch(name, secret)
    keys = portal.wired.settings.root_key_path
    found = search.found_under(portal.data, tmp_path / "all.docvault", worked.log, worked.temporary)
    assert {(path, name) for path, name in found if path != str(keys)} == set()
    assert (str(keys), "root") in found, "the search finds what is there"
