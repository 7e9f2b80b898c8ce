"""What the documentation says about commands, settings, links and the project itself is true."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from docvault.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)
OPERATORS = (ROOT / "docs/operators.md").read_text()


def test_every_setting_is_documented_and_no_other():
    documented = set(re.findall(r"\| `DOCVAULT_(\w+)` \|", OPERATORS))
    assert documented == {name.upper() for name in Settings.__struct_fields__}


def test_every_command_is_documented_and_no_other():
    documented = set(re.findall(r"\| `docvault ([\w-]+)` \|", OPERATORS))
    shown = subprocess.run(
        [sys.executable, "-m", "docvault.cli", "--help"], capture_output=True, text=True, check=True
    ).stdout
    assert documented == set(re.findall(r"^  ([a-z][\w-]*)  ", shown, re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_targets_that_the_readme_names_exist():
    named = set(re.findall(r"`make (\w+)`", "".join(page.read_text() for page in PAGES)))
    defined = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= defined


def test_changes_that_users_see_are_written_down():
    assert sorted((ROOT / "changes").glob("*.md"))
