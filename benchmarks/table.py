"""Rows of the printed table, and the timing that all subjects share: ours and its floor in turns."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

WIDTHS = (46, 14, 14, 8)  # characters of the columns


@dataclass(frozen=True)
class AtMost:
    """An aim for a ratio that should be small."""

    bound: float

    def met(self, value: float) -> bool:
        return value <= self.bound

    def __str__(self) -> str:
        return f"<= {self.bound:g}"


@dataclass(frozen=True)
class AtLeast:
    """An aim for a ratio that should be large."""

    bound: float

    def met(self, value: float) -> bool:
        return value >= self.bound

    def __str__(self) -> str:
        return f">= {self.bound:g}"


@dataclass(frozen=True)
class Row:
    name: str
    ours: str
    floor: str
    value: float  # the ratio, or the quantity that the aim speaks of
    aim: AtMost | AtLeast | None = None
    unit: str = "x"

    def __str__(self) -> str:
        shown = f"{self.value:.2f}" if self.value < 100 else f"{self.value:.0f}"
        texts = (self.name, self.ours, self.floor, shown + self.unit)
        columns = "  ".join(text.ljust(width) for text, width in zip(texts, WIDTHS, strict=True))
        verdict = f"  {self.aim}: {'met' if self.aim.met(self.value) else 'NOT MET'}" if self.aim else ""
        return (columns + verdict).rstrip()


def heading(title: str) -> str:
    return f"\n{title}\n" + "  ".join(
        text.ljust(width) for text, width in zip(("", "ours", "floor", "ratio"), WIDTHS, strict=True)
    )


def in_turns(times: int, *subjects: Callable[[], object]) -> list[list[float]]:
    """Run the subjects one after the other, `times` rounds, and return the seconds of each.

    Neighbours in time share the machine's mood: a busy moment slows ours and the floor alike.
    """
    taken: list[list[float]] = [[] for _ in subjects]
    for _ in range(times):
        for subject, seconds in zip(subjects, taken, strict=True):
            start = time.perf_counter()
            subject()
            seconds.append(time.perf_counter() - start)
    return taken


def ratio(ours: list[float], floor: list[float]) -> float:
    """The median of the rounds' own ratios: each compares neighbours in time."""
    return statistics.median(one / other for one, other in zip(ours, floor, strict=True))


def duration(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} us"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def typical(seconds: list[float]) -> str:
    return duration(statistics.median(seconds))
