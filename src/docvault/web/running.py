"""Where the synchronous floors below meet the event loop: actions run in threads, started here only."""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread

THREADS = 32  # actions at the same time; the database and the password hasher bound themselves further

Given = ParamSpec("Given")
Result = TypeVar("Result")

_limiters: dict[str, CapacityLimiter] = {}


async def run(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """Run `function` in a worker thread and return what it returns; what it raises is raised here.

    A client that hangs up does not stop it: an action is carried through or rolled back.
    """
    return await to_thread.run_sync(partial(function, *args, **kwargs), limiter=_limiter())


def _limiter() -> CapacityLimiter:
    """One limiter for the process; it must be made inside a running event loop."""
    return _limiters.setdefault("actions", CapacityLimiter(THREADS))
