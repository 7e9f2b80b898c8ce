"""`docvault audit export | check | key | checkpoint | verify` on a real installation, as its operator runs them."""

import json
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from docvault import wiring
from docvault.actions.audit import publish_checkpoint
from docvault.audit.kinds import Kind
from docvault.cli import examination
from docvault.cli.audit import app
from docvault.cli.trail import OutputRefused
from docvault.database.audit import append
from docvault.jobs.publish_log import publish_log
from docvault.settings import Settings, load
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


@pytest.mark.promise(82)
def test_check_and_doctor_compare_the_log_with_its_bucket(tmp_path, bucket, monkeypatch):
    """What the worker published, what waits too long, and a log that was put back to an older state."""
    address = f"s3://{bucket.name}/{bucket.prefix}?endpoint={bucket.endpoint}"
    for name, value in (
        ("BLOBS", address),
        ("S3_ACCESS_KEY", bucket.access_key),
        ("S3_SECRET_KEY", bucket.secret_key),
    ):
        monkeypatch.setenv(f"DOCVAULT_LOG_{name}", value)
    monkeypatch.setenv("DOCVAULT_DATA", str(tmp_path / "data"))
    portal = wiring.prepare(load())
    older = tmp_path / "older.sqlite"
    sqlite3.connect(portal.settings.database.removeprefix("sqlite:///")).execute(f"VACUUM INTO '{older}'")

    with portal.db.transaction() as tx:
        append(tx, Kind.ENVELOPE_SENT, at=portal.clock())
    publish_checkpoint(portal.db, portal.log_key, now=portal.clock() - timedelta(hours=1))
    assert _doctor().well is False
    assert "1 checkpoints, the oldest from" in _doctor().words
    publish_log(portal)
    assert _doctor().well is True
    assert "1 checkpoints, without Object Lock" in _doctor().words
    assert "It continues what is in its bucket: 1 checkpoints" in run("check").output
    assert json.loads(run("check", "--json").output)["published"]["checkpoints"] == 1

    portal.close()
    for file in (tmp_path / "data").glob("docvault.sqlite*"):
        file.unlink()
    older.rename(tmp_path / "data" / "docvault.sqlite")
    found = run("check", "--json")
    assert found.exit_code == 1
    assert "was cut or put back to an older state" in json.loads(found.output)["reason"]
    assert "put back to an older state" in _doctor().words


def _doctor():
    """What `docvault doctor` says of the bucket; all that it looks at takes seconds."""
    portal = wiring.build(load())
    try:
        return examination._finding("log bucket", examination._log_bucket, portal)
    finally:
        portal.close()
