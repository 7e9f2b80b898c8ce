"""docs/security.md and the marks on tests say the same."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def _documented() -> dict[str, set[int]]:
    """Return the numbers of each section of docs/security.md."""
    found: dict[str, set[int]] = {}
    section = ""
    for line in (ROOT / "docs/security.md").read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
            found[section] = set()
        elif row := re.match(r"\| ([\d, ]+) \|", line):
            found[section] |= {int(number) for number in row[1].split(",")}
    return found


def _marked() -> set[int]:
    """Return the numbers that tests carry."""
    numbers: set[int] = set()
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("mark.promise"):
                numbers |= {argument.value for argument in node.args if isinstance(argument, ast.Constant)}
    return numbers


def test_every_promise_that_is_called_kept_has_a_test():
    assert _documented()["Kept"] - _marked() == set()


def test_every_mark_stands_in_the_document():
    assert _marked() - set.union(*_documented().values()) == set()


def test_no_promise_is_both_kept_and_kept_in_part():
    sections = _documented()
    assert sections["Kept"] & sections["Kept in part"] == set()
