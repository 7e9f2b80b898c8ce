"""A client of somebody else's making (tuspy), and a file of any size in the memory of a few segments."""

import hashlib
import io
import os
from itertools import repeat
from pathlib import Path

import msgspec
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from docvault.policy.engine import default_folder
from docvault.vault.files import SEGMENT

from .portal import PART, Server, begin, free_port

GIBIBYTE = 1024**3
GROWTH = 64 * 1024**2  # bytes


def client_of(browser, server):
    return TusClient(f"{server.base_url}/api/v1/uploads", headers=browser.headers())


def digest_of(browser, name):
    (document,) = [one for one in listed(browser) if one["name"] == name]
    newest = browser.get(f"/api/v1/documents/{document['id']}").json()["versions"][0]
    return newest["sha256"]


def listed(browser):
    folders = browser.get("/api/v1/folders").json()["items"]
    return [
        document
        for folder in folders
        for document in browser.get(f"/api/v1/folders/{folder['id']}/documents").json()["items"]
    ]


@pytest.mark.parametrize("checked", [False, True])
def test_tuspy_sends_stops_and_goes_on(server, manager, folder_id, checked):
    data, client = os.urandom(2 * SEGMENT + 77), client_of(manager, server)
    name = f"tuspy, checked {checked}.bin"
    sending = {"file_stream": io.BytesIO(data), "chunk_size": SEGMENT, "upload_checksum": checked}
    first = client.uploader(**sending, metadata={"folder": folder_id, "filename": name})
    first.upload_chunk()
    assert first.offset == SEGMENT
    again = client.uploader(**sending | {"file_stream": io.BytesIO(data)}, url=first.url)
    assert again.get_offset() == SEGMENT
    again.upload()
    assert digest_of(manager, name) == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("size", [0, 1, SEGMENT + 5])
def test_tuspy_sends_a_file_in_one_request(server, manager, folder_id, size):
    data, name = os.urandom(size), f"tuspy, {size} bytes.bin"
    about = {"folder": folder_id, "filename": name}
    client_of(manager, server).uploader(file_stream=io.BytesIO(data), metadata=about).upload()
    assert digest_of(manager, name) == hashlib.sha256(data).hexdigest()


def test_tuspy_is_told_what_does_not_go(server, manager):
    nowhere = {"folder": "nowhere", "filename": "a"}
    with pytest.raises(TusCommunicationError):
        client_of(manager, server).uploader(file_stream=io.BytesIO(b"x"), metadata=nowhere).upload()


@pytest.fixture
def roomy(portal, folder, temporary):
    """Another server of the same installation, by the policies that DocVault comes with."""
    settings = msgspec.structs.replace(portal.wired.settings, policies=str(default_folder()))
    running = Server(settings, free_port(), folder / "roomy.log", temporary)
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize("size", [4 * SEGMENT, pytest.param(5 * GIBIBYTE, marks=pytest.mark.soak)])
def test_a_large_file_takes_the_memory_of_a_few_segments(portal, sender, roomy, folder_id, size):
    browser, block = portal.browser(sender, roomy.base_url), os.urandom(SEGMENT)
    url = begin(browser, folder_id, "large.bin", size).headers["location"]
    digest = hashlib.sha256()
    for _ in repeat(None, size // SEGMENT):
        digest.update(block)
    before = memory(roomy)
    headers = PART | {"upload-offset": "0", "content-length": str(size)}
    parts = iter(list(repeat(block, size // SEGMENT)))
    sent = browser.request("PATCH", url, headers=headers, content=parts, timeout=3600)
    assert sent.headers["x-content-sha256"] == digest.hexdigest()
    assert memory(roomy) - before < GROWTH


def memory(server):
    """Return the most memory that the server's processes ever held, in bytes."""
    lines = [
        line
        for process in server.web_processes()
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
    ]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
