"""Caddy and nginx, started with our files: what reaches DocVault is what a person sent, and who they are."""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .files import HOST, PROGRAMS
from .proxies import NGINX, caddy_here, nginx_here

START = 30  # seconds a proxy gets to answer
LARGE = 8 * 1024 * 1024  # more than any proxy lets through or keeps in memory by itself


class Upstream(ThreadingHTTPServer):
    """Stands where DocVault would: says when a body begins to arrive, and answers with what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.begun = threading.Event()
        self.port = self.server_address[1]


class Asked(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        left = size = int(self.headers.get("content-length", 0))
        while left:
            left -= len(self.rfile.read(min(left, 65536)))
            self.server.begun.set()
        forwarded = ", ".join(self.headers.get_all("x-forwarded-for", []))
        said = f"{self.command} {self.path}|{self.headers['host']}|{forwarded}|{size}".encode()
        self.send_response(200)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


def free_ports(wanted):
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(wanted)]
    ports = [each.getsockname()[1] for each in held]
    for each in held:
        each.close()
    return ports


@pytest.fixture(scope="module")
def upstream():
    server = Upstream()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@contextmanager
def running(command, folder, port, **environment):
    ends = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [*ends, *map(str, command)],
            cwd=folder,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        deadline = time.monotonic() + START
        while True:
            assert process.poll() is None, (folder / "log").read_text()
            assert time.monotonic() < deadline, (folder / "log").read_text()
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.02)  # waiting for another process: there is nothing to be told by
        yield
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(
    scope="module",
    params=[
        "caddy",
        pytest.param(
            "nginx",
            marks=pytest.mark.skipif(NGINX is None, reason="nginx is not installed: it is not started"),
        ),
    ],
)
def proxy(request, upstream, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    plain, port = free_ports(2)
    if request.param == "caddy":
        config = caddy_here(folder, http=plain, https=port)
        command = [PROGRAMS / "caddy", "run", "--config", config, "--adapter", "caddyfile"]
    else:
        config = nginx_here(folder, http=plain, https=port, upstream=upstream.port)
        command = [NGINX, "-p", folder, "-c", config, "-e", folder / "error.log", "-g", "daemon off;"]
    known = {"PORTAL_HOST": HOST, "PORTAL_UPSTREAM": f"127.0.0.1:{upstream.port}", "HOME": str(folder)}
    with running(command, folder, port, **known):
        yield folder, port


def connected(proxy):
    """A connection by TLS for the portal's name."""
    folder, port = proxy
    context = ssl.create_default_context(cafile=str(folder / "fullchain.pem"))
    connection = http.client.HTTPSConnection(HOST, port, timeout=20)
    connection.sock = context.wrap_socket(
        socket.create_connection(("127.0.0.1", port), 20), server_hostname=HOST
    )
    return connection


def asked(proxy, method, path, headers=None):
    connection = connected(proxy)
    connection.request(method, path, headers={"host": HOST} | (headers or {}))
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    assert answer.status == 200, said
    return said.split("|"), answer.headers


@pytest.mark.parametrize("said", ["203.0.113.9", "127.0.0.1", "203.0.113.9, 127.0.0.1"])
def test_nobody_says_that_they_are_somebody_else(proxy, said):
    """What arrives names whom the proxy saw alone: sign-in counts wrong passwords by it."""
    (_, host, forwarded, _), _ = asked(proxy, "GET", "/login", {"x-forwarded-for": said})
    assert (host, forwarded) == (HOST, "127.0.0.1")


@pytest.mark.parametrize("method", ["PROPFIND", "MKCOL", "MOVE", "COPY", "LOCK", "UNLOCK", "PATCH", "DELETE"])
def test_methods_and_paths_arrive_as_they_are(proxy, method):
    path = "/dav/Acme%20Industries/50%25%2Foff/%C3%A9?x=%2F"
    (asked_for, *_), headers = asked(proxy, method, path)
    assert asked_for == f"{method} {path}"
    assert "via" not in headers
    assert not any(letter.isdigit() for letter in headers.get("server", ""))


def test_a_large_file_arrives_while_it_is_sent(proxy, upstream):
    """Nothing waits for the end of a body, so nothing of it can lie in a file of the proxy."""
    upstream.begun.clear()
    connection = connected(proxy)
    connection.putrequest("PUT", "/dav/plan.bin", skip_host=True)
    for name, value in (("host", HOST), ("content-length", str(LARGE))):
        connection.putheader(name, value)
    connection.endheaders()
    connection.send(b"x" * 200_000)
    assert upstream.begun.wait(10)
    connection.send(b"x" * (LARGE - 200_000))
    answer = connection.getresponse()
    assert answer.status == 200
    assert answer.read().decode().endswith(f"|{LARGE}")
    connection.close()
