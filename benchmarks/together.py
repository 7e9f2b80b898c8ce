"""16 uploads at once through the HTTP server, against one that only seals and keeps as many.

Memory is what the answering process grew by at most, for all of them together.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import files
import gigabyte
import portal
import servers
from files import growing
from sizes import size
from table import AtLeast, Row, in_turns, ratio, typical

AT_ONCE = 16
EACH = size(64 * 1024 * 1024, small=8 * 1024 * 1024)  # bytes
ROUNDS = 5
MIB = 2**20
_numbers = count()


def rows(folder: Path) -> Iterator[Row]:
    stand = portal.prepare(folder / "data")
    with (
        servers.serving("floor_objects:application", folder, "/hello") as floor,
        servers.serving("docvault.web.main:application", stand.folder, "/health/ready") as ours,
        ThreadPoolExecutor(AT_ONCE) as people,
    ):
        grown: list[list[int]] = [[], []]

        def at_once(upload: Callable[[int], object]) -> None:
            list(people.map(lambda _: upload(EACH), range(AT_ONCE)))

        def alone() -> None:
            for _ in range(AT_ONCE):
                files.upload(ours, stand, EACH)

        def kept(size: int) -> None:
            gigabyte.put(floor, f"file{next(_numbers)}", size)

        at_once(lambda size: files.upload(ours, stand, size))  # so that memory for as many is there
        at_once(kept)
        together, least, one_by_one = in_turns(
            ROUNDS,
            lambda: growing(ours, grown[0], lambda: at_once(lambda size: files.upload(ours, stand, size))),
            lambda: growing(floor, grown[1], lambda: at_once(kept)),
            alone,
        )
    name = f"{AT_ONCE} uploads of {EACH // MIB} MiB"
    yield Row(
        f"{name}, speed / its floor's",
        typical(together),
        typical(least),
        1 / ratio(together, least),
        AtLeast(0.7),
    )
    yield Row(
        "   at once / one after the other",
        typical(together),
        typical(one_by_one),
        ratio(together, one_by_one),
    )
    most, floors = (max(growths) / MIB for growths in grown)
    yield Row(
        "   peak memory growth, a second time", f"{most:.0f} MiB", f"{floors:.0f} MiB", most, unit=" MiB"
    )
