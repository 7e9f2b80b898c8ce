import hashlib
import itertools
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.encryption.contexts import FileContext
from docvault.encryption.errors import EncryptionError, Tampered, UnknownAlgorithm
from docvault.encryption.files import (
    CHUNK,
    HEADER,
    SEGMENT,
    open_segment,
    seal_segment,
    sealed_size,
    segment_count,
    segment_size,
)

KEY = bytes(range(32))
PLACE = FileContext("o" * 26, "f" * 26, "d" * 26, "v" * 26, "original", 1)


def sealed(plaintext, *, key=KEY, place=PLACE, index=0, last=True):
    return bytes(seal_segment(key, place, index, plaintext, last=last))


def opened(stored, size, *, key=KEY, place=PLACE, index=0, last=True):
    return open_segment(key, place, index, stored, last=last, size=size)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, SEGMENT - 1, SEGMENT])
def test_a_segment_opens_to_what_was_sealed(size):
    plaintext = os.urandom(size)
    stored = sealed(plaintext)
    assert len(stored) == sealed_size(size)
    assert opened(stored, size) == plaintext


def test_sizes_are_those_of_the_specification():
    assert sealed_size(SEGMENT) == 8_396_880
    assert sealed_size(0) == 80
    assert [segment_count(size) for size in (0, 1, SEGMENT, SEGMENT + 1)] == [1, 1, 1, 2]
    assert [segment_size(SEGMENT + 5, index) for index in (0, 1)] == [SEGMENT, 5]


@pytest.mark.promise(49)
def test_every_flipped_bit_of_a_small_file_is_refused():
    plaintext = b"thirty-two bytes of a contract.."
    stored = sealed(plaintext)
    for at, bit in itertools.product(range(len(stored)), range(8)):
        changed = bytearray(stored)
        changed[at] ^= 1 << bit
        with pytest.raises(UnknownAlgorithm if at < len(HEADER) else Tampered):
            opened(bytes(changed), len(plaintext))


@pytest.mark.promise(49)
def test_every_truncation_and_extension_of_a_small_file_is_refused():
    plaintext = b"thirty-two bytes of a contract.."
    stored = sealed(plaintext)
    for length in range(len(stored)):
        for claimed in {len(plaintext), max(0, length - len(stored) + len(plaintext))}:
            with pytest.raises(EncryptionError):
                opened(stored[:length], claimed)
    for more in range(1, 40):
        for claimed in (len(plaintext), len(plaintext) + more):
            with pytest.raises(EncryptionError):
                opened(stored + bytes(more), claimed)


LARGE = hashlib.shake_256(b"large").digest(5 * CHUNK + 4321)
LARGE_STORED = sealed(LARGE)


@pytest.mark.promise(49)
@given(at=st.integers(0, len(LARGE_STORED) - 1), change=st.integers(1, 255))
@settings(max_examples=300, deadline=None)
def test_any_changed_byte_of_a_large_file_is_refused(at, change):
    changed = bytearray(LARGE_STORED)
    changed[at] ^= change
    with pytest.raises(EncryptionError):
        opened(bytes(changed), len(LARGE))


@pytest.mark.promise(49)
@given(st.lists(st.integers(0, 5), min_size=0, max_size=7))
@settings(max_examples=300, deadline=None)
def test_any_other_order_of_chunks_is_refused(order):
    body, size = 8 + 56, CHUNK + 16
    chunks = [LARGE_STORED[body + k * size : body + (k + 1) * size] for k in range(6)]
    changed = LARGE_STORED[:body] + b"".join(chunks[k] for k in order)
    if order == [0, 1, 2, 3, 4, 5]:
        assert opened(changed, len(LARGE)) == LARGE
        return
    for claimed in {len(LARGE), len(changed) - body - 16 * max(1, len(order))}:
        if claimed >= 0:
            with pytest.raises(EncryptionError):
                opened(changed, claimed)


@pytest.mark.promise(49)
@pytest.mark.parametrize("claimed", [0, 49, 51, CHUNK, CHUNK + 50])
def test_a_whole_segment_is_refused_where_another_size_belongs(claimed):
    with pytest.raises(Tampered):
        opened(sealed(b"x" * 50), claimed)


@pytest.mark.promise(49)
def test_no_two_contexts_can_look_alike():
    """A line break in a value would let one value pass as two."""
    for place in (replace(PLACE, folder_id="f\ndocument d"), replace(PLACE, purpose="original\n")):
        with pytest.raises(ValueError, match="look alike"):
            place.segment(0, last=True)


PLACES = [
    PLACE,
    FileContext("p" * 26, "f" * 26, "d" * 26, "v" * 26, "original", 1),
    FileContext("o" * 26, "g" * 26, "d" * 26, "v" * 26, "original", 1),
    FileContext("o" * 26, "f" * 26, "e" * 26, "v" * 26, "original", 1),
    FileContext("o" * 26, "f" * 26, "d" * 26, "w" * 26, "original", 1),
    FileContext("o" * 26, "f" * 26, "d" * 26, "v" * 26, "signed", 1),
    FileContext("o" * 26, "f" * 26, "d" * 26, "v" * 26, "original", 2),
]


@pytest.mark.promise(50)
def test_no_segment_opens_in_any_place_but_its_own():
    spots = [(place, index, last) for place in PLACES for index in (0, 1) for last in (True, False)]
    stored = {spot: sealed(b"x" * 50, place=spot[0], index=spot[1], last=spot[2]) for spot in spots}
    for here, there in itertools.product(spots, spots):
        if here == there:
            assert opened(stored[here], 50, place=there[0], index=there[1], last=there[2]) == b"x" * 50
        else:
            with pytest.raises(Tampered):
                opened(stored[here], 50, place=there[0], index=there[1], last=there[2])


@pytest.mark.promise(58)
def test_every_other_algorithm_id_is_refused():
    stored = sealed(b"abc")
    for algorithm in range(2**16):
        if algorithm != 1:
            with pytest.raises(UnknownAlgorithm):
                opened(stored[:6] + algorithm.to_bytes(2, "big") + stored[8:], 3)


@pytest.mark.promise(51)
def test_the_same_plaintext_twice_never_gives_the_same_bytes():
    salts = {sealed(b"")[8:32] for _ in range(20_000)}
    assert len(salts) == 20_000


def test_a_line_break_can_never_make_two_places_look_alike():
    with pytest.raises(ValueError, match="line break"):
        FileContext("o\nfolder x", "f", "d", "v", "original", 1).segment(0, last=True)
