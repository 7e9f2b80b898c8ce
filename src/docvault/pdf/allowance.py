"""How long a worker may work on a file: little to begin with, and more with every page. Pure: no I/O.

A leaky bucket of processor time. What a file's size pays for is in it from the start, each page that is gone
through pours in a little, and it never holds more than it did at the start. So a file that gets stuck, or
whose pages are each heavy, ends after about SECONDS, and only one with many ordinary pages goes on.

What to expect, on a processor of 2024: to draw and compare a page takes 7 ms for text and 70 for a scan in
black and white of 600 dots an inch; in colour 0.15 s a MiB, and a plan of 200 000 lines 0.7 s a MiB. To check
one signature of ten takes 0.05 s in a short contract, and 0.6 s a MiB in a structure of 10 000 parts.
Processor time is the same on a busy machine; the clock stands behind it, for what waits and does nothing.
"""

SECONDS = 4.5  # of the processor, for any file: promise 30 says five, and ending a worker takes a moment
PAGE = 0.1  # for a page more
READ = 0.02  # for a page of which only the words are read
SIGNATURE = 0.5  # for a signature more
MIB = 1.0  # for each whole MiB of the file
BUSY = 3.0  # how many times longer the same may take by the clock
_MIB = 1024 * 1024  # bytes


def begun(size: int, most: float) -> float:
    """Return what is there for a file of `size` bytes before its first page; never more than `most`."""
    return min(most, SECONDS + MIB * (size // _MIB))


def poured(left: float, more: float, full: float) -> float:
    """Return what is there once `more` was paid: no more than at the start."""
    return min(full, left + more)


def signature(size: int) -> float:
    """Return what one signature more pays: it is compared with every later version, object by object."""
    return SIGNATURE + MIB * size / _MIB
