"""Figures as people read them."""

import pytest

from docvault.web import formats


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1_000, "1.0 KB"),
        (9_940, "9.9 KB"),
        (73_150, "73 KB"),
        (2_400_000, "2.4 MB"),
    ],
)
def test_a_size_has_two_digits_that_matter(bytes_, said):
    assert formats.size(bytes_) == said


@pytest.mark.parametrize(
    ("bytes_", "said"),
    [(512, "512 bytes"), (50 * 1024**2, "50 MB"), (5 * 1024**3, "5 GB"), (5 * 1024**3 - 1, "4 GB")],
)
def test_a_limit_is_round_and_never_promises_more(bytes_, said):
    assert formats.limit(bytes_) == said
