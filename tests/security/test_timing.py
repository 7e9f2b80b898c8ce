"""How long an answer takes says nothing about who has an account (promise 9, ASVS 5.0 6.3.8).

Known and unknown are asked in turn, in random order within a pair, so that both share the machine's moods. The
Mann-Whitney test says how likely such a difference is among equals. One run in a hundred rejects by chance;
a difference that is really there rejects every time, so three independent runs have to.
"""

import math
import random
import time
from contextlib import suppress

import anyio
import pytest
from sqlalchemy import delete

from actions.members import HASHER, SOURCE, accept, enrol, invite, join, with_mail
from actions.world import NOW
from docvault.actions import people, sessions
from docvault.credentials.passwords import Hasher, Verdict
from docvault.credentials.refusals import LinkRefused, SignInRefused
from docvault.database import tables
from docvault.policy.numbers import Argon2
from docvault.web import running

SAMPLES = 500  # of each, as promise 9 says
RUNS = 3
UNLIKELY = 0.01
CHEAP = Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=64)


@pytest.fixture
def world(tmp_path):
    yield from with_mail(tmp_path, f"sqlite:///{tmp_path / 'docvault.sqlite'}")


@pytest.fixture
def member(world):
    return join(world)


def likelihood(ones: list[float], others: list[float]) -> float:
    """Return the two-sided p of the Mann-Whitney U test, by its normal approximation; ties are averaged."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    ranks, place = [0.0, 0.0], 0
    while place < len(ranked):
        equal = place
        while equal < len(ranked) and ranked[equal][0] == ranked[place][0]:
            equal += 1
        for _, group in ranked[place:equal]:
            ranks[group] += (place + 1 + equal) / 2
        place = equal
    n, m = len(ones), len(others)
    u = ranks[0] - n * (n + 1) / 2
    z = (u - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)
    return math.erfc(abs(z) / math.sqrt(2))


def timed(ask) -> float:
    began = time.perf_counter()
    ask()
    return time.perf_counter() - began


def in_turns(known, unknown, between=lambda: None, samples=SAMPLES) -> tuple[list[float], list[float]]:
    """Return how long each took, asked in pairs; `between` tidies up outside of what is timed."""
    pair = [(known, []), (unknown, [])]
    for number in range(samples + 20):
        for ask, taken in random.sample(pair, 2):
            between()
            seconds = timed(ask)
            if number >= 20:  # the first ones warm caches
                taken.append(seconds)
    return pair[0][1], pair[1][1]


def tells(measure) -> bool:
    """Whether every one of three independent runs sees a difference."""
    return all(likelihood(*measure()) < UNLIKELY for _ in range(RUNS))


def test_equal_things_take_equally_long_and_other_things_do_not():
    """The test of the test: what it must not see, and what it must."""
    drawn = random.Random(7)
    same = [[drawn.gauss(10, 2) for _ in range(SAMPLES)] for _ in range(2)]
    assert likelihood(*same) > UNLIKELY
    assert likelihood(same[0], [value + 0.5 for value in same[1]]) < UNLIKELY
    assert likelihood([1.0] * 30, [1.0] * 30) == 1
    assert likelihood([float(n) for n in range(20)], [float(n) + 20 for n in range(20)]) < 1e-6


# --- links --------------------------------------------------------------------------------------------------------


@pytest.mark.promise(9)
@pytest.mark.asvs("6.3.8")
def test_a_link_that_was_used_takes_as_long_as_one_that_never_was(world):
    used = invite(world).token
    enrol(world, accept(world, used).acting)

    def ask(token):
        def attempt():
            with pytest.raises(LinkRefused):
                people.invitation_details(world.db, token=token, now=NOW)

        return attempt

    assert not tells(lambda: in_turns(ask(used), ask("a" * 43)))


# --- what waits for an even moment ---------------------------------------------------------------------------------


def evenly(world, ask, addresses):
    """Return how long answers took that a guesser asks for several at a time; ask: starts one for an address."""

    async def measure():
        taken = {address: [] for address in addresses}

        async def one(address):
            began = time.perf_counter()
            with suppress(SignInRefused):
                await ask(address)
            taken[address].append(time.perf_counter() - began)

        while len(taken[addresses[0]]) < SAMPLES:
            await anyio.to_thread.run_sync(forget_tries, world)
            async with anyio.create_task_group() as asked:
                for address in random.sample([*addresses] * 2, 2 * len(addresses)):
                    asked.start_soon(one, address)
        return tuple(taken.values())

    return anyio.run(measure)


def forget_tries(world):
    with world.db.transaction() as tx:
        tx.connection.execute(delete(tables.throttles))


@pytest.fixture
def quick(monkeypatch):
    """A shorter even moment, so that five hundred of them are soon over; a hash is as much cheaper."""
    monkeypatch.setattr(running, "EVEN", 0.03)


def sign_in(world, hasher, run):
    def ask(email):
        given = {"email": email, "password": "not the right one", "source": SOURCE, "now": NOW}
        return run(sessions.begin_sign_in, world.db, hasher, **given)

    return ask


@pytest.mark.promise(9)
@pytest.mark.asvs("6.3.8")
@pytest.mark.slow
def test_a_wrong_password_takes_as_long_for_an_unknown_account(world, member, quick):
    ask = sign_in(world, HASHER, running.run_evenly)
    assert not tells(lambda: evenly(world, ask, (member.email, "nobody@example.com")))


class LeakyHasher(Hasher):
    """What these tests are there to find: nobody's password is not hashed."""

    def verify(self, stored, password):
        return Verdict(right=False) if stored is None else super().verify(stored, password)


def test_an_account_that_is_not_hashed_for_would_be_found_out(world, member):
    """Even moments are the second defence: without them the first one is seen to be missing."""
    leaky = LeakyHasher(CHEAP, bytes(range(32)))

    def ask(email):
        def attempt():
            with suppress(SignInRefused):
                sessions.begin_sign_in(world.db, leaky, email=email, password="wrong", source=SOURCE, now=NOW)

        return attempt

    pair = ask(member.email), ask("nobody@example.com")
    assert tells(lambda: in_turns(*pair, lambda: forget_tries(world), samples=60))


def new_password(world, run):
    def ask(email):
        given = {"email": email, "source": SOURCE, "now": NOW}
        return run(people.request_password_reset, world.db, world.vault.records, **given)

    return ask


@pytest.mark.promise(9)
@pytest.mark.asvs("6.3.8")
@pytest.mark.slow
def test_asking_for_a_new_password_takes_as_long_for_an_unknown_account(world, member, monkeypatch):
    monkeypatch.setattr(running, "EVEN", 0.06)
    ask = new_password(world, running.run_evenly)
    assert not tells(lambda: evenly(world, ask, (member.email, "nobody@example.com")))


def test_a_mail_that_is_written_at_once_would_be_found_out(world, member):
    """Without the even moment, that is: the mail is a row more, and everybody could count it."""

    def ask(email):
        return lambda: people.request_password_reset(
            world.db, world.vault.records, email=email, source=SOURCE, now=NOW
        )

    pair = ask(member.email), ask("nobody@example.com")
    assert tells(lambda: in_turns(*pair, lambda: forget_tries(world), samples=60))
