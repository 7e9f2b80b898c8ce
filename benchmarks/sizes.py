"""How much is measured: the sizes of docs/benchmarks.md, or small ones that only show that it works."""

import os
from typing import TypeVar

Size = TypeVar("Size")
SMALL = "BENCH_SMALL"  # set by `run.py --small`


def size(real: Size, *, small: Size) -> Size:
    return small if os.environ.get(SMALL) else real
