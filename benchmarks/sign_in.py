"""Signing in against argon2 alone, and what a flood of it leaves for others: their waiting and the memory.

Passwords are right, so that no counter stops the flood before it reaches the hashing that it is about.
"""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import argon2
import http_client
import portal
import servers
from http_client import Reader
from table import AtMost, Row, duration, in_turns

from docvault import wiring
from docvault.database import people
from docvault.settings import Settings

PASSWORD = "tugboat lantern orchard 47"
SIGN_INS = 25
FLOOD = 200  # at the same moment
ROUNDS = 5
MIB = 1024 * 1024


def rows(folder: Path) -> Iterator[Row]:
    stand = portal.prepare(folder / "data")
    give_password(stand)
    cost = parameters(stand)
    target = "docvault.web.main:application"
    with servers.serving(target, stand.folder, "/health/ready") as server:
        yield against_the_floor(server, stand, cost)
        yield from flooded(server, stand)


def give_password(stand: portal.Stand) -> None:
    opened = wiring.build(Settings(data=stand.folder))
    with opened.db.transaction() as tx:
        people.set_password(tx, stand.manager.person_id, opened.hasher.hash(PASSWORD))
    opened.close()


def parameters(stand: portal.Stand) -> argon2.PasswordHasher:
    opened = wiring.build(Settings(data=stand.folder))
    cost = opened.db.policy.numbers.passwords.argon2
    opened.close()
    return argon2.PasswordHasher(cost.passes, cost.memory_kib, cost.lanes)


def password(stand: portal.Stand) -> bytes:
    body = json.dumps({"email": stand.manager.email, "password": PASSWORD}).encode()
    head = "POST /api/v1/session/password HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def against_the_floor(server, stand, floor: argon2.PasswordHasher) -> Row:
    """Compare processor time: the answer waits for an even moment, which costs nobody anything."""
    request, encoded = password(stand), floor.hash(PASSWORD)
    spent: dict[str, list[float]] = {"ours": [], "floor": []}

    def sign_in() -> None:
        before = server.processor_time()
        with server.connect() as connection:
            connection.sendall(request * 1)
            whole(connection)
        spent["ours"].append(server.processor_time() - before)

    def hash_only() -> None:
        before = time.process_time()
        floor.verify(encoded, PASSWORD)
        spent["floor"].append(time.process_time() - before)

    in_turns(SIGN_INS, sign_in, hash_only)
    ours, bare = (sum(times) / len(times) for times in spent.values())
    return Row("password / argon2id alone (processor time)", duration(ours), duration(bare), ours / bare)


def whole(connection: socket.socket) -> bytes:
    """Read one answer, whatever it says."""
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = connection.recv(http_client.CHUNK)
        assert piece, "the server hung up"
        answer += piece
    return answer


def flooded(server, stand) -> Iterator[Row]:
    ask = http_client.get("/api/v1/me", stand.headers)
    quiet = [one for _ in range(3) for one in waits(server, ask, lambda: False, 100)]
    server.forget_peak()
    before, during, told = server.resident(), [], []
    for _ in range(ROUNDS):
        flood = threading.Thread(target=lambda: told.extend(flood_once(server, stand)))
        flood.start()
        during += waits(server, ask, flood.is_alive, 10_000)
        flood.join()
    growth = (server.peak() - before) / MIB
    taken = sum(status == 200 for status in told)
    name = f"others' p99 during {FLOOD} sign-ins at once ({taken / ROUNDS:.0f} let through)"
    yield Row(name, duration(p99(during)), duration(p99(quiet)), p99(during) * 1000, AtMost(100), " ms")
    yield Row("   memory growth", f"{growth:.0f} MiB", "-", growth, AtMost(100), " MiB")


def waits(server, ask: bytes, goes_on, most: int) -> list[float]:
    """Return how long answers took, one after the other, while something goes on or `most` times."""
    taken = []
    with server.connect() as connection:
        reader = Reader(connection)
        while len(taken) < most and (goes_on() or most <= 100):
            began = time.perf_counter()
            connection.sendall(ask)
            while not reader.feed():
                pass
            taken.append(time.perf_counter() - began)
    return taken


def flood_once(server, stand) -> list[int]:
    request = password(stand)
    connections = [server.connect() for _ in range(FLOOD)]
    for connection in connections:
        connection.sendall(request)
    told = [int(whole(connection).split()[1]) for connection in connections]
    for connection in connections:
        connection.close()
    return told


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * (len(seconds) - 1))]
