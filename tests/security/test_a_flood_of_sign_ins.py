"""A flood of sign-ins takes no thread from anybody else, and what is too much of it is refused at the door."""

import threading

import anyio
import pytest

from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import TooBusy
from docvault.policy.numbers import Argon2
from docvault.web import running

COST = Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=16)
FLOOD = 200
SOON = 5  # seconds


@pytest.mark.promise(10)
@pytest.mark.asvs("6.3.1")
def test_others_go_on_and_the_rest_is_told_to_come_back():
    hasher, hashed, refused = Hasher(COST, bytes(32)), threading.Event(), []

    def sign_in(_hasher):
        hashed.wait(4 * SOON)
        return "signed in"

    async def one():
        try:
            await running.run(sign_in, hasher)
        except TooBusy as busy:
            refused.append(busy)

    async def attack():
        async with anyio.create_task_group() as flood:
            for _ in range(FLOOD):
                flood.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            try:
                with anyio.fail_after(SOON):  # as many others as there are threads, at the same moment
                    async with anyio.create_task_group() as others:
                        for _ in range(running.THREADS):
                            others.start_soon(running.run, sum, [1, 2])
            finally:
                hashed.set()

    anyio.run(attack)
    assert len(refused) == FLOOD - running.HASH_THREADS - COST.waiting
