"""A connection that breaks, a server that is killed: what arrived whole stays, the rest is sent again."""

import hashlib
import os
import socket
import struct
import time
from urllib.parse import urlsplit

import pytest

from docvault.vault.files import SEGMENT

from .portal import PART, TUS, Server, arrived, begin, done, download, free_port, refused, send_part

EXTRA = 3 * 1024 * 1024  # bytes of a segment that does not arrive whole
PATIENCE = 20  # seconds for a server to notice


@pytest.fixture
def content():
    return os.urandom(2 * SEGMENT + EXTRA)


@pytest.fixture
def second(portal, folder, temporary):
    """Another server process for the same installation: it may be killed."""
    running = Server(portal.wired.settings, free_port(), folder / "second.log", temporary)
    running.start()
    yield running
    running.stop()


def break_off(browser, base_url, url, offset, content, sent):
    """Send the head and `sent` bytes of a part that announces all the rest, then reset the connection."""
    address = urlsplit(base_url)
    head = [f"PATCH {url} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(content) - offset}"]
    head += [
        f"{name}: {value}"
        for name, value in (browser.headers() | PART | {"upload-offset": str(offset)}).items()
    ]
    with socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode() + content[offset : offset + sent])
        wait_for(lambda: arrived(browser, url) >= (offset + sent) // SEGMENT * SEGMENT)
        wire.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )  # a reset, not a goodbye


def wait_for(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def segments(portal, before):
    return portal.blobs() - before


def test_a_lost_connection_goes_on_at_the_last_whole_segment(portal, manager, folder_id, content):
    before = portal.blobs()
    url = done(begin(manager, folder_id, "plan.bin", len(content))).headers["location"]
    break_off(manager, portal.base_url, url, 0, content, SEGMENT + EXTRA)
    assert arrived(manager, url) == SEGMENT
    assert len(segments(portal, before)) == 1  # nothing of the half segment, under no name
    break_off(manager, portal.base_url, url, SEGMENT, content, EXTRA)  # and once more: nothing got further
    assert arrived(manager, url) == SEGMENT
    assert len(segments(portal, before)) == 1
    again = send_part(manager, url, 0, content)
    refused(again, 409, str(SEGMENT))
    assert again.headers["upload-offset"] == str(SEGMENT)
    whole = done(send_part(manager, url, SEGMENT, content[SEGMENT:]))
    assert whole.headers["x-content-sha256"] == hashlib.sha256(content).hexdigest()
    assert download(manager, whole.headers["x-document-id"]) == content
    assert portal.kinds(whole.headers["x-document-id"])[:2] == [
        "document:upload:started",
        "document:version:added",
    ]


def test_a_killed_server_loses_no_whole_segment(portal, sender, manager, folder_id, content, second):
    before = portal.blobs()
    there = portal.browser(sender, second.base_url)
    there.cookie = manager.cookie
    url = done(begin(there, folder_id, "plan.bin", len(content))).headers["location"]
    address = urlsplit(second.base_url)
    head = [f"PATCH {url} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(content)}"]
    head += [f"{name}: {value}" for name, value in (there.headers() | PART | {"upload-offset": "0"}).items()]
    with socket.create_connection((address.hostname, address.port)) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode() + content[: SEGMENT + EXTRA])
        wait_for(lambda: arrived(manager, url) == SEGMENT)
        second.kill()
    wait_for(lambda: not second.web_processes())
    second.start()
    assert arrived(there, url) == SEGMENT
    assert len(segments(portal, before)) == 1
    whole = done(send_part(there, url, SEGMENT, content[SEGMENT:]))
    assert whole.headers["x-content-sha256"] == hashlib.sha256(content).hexdigest()
    assert download(manager, whole.headers["x-document-id"]) == content


def test_a_server_killed_before_the_last_step_lets_the_file_be_finished(
    portal, sender, manager, folder_id, second
):
    content = os.urandom(SEGMENT + 5)
    there = portal.browser(sender, second.base_url)
    there.cookie = manager.cookie
    url = done(begin(there, folder_id, "plan.bin", len(content))).headers["location"]
    done(send_part(there, url, 0, content[:SEGMENT]))
    second.kill()
    with portal.unchanged():  # an upload is nobody's document before it is whole
        listed = done(manager.get(f"/api/v1/folders/{folder_id}/documents")).text
        assert url.rpartition("/")[2] not in listed
        assert done(manager.request("HEAD", url, headers=TUS)).headers["upload-offset"] == str(SEGMENT)
    second.start()
    whole = done(send_part(there, url, SEGMENT, content[SEGMENT:]))
    assert whole.headers["x-content-sha256"] == hashlib.sha256(content).hexdigest()
