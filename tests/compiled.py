"""Statements are compiled once in a process of the tests, not once more for each test's own database.

Every engine keeps what it compiled to itself, for its own dialect; that took a sixth of a test's time. Engines on
databases of one kind share both here. Nothing that a test shows hangs on it: a dialect holds no state of a database.
"""

from sqlalchemy import Engine, event
from sqlalchemy.util import LRUCache

from docvault.database import engine as room

MOST = 5000  # statements; DocVault has some hundreds

_shared: dict[str, Engine] = {}
_made = room._engine


def _sharing(url: str, **pool: int) -> Engine:
    engine = _made(url, **pool)
    if (first := _shared.get(engine.dialect.name)) is not None:
        engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
        return engine
    engine._compiled_cache = LRUCache(MOST)

    @event.listens_for(engine, "engine_connect")
    def is_known_by_now(_connection) -> None:
        """Only a dialect that has asked its database who it is can be given to others."""
        _shared.setdefault(engine.dialect.name, engine)

    return engine


def share() -> None:
    room._engine = _sharing
