"""Where the synchronous floors below meet the event loop: actions run in threads, started here only."""

from collections.abc import Callable
from functools import partial
from math import ceil
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, current_time, sleep_until, to_thread

from docvault.identity.provider import Provider
from docvault.pdf.workers import Workers

EVEN = 0.15  # seconds; `run_evenly` takes a whole number of these
THREADS = 32  # actions at the same time; the database and the password hasher bound themselves further
PDF_THREADS = 16  # of their own for actions that may wait for a PDF worker
PROVIDER_THREADS = 4  # and for those that wait for an identity provider: a slow one stops nobody else

Given = ParamSpec("Given")
Result = TypeVar("Result")

_limiters: dict[int, CapacityLimiter] = {}


async def run(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run `function` in a worker thread and return what it returns; what it raises is raised here.

    A client that hangs up does not stop it: an action is carried through or rolled back.
    """
    return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=_limiter(_threads(args)))


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
    return PDF_THREADS if any(isinstance(each, Workers) for each in args) else THREADS


def _limiter(threads: int) -> CapacityLimiter:
    """One limiter for the process and each kind of action; it must be made inside a running event loop."""
    return _limiters.setdefault(threads, CapacityLimiter(threads))
