"""The files of decisions can be told apart by their numbers, and say them themselves."""

from pathlib import Path

FOUND = sorted((Path(__file__).parents[2] / "docs/decisions").glob("*.md"))


def test_every_decision_has_its_own_number_and_none_is_left_out():
    numbers = [int(path.name[:4]) for path in FOUND]
    assert numbers == list(range(1, len(FOUND) + 1))


def test_every_decision_begins_with_its_number():
    for path in FOUND:
        assert path.read_text(encoding="utf-8").startswith(f"# {int(path.name[:4])}. "), path.name
