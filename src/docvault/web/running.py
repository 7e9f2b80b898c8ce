"""Where the synchronous floors below meet the event loop: actions run in threads, started here only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from math import ceil
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, current_time, sleep_until, to_thread

from docvault.credentials.passwords import Hasher
from docvault.credentials.refusals import TooBusy
from docvault.identity.provider import Provider
from docvault.pdf.workers import Workers
from docvault.vault.files import Vault

EVEN = 0.15  # seconds; `run_evenly` takes a whole number of these
THREADS = 32  # actions at the same time; the database bounds itself further
HASH_THREADS = 3  # of their own for actions that hash a password: two hash, one is on its way to the database
PDF_THREADS = 16  # of their own for actions that may wait for a PDF worker
VAULT_THREADS = (
    24  # of their own for actions that may wait for stored files: signing in never does (promise 85)
)
LOOK_THREADS = 2  # and for a look at whether the database answers
PROVIDER_THREADS = 4  # and for those that wait for an identity provider: a slow one stops nobody else

Given = ParamSpec("Given")
Result = TypeVar("Result")

_limiters: dict[int, CapacityLimiter] = {}
_hashing: list[
    Hasher
] = []  # one for every password that is hashed or waits; only the event loop's thread looks


async def run(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run `function` in a worker thread and return what it returns; what it raises is raised here.

    A client that hangs up does not stop it: an action is carried through or rolled back. Raises TooBusy when
    more passwords wait to be hashed than the policy lets wait: a flood of sign-ins ends here, before it takes
    a thread or a connection from anybody else.
    """
    hasher = next((each for each in args if isinstance(each, Hasher)), None)
    with _place(hasher) if hasher else nullcontext():
        limiter = _limiter(_threads(args))
        return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=limiter)


@contextmanager
def _place(hasher: Hasher) -> Iterator[None]:
    """Hold one of the places for passwords: those being hashed and those that wait. Raises TooBusy."""
    if len(_hashing) >= HASH_THREADS + hasher.waiting:
        raise TooBusy
    _hashing.append(hasher)
    try:
        yield
    finally:
        _hashing.remove(hasher)


async def run_reading(read: Callable[[], Result]) -> Result:
    """Run `read`, which reads stored files, in the threads of those that may wait for them."""
    return await to_thread.run_sync(read, limiter=_limiter(VAULT_THREADS))


async def run_aside(look: Callable[[], Result]) -> Result:
    """Run `look` in threads of its own: whoever asks may stop waiting for it, and it ends by itself."""
    return await to_thread.run_sync(look, abandon_on_cancel=True, limiter=_limiter(LOOK_THREADS))


async def run_evenly(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Do as `run`, and return or raise at a whole number of EVEN: how long it took says nothing (promise 9).

    Whole numbers, so that work which takes longer than one, on a machine that is busy, still says nothing.
    """
    began = current_time()
    try:
        return await run(function, *args, **kwargs)
    finally:
        await sleep_until(began + EVEN * ceil((current_time() - began) / EVEN))


def _threads(args: tuple[object, ...]) -> int:
    """Return which kind of action it is, by what it is given to wait for."""
    if any(isinstance(each, Provider) for each in args):
        return PROVIDER_THREADS
    if any(isinstance(each, Hasher) for each in args):
        return HASH_THREADS
    if any(isinstance(each, Workers) for each in args):
        return PDF_THREADS
    return VAULT_THREADS if any(isinstance(each, Vault) for each in args) else THREADS


def _limiter(threads: int) -> CapacityLimiter:
    """One limiter for the process and each kind of action; it must be made inside a running event loop."""
    return _limiters.setdefault(threads, CapacityLimiter(threads))
