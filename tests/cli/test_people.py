import json
import os

import pytest
from typer.testing import CliRunner

from docvault import settings, wiring
from docvault.cli.people import app
from docvault.rules.people import PersonRefused
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


def ask(data, *words):
    return RUN.invoke(app, [*words, "--data", str(data)])


def people_of(data, search=""):
    answer = ask(data, "list", "--json", "--search", search)
    assert answer.exit_code == 0, answer.output
    return {each["email"]: each for each in json.loads(answer.output)["people"]}


def test_people_are_looked_after_from_the_terminal(data):
    added = ask(
        data,
        *("add", "Clara@Acme.example", "--name", "Clara Client", "--role", "client"),
        *("--organisation", "Acme Industries", "--json"),
    )
    assert added.exit_code == 0, added.output
    link = json.loads(added.output)["link"]
    assert link.startswith("http://127.0.0.1:8000/welcome#")
    clara = people_of(data)["clara@acme.example"]
    assert (clara["state"], clara["organisation"], clara["role"]) == ("invited", "Acme Industries", "client")

    staff = ["--role", "account_manager", "--looks-after", "Acme Industries"]
    assert ask(data, "add", "maya@example.com", "--name", "Maya", *staff).exit_code == 0
    assert set(people_of(data)) == {"clara@acme.example", "maya@example.com"}
    assert set(people_of(data, "acme")) == {"clara@acme.example"}

    assert "signed out everywhere" in ask(data, "disable", "clara@acme.example").output
    assert people_of(data)["clara@acme.example"]["state"] == "disabled"
    assert ask(data, "enable", "CLARA@acme.example").exit_code == 0
    assert people_of(data)["clara@acme.example"]["state"] == "invited"
    assert "on its way" in ask(data, "reset", "clara@acme.example").output
    listed = ask(data, "list")
    assert "Clara Client (Acme Industries)" in listed.output
    assert "2 people" in listed.output


def test_roles_and_places_are_changed_from_the_terminal(data):
    said = ask(data, "role", "maya@example.com", "compliance_officer")
    assert said.exit_code == 0, said.output
    assert people_of(data)["maya@example.com"]["role"] == "compliance_officer"
    assert ask(data, "role", "maya@example.com", "account_manager").exit_code == 0
    assert "looks after" in ask(data, "join", "maya@example.com", "Acme Industries").output
    assert "no longer looks after" in ask(data, "leave", "maya@example.com", "Acme Industries").output
    joined = ask(data, "join", "clara@acme.example", "Globex Trading", "--until", "2099-06-30")
    assert joined.exit_code == 0, joined.output
    assert "has left" in ask(data, "leave", "clara@acme.example", "Globex Trading").output
    assert isinstance(ask(data, "leave", "clara@acme.example", "Nobody Inc").exception, NotFound)
    past = ask(data, "join", "clara@acme.example", "Globex Trading", "--until", "1999-01-01")
    assert isinstance(past.exception, PersonRefused)


def test_what_the_terminal_does_is_in_the_log(data):
    portal = wiring.build(settings.load())
    try:
        with portal.db.reading() as tx:
            kinds = tx.connection.exec_driver_sql(
                "SELECT kind FROM audit_entries WHERE actor_id = 'terminal'"
            ).scalars()
            assert {
                "person:invited",
                "organisation:created",
                "person:disabled",
                "person:role:changed",
            } <= set(kinds)
    finally:
        portal.close()


def test_a_stranger_and_an_unknown_role_are_refused(data):
    assert isinstance(ask(data, "disable", "nobody@example.com").exception, NotFound)
    answer = ask(data, "add", "x@example.com", "--name", "X", "--role", "king")
    assert isinstance(answer.exception, PersonRefused)
    assert "account_manager" in str(answer.exception)
