"""Whoever asks for many pages waits for them alone: nobody else's request waits behind them."""

import threading

import anyio

from actions import envelope_world as signing
from docvault.pdf.workers import Workers

REQUESTS = 60  # more than the portal has threads
SOON = 10  # seconds


async def _get(app, path, cookie):
    said = []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        said.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"vault.example.com"), (b"cookie", cookie.encode())],
        "client": ("203.0.113.7", 1),
        "server": ("vault.example.com", 443),
    }
    await app(scope, receive, send)
    return said[0]["status"]


def test_others_are_answered_while_one_person_waits_for_many_pages(site, monkeypatch):
    envelope_id = signing.sent(site.made, (site.world.client, 1))
    cookie = site.sign_in(site.world.client).headers["cookie"]
    finished = threading.Event()
    honest = Workers.run

    def slow(*args, **kwargs):
        finished.wait(4 * SOON)
        return honest(*args, **kwargs)

    monkeypatch.setattr(Workers, "run", slow)

    async def ask():
        async with anyio.create_task_group() as greedy:
            for _ in range(REQUESTS):
                greedy.start_soon(_get, site.app, f"/api/v1/envelopes/{envelope_id}/pages/1", cookie)
            await anyio.sleep(2)
            try:
                with anyio.fail_after(SOON):
                    return await _get(site.app, "/health/ready", cookie)
            finally:
                finished.set()

    assert anyio.run(ask) == 200
