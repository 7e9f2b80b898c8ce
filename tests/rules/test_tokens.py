"""What an API token may be, and when its owner is told that it ends."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from docvault.policy.numbers import Tokens
from docvault.policy.vocabulary import Permission
from docvault.rules import tokens
from docvault.rules.tokens import TokenRefused

LIMITS = Tokens(default_days=90, max_days=365, max_per_person=20, warn_days=(14, 3))
MADE = datetime(2026, 1, 1, tzinfo=UTC)
OFFERED = [Permission.FOLDER_SEE, Permission.DOCUMENT_SEE]


def test_the_digest_is_the_one_of_the_documented_json():
    said = '{"days":90,"name":"Sauvegarde é","scopes":["document:see","folder:see"]}'
    expected = hashlib.sha256(said.encode()).hexdigest()
    assert tokens.digest("Sauvegarde é", ["folder:see", "document:see"], 90) == expected


@pytest.mark.parametrize(
    "other", [("Backup", ["folder:see"], 91), ("Backup", [], 90), ("B", ["folder:see"], 90)]
)
def test_another_name_scope_or_life_has_another_digest(other):
    assert tokens.digest(*other) != tokens.digest("Backup", ["folder:see"], 90)


def test_a_name_is_kept_as_it_is_read():
    assert tokens.name("  Nightly \n backup ") == "Nightly backup"


@pytest.mark.parametrize("text", ["", "   ", "x" * 101, "safe\u202exe", "a\x00b"])
def test_a_name_that_cannot_be_read_is_refused(text):
    with pytest.raises(TokenRefused):
        tokens.name(text)


def test_scopes_are_what_was_wanted_once_each():
    assert tokens.scopes(["document:see", "folder:see"], OFFERED) == tuple(OFFERED)


@pytest.mark.parametrize("wanted", [[], ["*"], ["folder:see", "envelope:sign"], ["nothing:such"]])
def test_no_scope_beyond_what_is_offered(wanted):
    with pytest.raises(TokenRefused):
        tokens.scopes(wanted, OFFERED)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_token_always_ends_within_the_policys_limit(days):
    with pytest.raises(TokenRefused):
        tokens.days(days, LIMITS)


@pytest.mark.asvs("6.4.5")
@pytest.mark.parametrize(
    ("life", "day", "warned_on", "due"),
    [
        (90, 75, None, False),  # fifteen days to go
        (90, 76, None, True),  # fourteen
        (90, 80, 76, False),  # told already
        (90, 86, 76, False),  # four
        (90, 87, 76, True),  # three
        (90, 88, 87, False),
        (90, 89, None, True),  # the worker rested for weeks: once, not twice
        (90, 90, None, False),  # it has ended
        (10, 1, None, False),  # it never had fourteen days: made just now, its owner knows
        (10, 7, None, True),
        (2, 1, None, False),
    ],
)
def test_its_owner_is_told_once_on_each_day_of_the_policy(life, day, warned_on, due):
    assert (
        tokens.is_warning_due(
            created_at=MADE,
            expires_at=MADE + timedelta(days=life),
            warned_at=None if warned_on is None else MADE + timedelta(days=warned_on),
            warn_days=LIMITS.warn_days,
            now=MADE + timedelta(days=day),
        )
        is due
    )
