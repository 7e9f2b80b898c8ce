"""Anybody may have a PDF checked; nobody can keep others from it, or from their own documents."""

import threading
import time

import anyio

from actions.envelope_world import contract
from docvault.pdf import validate
from docvault.web.api import verification

HEADERS = [(b"host", b"vault.example.com"), (b"content-type", b"application/pdf")]


async def _request(app, address, receive):
    """Have the application answer one request of `address`; return the status."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": "/api/v1/verifications",
        "raw_path": b"/api/v1/verifications",
        "root_path": "",
        "query_string": b"",
        "headers": HEADERS,
        "client": (address, 1),
        "server": ("vault.example.com", 443),
    }
    said = []

    async def send(message):
        said.append(message)

    await app(scope, receive, send)
    return said[0]["status"]


async def _whole():
    return {"type": "http.request", "body": contract(), "more_body": False}


def _trickle():
    """Send one byte, and then nothing any more."""
    begun = False

    async def receive():
        nonlocal begun
        if begun:
            await anyio.sleep(60)
        begun = True
        return {"type": "http.request", "body": b"%", "more_body": True}

    return receive


def _while_slow_ones_send(site, addresses, address):
    """Return the status that a whole PDF from `address` gets while others send theirs for ever."""

    async def attack():
        async with anyio.create_task_group() as slow:
            for each in addresses:
                slow.start_soon(_request, site.app, each, _trickle())
            await anyio.sleep(1)
            status = await _request(site.app, address, _whole)
            slow.cancel_scope.cancel()
        return status

    return anyio.run(attack)


def test_one_slow_sender_cannot_take_every_place(site):
    assert _while_slow_ones_send(site, ["198.51.100.7"] * 8, "203.0.113.9") == 200


def test_addresses_of_one_network_count_as_one_sender(site):
    many = [f"2001:db8:0:1::{number}" for number in range(1, 9)]
    assert _while_slow_ones_send(site, many, "2001:db8:0:2::1") == 200


def test_a_sender_who_never_ends_gives_the_place_back(site, monkeypatch):
    monkeypatch.setattr(verification, "PATIENCE", 0.3, raising=False)
    many = [f"198.51.100.{number}" for number in range(8)]
    assert _while_slow_ones_send(site, many, "203.0.113.9") == 200


def test_checks_leave_a_worker_for_everybody_else(site, monkeypatch):
    at_once, most, lock = 0, 0, threading.Lock()
    honest = validate.validate

    def watched(*args, **kwargs):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.3)
        with lock:
            at_once -= 1
        return honest(*args, **kwargs)

    monkeypatch.setattr(validate, "validate", watched)

    async def flood():
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(_request, site.app, f"198.51.100.{number}", _whole)

    anyio.run(flood)
    assert most == 1
