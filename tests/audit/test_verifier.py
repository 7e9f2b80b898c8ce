import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.audit import bundle, container
from docvault.audit.checkpoints import PublicKey
from docvault.audit.errors import BundleTooLarge, NoteInvalid
from docvault.audit.verdict import BundleRefused
from docvault.audit.verifier import verify

from .attacks import Attack, all_attacks
from .bundles import Log, Rekeyed, lines, log_key, members, pack, with_lines

ATTACKS = {attack.name: attack for attack in all_attacks()}
KEY = log_key().public
LARGE = Log(530)
LARGE_PARTS = members(LARGE.bundle(history=[200]))
SMALL = Log(5).bundle(history=[3])


def judged(attack: Attack):
    key = PublicKey.read(attack.key) if attack.key else None
    return verify(io.BytesIO(attack.bundle), key=key, since=attack.since)


def first_bad_index(packed: bytes) -> int:
    with pytest.raises(BundleRefused) as refused:
        verify(io.BytesIO(packed), key=KEY)
    assert refused.value.reason
    return refused.value.first_bad_index


@pytest.mark.promise(80)
@pytest.mark.parametrize(
    "name", [name for name, attack in ATTACKS.items() if attack.first_bad_index is not None]
)
def test_an_attack_is_found_and_the_first_bad_entry_named(name):
    with pytest.raises(BundleRefused) as refused:
        judged(ATTACKS[name])
    assert refused.value.first_bad_index == ATTACKS[name].first_bad_index
    assert refused.value.problems[0].reason == str(refused.value)


class Denying(Log):
    """A log whose history, signed by its own key and sealed, speaks of another log."""

    def checkpoint(self, size: int | None = None) -> str:
        return Log(9, words="Mallory").checkpoint(size) if size == 4 else super().checkpoint(size)


@pytest.mark.promise(80)
@pytest.mark.parametrize("chosen", [None, [1, 5, 7]], ids=["the whole log", "a selection"])
def test_a_history_that_the_log_does_not_continue_is_refused(chosen):
    assert verify(io.BytesIO(Log(9).bundle(chosen, history=[4])), key=KEY).history == 1
    with pytest.raises(BundleRefused, match="checkpoint at 4 entries"):
        verify(io.BytesIO(Denying(9).bundle(chosen, history=[4])), key=KEY)


@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if attack.first_bad_index is None])
def test_an_honest_bundle_verifies(name):
    found = judged(ATTACKS[name])
    assert found.trusted is (ATTACKS[name].key is not None)
    assert found.origin == KEY.origin


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 512, 513])
def test_a_log_of_any_size_verifies_whole(size):
    log = Log(size)
    history = [older for older in (1, 256) if older < size]
    found = verify(io.BytesIO(log.bundle(history=history)), key=KEY)
    assert (found.size, found.count, found.full, found.history) == (size, size, True, len(history))
    assert found.root == log.edge_root().hex()
    assert (found.first_at is None) == (size == 0)


def test_what_was_verified_is_told_in_figures():
    found = verify(io.BytesIO(Log(5).bundle(erased=(1, 3))), key=KEY, since=Log(3).checkpoint())
    assert found.erased == 1  # entry 3 never had details
    assert (found.first_at, found.last_at) == ("2026-01-31T09:30:00.000000Z", "2026-01-31T09:30:04.000000Z")
    assert (found.since, found.filters, found.created) == (3, {}, "2026-02-01T09:30:00.000000Z")


def test_without_a_key_only_the_fingerprint_tells_whose_log_it_is():
    ours, theirs = Log(5).bundle(), Log(5, key=log_key(2)).bundle()
    one, other = verify(io.BytesIO(ours)), verify(io.BytesIO(theirs))
    assert not one.trusted
    assert not other.trusted
    assert one.origin == other.origin
    assert one.fingerprint != other.fingerprint


@pytest.mark.promise(53)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_reader_with_any_key_of_the_log_follows_it_to_the_newest(seed):
    log = Rekeyed(9, {3: log_key(2), 6: log_key(3)})
    found = verify(io.BytesIO(log.bundle(history=[1, 3, 5, 6])), key=log_key(seed).public)
    assert (found.trusted, found.key_changes, found.older_key) == (True, 2, seed != 3)
    assert found.fingerprint == log_key(3).public.fingerprint


