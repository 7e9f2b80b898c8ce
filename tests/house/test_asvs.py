"""docs/asvs.md and the marks on tests say the same, for every requirement of the chapters on identity and access."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs/asvs.md"

# How many requirements each section of ASVS 5.0.0 has: a row that is forgotten is found.
SECTIONS = {
    "3": [1, 3, 5, 8, 8, 1, 5],
    "6": [3, 12, 8, 6, 8, 4, 2, 4],
    "7": [3, 4, 2, 5, 3, 2],
    "8": [4, 4, 3, 2],
}


def rows() -> dict[str, str]:
    """Return what shows each requirement, by its number."""
    found = re.findall(r"^\| (\d+\.\d+\.\d+) \| [123] \| .+ \| (.+) \|$", TABLE.read_text(), re.MULTILINE)
    assert len(found) == len(dict(found)), "a requirement has two rows"
    return dict(found)


def marks() -> dict[str, set[str]]:
    """Return the tests that carry a mark, by the requirement's number."""
    found: dict[str, set[str]] = {}
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            for decorator in getattr(node, "decorator_list", []):
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func).endswith("mark.asvs"):
                    for argument in decorator.args:
                        name = f"{path.relative_to(ROOT / 'tests')}::{node.name}"
                        found.setdefault(argument.value, set()).add(name)
    return found


def test_every_requirement_has_a_row():
    wanted = {
        f"{chapter}.{section}.{number}"
        for chapter, counts in SECTIONS.items()
        for section, count in enumerate(counts, start=1)
        for number in range(1, count + 1)
    }
    assert set(rows()) == wanted


def test_every_row_names_tests_that_carry_its_mark_or_a_page_that_is_there():
    marked = marks()
    for number, shown in rows().items():
        tests = set(re.findall(r"`([\w/]+\.py::\w+)`", shown))
        pages = re.findall(r"\]\(([^)]+)\)", shown)
        assert tests <= marked.get(number, set()), (number, tests - marked.get(number, set()))
        assert all((TABLE.parent / page).exists() for page in pages), (number, pages)
        assert tests or pages or shown.startswith(("not applicable: ", "open: ")), number


def test_every_mark_of_these_chapters_stands_in_the_table():
    told = rows()
    for number, tests in marks().items():
        if number.split(".")[0] in SECTIONS:
            assert "`" in told.get(number, ""), (
                f"{number} is shown by {sorted(tests)}, but not in docs/asvs.md"
            )
