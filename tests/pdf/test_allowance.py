"""How long a file may keep a worker: the rule by itself, and the kernel keeping it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.pdf import allowance, tasks
from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.workers import Workers

from .test_workers import HOSTILE

SMALL = 1024**2 - 1  # bytes
MOST = 120.0  # seconds
COSTS = st.lists(st.floats(0, 10), max_size=500)


def worked(costs, size, most=MOST):
    """Return how long a file works whose pages cost that much, after how many of them, and if it came to its end."""
    full = left = allowance.begun(size, most)
    total = 0.0
    for number, cost in enumerate(costs, start=1):
        left = allowance.poured(left, allowance.PAGE, full)
        if cost > left:
            return total + left, number, False
        left, total = left - cost, total + cost
    return total, len(costs), True


@pytest.mark.promise(30)
@given(costs=COSTS, size=st.integers(0, 2**30))
def test_no_file_works_longer_than_its_size_and_its_pages_paid_for(costs, size):
    total, pages, _ = worked(costs, size)
    assert total <= allowance.begun(size, MOST) + allowance.PAGE * pages + 1e-6
    assert allowance.begun(size, MOST) <= MOST


@pytest.mark.promise(30)
@given(costs=st.lists(st.floats(1, 10), max_size=500), size=st.integers(0, SMALL))
def test_a_small_file_of_heavy_pages_ends_in_five_seconds(costs, size):
    total, _, _ = worked(costs, size)
    assert total <= 5


@given(costs=st.lists(st.floats(0, allowance.PAGE), max_size=500), size=st.integers(0, 2**30))
def test_a_file_of_ordinary_pages_always_comes_to_its_end(costs, size):
    assert worked(costs, size)[2]


@given(ordinary=st.integers(0, 500), size=st.integers(0, SMALL))
def test_pages_that_cost_nothing_save_nothing_up_for_one_that_never_ends(ordinary, size):
    total, _, ended = worked([0.0] * ordinary + [1000.0], size)
    assert not ended
    assert total <= allowance.SECONDS


@given(size=st.integers(0, 2**30), more=st.integers(0, 2**20))
def test_more_bytes_never_pay_for_less(size, more):
    assert allowance.begun(size, MOST) <= allowance.begun(size + more, MOST)
    assert allowance.signature(size) <= allowance.signature(size + more)


@pytest.fixture
def hostile(monkeypatch):
    for name in ("pages", "wait"):
        monkeypatch.setitem(tasks.TASKS, name, name)
    with Workers(1, HOSTILE) as pool:
        pool.warm()
        yield pool


@pytest.mark.promise(30)
def test_the_kernel_lets_ordinary_pages_pass_and_ends_heavy_ones(hostile):
    assert hostile.run("pages", options=[0.05] * 20, processor=0.3)[0] == 20  # one second, in steps
    with pytest.raises(PdfUnreadable) as caught:
        hostile.run("pages", options=[0.25] * 20, processor=0.3)
    assert caught.value.detail == "SIGPROF"


@pytest.mark.promise(30)
def test_the_clock_ends_what_waits_and_does_nothing(hostile):
    started = time.monotonic()
    with pytest.raises(PdfUnreadable) as caught:
        hostile.run("wait", options=20, processor=0.2)
    assert caught.value.detail == "SIGALRM"
    assert time.monotonic() - started < 10


def test_nothing_of_one_task_is_left_for_the_next(hostile):
    hostile.run("pages", options=[0.0] * 3, processor=20)
    with pytest.raises(PdfUnreadable):
        hostile.run("pages", options=[5.0], processor=0.2)
