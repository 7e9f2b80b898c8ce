"""docs/authentication.md names every way in, and the numbers that slow a guesser: no undocumented path, no other number."""

import re
from dataclasses import fields
from pathlib import Path

import pytest

from docvault.policy import numbers

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs/authentication.md").read_text()
SAFE = {"GET", "HEAD", "OPTIONS"}


def section(title: str) -> str:
    return GUIDE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def open_writes(house) -> set[str]:
    """Return every route that takes something from somebody who is not, or not yet wholly, signed in.

    A route that another program leads back to (single sign-on) is one as well, although it is a GET.
    """
    return {
        f"{method} {route.path}"
        for route in house.site.app.routes
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items()
        if (method not in SAFE and handler.opt.get("access", "full") != "full")
        or handler.opt.get("query") == "any"
    }


@pytest.mark.asvs("6.1.3")
@pytest.mark.asvs("6.3.4")
def test_every_way_in_is_documented_and_every_documented_one_exists(house):
    named = set(re.findall(r"`((?:POST|PUT|PATCH|DELETE|GET) /[^`]*)`", section("Ways in")))
    written = {re.sub(r"{(\w+):\w+}", r"{\1}", each) for each in open_writes(house)}
    assert named == written


@pytest.mark.asvs("6.1.1")
def test_the_numbers_that_slow_a_guesser_stand_in_the_guide():
    rules = numbers.load(ROOT / "policies").passwords.throttle
    told = dict(re.findall(r"\| `(\w+)` \| ([\d ]+) ", section("What slows a guesser")))
    assert {name: int(value) for name, value in told.items()} == {
        each.name: getattr(rules, each.name) for each in fields(rules)
    }


@pytest.mark.asvs("6.1.2")
@pytest.mark.asvs("6.2.11")
def test_the_words_nobody_may_build_a_password_from_are_in_the_policy():
    words = numbers.load(ROOT / "policies").passwords.context_words
    assert {"docvault", "administrator", "client", "document", "signature"} <= set(words)
    assert "context_words" in section("Passwords")


@pytest.mark.asvs("8.1.3")
@pytest.mark.asvs("8.1.4")
def test_what_decisions_look_at_is_what_the_guide_says():
    rules = numbers.load(ROOT / "policies")
    text = section("What a decision looks at")
    for name in ("fresh_minutes", "step_up_minutes", "administrator_idle_minutes", "source_free_tries"):
        value = getattr(rules.sessions, name, None) or getattr(rules.passwords.throttle, name)
        assert re.search(rf"`{name}` = {value}\b", text), name
