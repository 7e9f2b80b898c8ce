"""Tokens from the terminal: seen and ended, never made."""

import json
import os
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from docvault import settings, wiring
from docvault.actions import people
from docvault.cli import people as cli_people
from docvault.cli.tokens import app
from docvault.database import acting as actors
from docvault.database import people as rows
from docvault.database import sessions, tokens
from docvault.database.people import PersonState
from docvault.policy.vocabulary import Permission, Role
from docvault.values import NotFound

RUN = CliRunner()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    before = dict(os.environ)
    os.environ["DOCVAULT_DATA"] = str(folder)
    wiring.prepare(settings.load()).close()
    yield folder
    os.environ.clear()
    os.environ.update(before)


def test_tokens_are_listed_and_revoked_from_the_terminal(data):
    with cli_people.at_terminal(data) as (portal, acting):
        now = portal.clock()
        details = {"email": "olga@example.com", "name": "Olga", "role": Role.COMPLIANCE_OFFICER}
        place = acting.organisation_id
        people.invite_person(
            portal.db, portal.vault.records, acting=acting, organisation_id=place, now=now, **details
        )
        with portal.db.transaction() as tx:
            olga = rows.by_email(tx, "olga@example.com")
            rows.set_state(tx, olga, PersonState.ACTIVE, by=None, now=now)
            who = actors.of(tx, rows.by_id(tx, olga.id), at=now)
            ends = now + timedelta(days=9)
            made = tokens.add(tx, who, name="Trail", scopes=[Permission.AUDIT_READ], expires_at=ends, now=now)
    listed = RUN.invoke(app, ["list", "--json", "--data", str(data)])
    [token] = json.loads(listed.output)["tokens"]
    assert (token["id"], token["email"], token["scopes"]) == (made[0], "olga@example.com", ["audit:read"])
    assert made[1] not in listed.output
    assert "never used" in RUN.invoke(app, ["list", "--data", str(data)]).output
    assert RUN.invoke(app, ["revoke", made[0], "--data", str(data)]).exit_code == 0
    assert json.loads(RUN.invoke(app, ["list", "--json", "--data", str(data)]).output) == {"tokens": []}
    with cli_people.at_terminal(data) as (portal, _):
        source = sessions.Source("", "")
        with portal.db.reading() as tx:
            assert sessions.live(tx, made[1], source, portal.clock()) is None


def test_an_unknown_token_is_said_to_be_unknown(data):
    assert isinstance(RUN.invoke(app, ["revoke", "none", "--data", str(data)]).exception, NotFound)


def test_nobody_makes_a_token_from_the_terminal(data):
    assert RUN.invoke(app, ["create", "--data", str(data)]).exit_code == 2
