"""docs/operators.md says how long sessions last and how many there may be, as the policy does (ASVS 7.1.1, 7.1.2)."""

import re
from pathlib import Path

import pytest

from docvault.policy import numbers

ROOT = Path(__file__).parents[2]
WORDS = {"ten": 10}


@pytest.mark.asvs("7.1.1", "7.1.2")
def test_the_limits_of_sessions_stand_in_the_operators_guide():
    rules = numbers.load(ROOT / "policies").sessions
    text = (ROOT / "docs" / "operators.md").read_text()
    rows = re.findall(r"\| ([a-z, ]+) \| (\d+) minutes \| (\d+) hours \|", text)
    assert [(int(idle), int(most)) for _, idle, most in rows] == [
        (rules.administrator_idle_minutes, rules.administrator_absolute_hours),
        (rules.idle_minutes, rules.absolute_hours),
    ]
    (most,) = re.findall(r"One person has at most\s+(\w+) sessions", text)
    assert WORDS[most] == rules.at_once
