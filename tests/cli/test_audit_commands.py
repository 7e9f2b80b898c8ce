"""`docvault audit export | check | key | checkpoint | verify` on a real installation, as its operator runs them."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docvault import wiring
from docvault.cli.audit import app
from docvault.cli.trail import OutputRefused
from docvault.settings import Settings
from docvault.wiring import NotPrepared

COMMANDS = CliRunner()


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("installation") / "data"
    wiring.prepare(Settings(data=folder)).close()
    return folder


def run(*arguments: object):
    return COMMANDS.invoke(app, [str(argument) for argument in arguments])


def test_a_bundle_is_exported_and_verified_with_the_printed_key(data, tmp_path):
    bundle, key, older = tmp_path / "trail.zip", tmp_path / "log.key", tmp_path / "older"
    key.write_text(run("key", "--data", data).output)
    older.write_text(run("checkpoint", "--data", data).output)
    done = run("export", bundle, "--data", data)
    assert done.exit_code == 0, done.output
    assert bundle.stat().st_mode & 0o777 == 0o600
    verified = run("verify", bundle, "--key", key, "--since", older)
    assert verified.exit_code == 0, verified.output
    assert "Signed by the key that you gave." in verified.output


@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_a_list_is_exported_with_filters(data, tmp_path, file_format):
    target = tmp_path / "trail"
    done = run(
        *(
            "export",
            target,
            "--format",
            file_format,
            "--kind",
            "installation",
            "--from",
            "2020-01-01",
            "--data",
            data,
        )
    )
    assert done.exit_code == 0, done.output
    assert "1 entries written" in done.output
    assert "installation:created" in target.read_text()


def test_an_export_never_overwrites_a_file(data, tmp_path):
    target = tmp_path / "taken"
    target.write_text("mine")
    assert isinstance(run("export", target, "--data", data).exception, OutputRefused)
    assert isinstance(run("export", tmp_path / "no" / "folder", "--data", data).exception, OutputRefused)
    assert target.read_text() == "mine"


def test_an_export_that_fails_leaves_no_file_behind(data, tmp_path):
    target = tmp_path / "trail"
    assert run("export", target, "--format", "xml", "--data", data).exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_an_intact_log_is_said_to_be(data):
    done = run("check", "--data", data)
    assert done.exit_code == 0, done.output
    assert done.output.startswith("The audit log is intact: ")
    assert json.loads(run("check", "--data", data, "--json").output)["ok"] is True


def test_a_folder_without_installation_is_refused(tmp_path):
    assert isinstance(run("check", "--data", tmp_path / "nothing").exception, NotPrepared)


def test_a_damaged_log_is_named_at_its_first_bad_entry(tmp_path):
    data = tmp_path / "data"
    wiring.prepare(Settings(data=data)).close()
    with sqlite3.connect(data / "docvault.sqlite") as rows:
        rows.execute("UPDATE audit_entries SET leaf = x'7b7d' WHERE \"index\" = 0")
    rows.close()
    done = run("check", "--data", data)
    assert done.exit_code == 1
    assert "damaged from entry 0 on" in done.output
    assert json.loads(run("check", "--data", data, "--json").output)["first_bad_index"] == 0