@pytest.mark.promise(53)
def test_no_flipped_byte_of_a_log_with_two_keys_verifies():
    packed = Rekeyed(3, {2: log_key(2)}).bundle(history=[1, 2])
    for place in range(len(packed)):
        flipped = bytearray(packed)
        flipped[place] ^= 1 << (place % 8)
        first_bad_index(bytes(flipped))


def test_progress_is_told_once_for_every_block():
    told = []
    verify(io.BytesIO(LARGE.bundle()), key=KEY, progress=told.append)
    assert told == [256, 512, 530]


@pytest.mark.promise(80)
def test_no_flipped_byte_verifies():
    for place in range(len(SMALL)):
        flipped = bytearray(SMALL)
        flipped[place] ^= 1 << (place % 8)
        first_bad_index(bytes(flipped))


@pytest.mark.promise(80)
def test_no_cut_file_verifies():
    for size in range(0, len(SMALL), 3):
        first_bad_index(SMALL[:size])


@pytest.mark.promise(80)
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_every_generated_change_of_entries_is_found_at_its_first_index(data):
    found = lines(LARGE_PARTS)
    one = data.draw(st.integers(0, len(found) - 2), label="one")
    other = data.draw(st.integers(one + 1, len(found) - 1), label="other")
    change = data.draw(
        st.sampled_from(["edit", "details", "delete", "range", "insert", "swap", "move", "truncate"]),
        label="change",
    )
    renumbered = data.draw(st.booleans(), label="renumbered")
    if change == "edit":
        leaf = found[one]["leaf"]
        at = data.draw(st.integers(0, len(leaf) - 1))
        found[one]["leaf"] = leaf[:at] + ("x" if leaf[at] != "x" else "y") + leaf[at + 1 :]
    elif change == "details":
        found[one]["details"] = {"body": "{}", "salt": "AAAA"}
    elif change == "delete":
        del found[one]
    elif change == "range":
        del found[one:other]
    elif change == "insert":
        found.insert(one, dict(found[other]))
    elif change == "swap":
        found[one], found[other] = found[other], found[one]
    elif change == "move":
        found.insert(one, found.pop(other))
    else:
        del found[one:]
    if renumbered and change not in {"edit", "details"}:
        for place, line in enumerate(found):
            line["index"] = place
    assert first_bad_index(pack(with_lines(LARGE_PARTS, found))) == one


@pytest.mark.promise(80)
@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_generated_change_of_a_member_is_found(data):
    name = data.draw(st.sampled_from(list(LARGE_PARTS)))
    body = LARGE_PARTS[name]
    place = data.draw(st.integers(0, len(body) - 1))
    changed = body[:place] + bytes([body[place] ^ data.draw(st.integers(1, 255))]) + body[place + 1 :]
    index = first_bad_index(pack(LARGE_PARTS | {name: changed}))
    if name.startswith(("entries", "tile")):
        block = int(name.rpartition("/")[2][:6].strip(".jsonl") or 0) if name.startswith("entries") else None
        assert block is None or index // 256 in {block, block + 1}


def test_a_key_that_is_none_is_refused_before_anything_is_read():
    with pytest.raises(NoteInvalid):
        PublicKey.read("not a key")


def test_a_bundle_that_would_pass_four_gibibytes_is_refused(monkeypatch):
    monkeypatch.setattr(container, "LARGEST", 10_000)
    with pytest.raises(BundleTooLarge, match="shorter period"):
        Log(100).bundle()
    monkeypatch.setattr(container, "LARGEST", len(SMALL) - 1)  # only the directory does not fit any more
    with pytest.raises(BundleTooLarge, match="shorter period"):
        Log(5).bundle(history=[3])


def test_a_reader_takes_no_huge_member_into_memory(monkeypatch):
    monkeypatch.setattr(container, "MEMBER_MOST", 1_000)
    assert first_bad_index(Log(50).bundle()) == 0


def test_ranges_are_the_runs_of_the_indexes():
    assert bundle.ranges([0, 1, 2, 5, 7, 8]) == [(0, 2), (5, 5), (7, 8)]
    assert bundle.ranges([]) == []
