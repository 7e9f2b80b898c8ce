"""Measures what a worker spends on each task: its processor's time, also where the task was its end."""

import os
import resource
import time
from pathlib import Path
from typing import NamedTuple

from docvault.pdf.workers import Workers

TICKS = os.sysconf("SC_CLK_TCK")


class Spent(NamedTuple):
    task: str
    processor: float  # seconds
    clock: float


class Watched(Workers):
    """One worker, with what each of its tasks took."""

    def __init__(self):
        super().__init__(1)
        self.spent = []

    def run(self, task, files=(), options=None, answers=None, **more):
        self.warm()
        (process,) = (worker.process for worker in self._live)
        alive, buried, started = _alive(process.pid), _buried(), time.monotonic()
        try:
            return super().run(task, files, options, answers, **more)
        finally:
            clock = time.monotonic() - started
            now = _alive(process.pid) if process.returncode is None else _buried() - buried
            self.spent.append(Spent(task, now - alive, clock))


def _alive(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _buried():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
