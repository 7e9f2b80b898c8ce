"""A disk that is really full: plain words, nothing half kept, and all goes on once there is room again."""

import os
import resource
import sqlite3
import subprocess
from contextlib import contextmanager

import pytest

from docvault.audit.kinds import Kind
from docvault.blobs.store import StorageFull
from docvault.database.engine import DatabaseFull
from docvault.vault.files import SEGMENT
from pdf import crafted

from . import portal as portals
from .portal import (
    Server,
    arrived,
    begin,
    confirm,
    done,
    download,
    read_and_agree,
    refused,
    send_part,
    sent,
    sign,
    signing,
    upload,
)

DISK = 48 * 1024 * 1024  # bytes of the small disk


@contextmanager
def small_files(server, most):
    """Let no process of the server write a file beyond `most` bytes: the kernel refuses, as a full disk does."""
    held = {one: resource.prlimit(one, resource.RLIMIT_FSIZE) for one in server.web_processes()}
    for one, (_, hard) in held.items():
        resource.prlimit(one, resource.RLIMIT_FSIZE, (most, hard))
    try:
        yield
    finally:
        for one, limits in held.items():
            resource.prlimit(one, resource.RLIMIT_FSIZE, limits)


def test_a_segment_without_room_is_refused_and_sent_again_later(portal, server, manager, folder_id):
    content = os.urandom(SEGMENT + 100)
    url = done(begin(manager, folder_id, "plan.bin", len(content))).headers["location"]
    with small_files(server, SEGMENT - 1), portal.unchanged():
        refused(send_part(manager, url, 0, content), 507, "no room", "tell an administrator")
        assert arrived(manager, url) == 0
    whole = done(send_part(manager, url, 0, content))
    assert download(manager, whole.headers["x-document-id"]) == content


# --- a disk of its own ----------------------------------------------------------------------------------------------


class Disk:
    """A small file system in memory; what is left of it is filled with one file."""

    def __init__(self, folder):
        self.folder = folder
        self.filler = folder / "filler"

    @contextmanager
    def filled(self, *, leaving=0):
        free = os.statvfs(self.folder)
        try:
            with self.filler.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, free.f_bavail * free.f_frsize - leaving)
            yield
        finally:
            self.filler.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory):
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(
            "only root may mount the small disk of this test; the limit on file sizes is tested above"
        )
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def cramped(disk, tmp_path_factory):
    """A portal whose whole data folder is on the small disk."""
    folder = tmp_path_factory.mktemp("cramped")
    made = portals.founded(portals.prepared(folder, disk.folder / "data", portals.free_port()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def cramped_server(cramped, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cramped-server")
    settings = cramped.wired.settings
    running = Server(settings, int(settings.base_url.rpartition(":")[2]), folder / "log", folder / "tmp")
    running.start()
    yield running
    running.stop()


def test_a_full_disk_stops_an_upload_and_nothing_else_breaks(cramped, cramped_server, disk):
    manager = cramped.browser(cramped.manager())
    folder_id = portals.make_folder(manager, cramped)
    agreement = crafted.plain(2)
    kept = upload(manager, folder_id, "before.pdf", agreement)
    content = os.urandom(SEGMENT)
    url = done(begin(manager, folder_id, "plan.bin", len(content))).headers["location"]
    with disk.filled(), cramped.unchanged():
        refused(send_part(manager, url, 0, content), 507, "no room")
        assert arrived(manager, url) == 0
        crowded(manager, cramped)
    assert download(manager, kept) == agreement
    assert done(send_part(manager, url, 0, content)).headers["upload-offset"] == str(SEGMENT)
    assert portals.make_folder(manager, cramped, "Room again")
    whole(cramped)


def test_a_full_disk_keeps_a_signature_until_there_is_room(cramped, cramped_server, disk):
    manager, signer = cramped.browser(cramped.manager()), cramped.client_member()
    folder_id = portals.make_folder(manager, cramped)
    document_id = upload(manager, folder_id, "agreement.pdf", crafted.plain(2))
    envelope_id = sent(manager, document_id, (signer, 1))
    browser = cramped.browser(signer)
    seen = read_and_agree(browser, envelope_id)
    body = signing(seen, confirm(browser, signer, seen["digest"]))
    done(sign(browser, envelope_id, body))
    for leaving in (0, 256 * 1024):  # no room for a row, or for a document
        with disk.filled(leaving=leaving), pytest.raises((StorageFull, DatabaseFull), match="no room"):
            cramped.advance(envelope_id)
        assert not {one for one in cramped.blobs() if ".new-" in one}
    cramped.advance(envelope_id)
    kinds = cramped.kinds(envelope_id)
    assert [
        kinds.count(one) for one in (Kind.ENVELOPE_SIGNED, Kind.SIGNATURE_APPLIED, Kind.ENVELOPE_COMPLETED)
    ] == [1, 1, 1]
    assert done(manager.get(f"/api/v1/envelopes/{envelope_id}")).json()["state"] == "completed"
    whole(cramped)


def crowded(browser, portal):
    """Write rows until there is no room for them, and hold that refusal to its words; nothing of it stays."""
    body = {"organisation_id": portal.client, "kind": "contract"}
    for number in range(400):
        answer = browser.post("/api/v1/folders", body | {"name": f"{number} " + "X" * 190})
        if answer.status_code != 201:
            break
    refused(answer, 507, "no room", "nothing was changed")


def whole(portal):
    """Hold the database to its own checks, and the log to its tree."""
    with sqlite3.connect(portal.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
    from docvault.actions import audit

    audit.check_log(portal.wired.db, portal.wired.log_key.public)
