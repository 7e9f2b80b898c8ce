"""`docvault keys` as an operator and a program run it (promise 53)."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from typer.testing import CliRunner

from docvault import wiring
from docvault.cli import examination
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
    assert run(data, "keys", "destroy", "log").exit_code == 1  # nobody agreed to it
    assert ("log", 1) in listed(data)
    assert run(data, "keys", "destroy", "log", "--alone").exit_code == 0
    assert ("log", 1) not in listed(data)
    assert run(data, "audit", "check").exit_code == 0


@pytest.mark.promise(53)
def test_every_key_of_the_authority_is_renewed(data):
    for kind, generation in (("ca-timestamp", 2), ("ca-responder", 2), ("ca-seal", 2), ("ca-root", 2)):
        done = run(data, "keys", "rotate", kind, "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.output)
        assert (told["kind"], told["generation"], told["resumed"]) == (kind, generation, False)
        assert told["seconds"] >= 0
        assert run(data, "keys", "destroy", kind).exit_code == 1  # a server may not have noticed yet
    in_use = {kind: generation for (kind, generation), one in listed(data).items() if one["in_use"]}
    assert [in_use[kind] for kind in ("ca-issuing", "ca-seal", "ca-root")] == [2, 3, 2]


@pytest.mark.promise(53)
def test_all_keys_are_renewed_in_one_go_and_progress_is_told(data):
    before = listed(data)
    done = run(data, "keys", "rotate", "--all")
    assert done.exit_code == 0, done.output
    assert "1 of 6: master" in done.output
    assert "6 of 6: root" in done.output
    after = listed(data)
    kinds = {"master", "pepper", "ca-timestamp", "ca-responder", "ca-seal", "ca-issuing", "log"}
    assert {kind for kind, generation in after if (kind, generation) not in before} == kinds
    assert run(data, "audit", "check").exit_code == 0


@pytest.mark.promise(53)
def test_renewing_all_keys_goes_on_where_it_was_killed(data, monkeypatch):
    def killed(*_given, **_more):
        raise KeyboardInterrupt

    with monkeypatch.context() as during:
        during.setattr("docvault.actions.keys.rotate_pepper", killed)
        assert run(data, "keys", "rotate", "--all").exit_code == 130
    assert ("master", 2) in listed(data)
    done = run(data, "keys", "rotate", "--all")
    assert "1 of 6: master is rotated already." in done.output
    after = listed(data)
    assert ("master", 3) not in after
    assert {("pepper", 2), ("ca-issuing", 2), ("log", 2)} <= set(after)
    assert "master is rotated already" not in run(data, "keys", "rotate", "--all").output


def test_a_kind_that_is_none_is_refused_with_the_kinds(data):
    done = run(data, "keys", "rotate", "seal")
    assert done.exit_code == 1
    assert "ca-seal" in str(done.exception or done.output)


def test_the_doctor_warns_before_a_certificate_ends(data):
    portal = wiring.build(Settings(data=data))
    end = portal.authority.ends()[0].at
    warnings = {100: "is the first to end", 89: "Plan", 29: "Renew it soon", 6: "NOW", -1: "is over"}
    for days, words in warnings.items():
        at = replace(portal, clock=lambda days=days: end - timedelta(days=days, hours=-1))
        finding = examination._finding("certificates", examination._certificates, at)
        assert words in finding.words
        assert finding.well is (days > 90)
        assert ("docvault keys rotate ca-" in finding.words) is not finding.well
    portal.close()
