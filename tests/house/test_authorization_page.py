"""docs/authorization.md says what the policies say (ASVS 8.1)."""

import importlib.util
import re
from pathlib import Path

import pytest

from docvault.policy.engine import Policy

ROOT = Path(__file__).parents[2]


def tool():
    spec = importlib.util.spec_from_file_location("authorization", ROOT / "tools" / "authorization.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.asvs("8.1.1")
@pytest.mark.asvs("8.1.3")
@pytest.mark.asvs("8.1.4")
def test_the_tables_are_those_of_the_policies():
    text = (ROOT / "docs/authorization.md").read_text()
    assert tool().written(text, Policy.load(ROOT / "policies")) == text, "run: python tools/authorization.py"
    assert len(re.findall(r"^\| `\w+:", text, re.MULTILINE)) >= 30


@pytest.mark.asvs("8.1.2")
def test_every_rule_about_fields_names_a_test_that_there_is():
    text = (ROOT / "docs/authorization.md").read_text()
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) >= 8
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), name
