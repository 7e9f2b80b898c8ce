"""`docvault keys` as an operator and a program run it (promise 53)."""

import json

import pytest
from typer.testing import CliRunner

from docvault import wiring
from docvault.cli.main import app
from docvault.settings import Settings


@pytest.fixture
def data(tmp_path):
    wiring.prepare(Settings(data=tmp_path / "data")).close()
    return tmp_path / "data"


def run(data, *words):
    return CliRunner().invoke(app, [*words, "--data", str(data)])


def listed(data):
    found = json.loads(run(data, "keys", "list", "--json").output)["keys"]
    return {(one["kind"], one["generation"]): one for one in found}


@pytest.mark.promise(53)
def test_the_key_of_the_log_is_renewed_and_the_old_one_destroyed(data):
    before = run(data, "audit", "key").output
    done = run(data, "keys", "rotate", "log")
    assert done.exit_code == 0, done.output
    assert "Generation 2 of the log key is in use" in done.output
    assert run(data, "audit", "key").output not in ("", before)
    assert run(data, "audit", "key", "--generation", "1").output == before
    assert [listed(data)["log", one]["in_use"] for one in (1, 2)] == [False, True]
    assert run(data, "keys", "destroy", "log").exit_code == 0
    assert ("log", 1) not in listed(data)
    assert run(data, "audit", "check").exit_code == 0
