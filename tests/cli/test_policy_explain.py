"""`docvault policy explain`, about real people and made-up ones."""

import json
import os

import pytest
from typer.testing import CliRunner

from docvault import settings, wiring
from docvault.actions import organisations
from docvault.cli.people import app as people_app
from docvault.cli.people import at_terminal
from docvault.cli.policy import app
from docvault.policy.engine import PolicyInvalid
from docvault.rules.things import ThingUnclear
from docvault.values import NotFound, new_id

RUN = CliRunner()


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("installation")
    before = dict(os.environ)
    os.environ["DOCVAULT_DATA"] = str(folder)
    wiring.prepare(settings.load()).close()
    maya = ("add", "maya@example.com", "--name", "Maya", "--role", "account_manager")
    assert RUN.invoke(people_app, [*maya, "--looks-after", "Acme", "--data", str(folder)]).exit_code == 0
    yield folder
    os.environ.clear()
    os.environ.update(before)


def ask(data, *words):
    return RUN.invoke(app, ["explain", *words, "--data", str(data)])


def test_a_real_person_is_explained_as_they_are_now(data):
    answer = ask(data, "account:change", "--person", "maya@example.com")
    assert answer.output.startswith("Refused.\n  They have not joined yet")
    assert "own-account-is-ones-own" in answer.output


def test_a_bare_refusal_names_the_rules_that_could_allow_it(data):
    with at_terminal(data) as (portal, acting):
        foreign = organisations.create_organisation(
            portal.db, acting=acting, name="Globex", now=portal.clock()
        )
    answer = ask(
        data, "folder:create", "--person", "maya@example.com", "--on", f"organisation:{foreign}", "--json"
    )
    found = json.loads(answer.output)
    assert (found["allowed"], found["decided"]) == (False, [])
    assert [rule["id"] for rule in found["could"]] == ["account-managers-create-folders"]


def test_a_made_up_person_still_works_and_can_be_had_as_json():
    made_up = ("document:read", "Document", "--role", "client", "--organisation", "acme")
    answer = RUN.invoke(app, ["explain", *made_up, "--with", "organisation=acme", "--json"])
    found = json.loads(answer.output)
    assert found["allowed"] is True
    assert found["decided"][0]["id"] == "clients-own-documents"
    refused = RUN.invoke(app, ["explain", *made_up])
    assert refused.output.startswith("Refused.\n  because no rule allows it.")
    assert "It would be allowed by members-read-documents: A person with whom" in refused.output


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("folder:see",), PolicyInvalid),
        (("folder:see", "Folder", "--role", "client", "--person", "maya@example.com"), PolicyInvalid),
        (("folder:see", "--person", "maya@example.com"), ThingUnclear),
        (("folder:see", "--person", "maya@example.com", "--on", f"folder:{new_id()}"), NotFound),
        (("account:change", "--person", "nobody@example.com"), NotFound),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(data, words, error):
    assert isinstance(ask(data, *words).exception, error)
