"""The verifier runs where there is no server: a promise about imports, shown in fresh processes."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .bundles import Log, log_key

KEPT_OUT = [
    "litestar",
    "sqlalchemy",
    "boto3",
    "pyhanko",
    "pikepdf",
    "dbos",
    "docvault.database",
    "docvault.settings",
]
RUN = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if any(name == kept or name.startswith(kept + ".") for kept in {KEPT_OUT!r}):
            raise ImportError(name + " is not on this machine")
sys.meta_path.insert(0, Absent())
from docvault.cli.audit import app
app()
"""


def audit(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    log = Log(300)
    (tmp_path / "bundle.zip").write_bytes(log.bundle(history=[100], erased=(1,)))
    (tmp_path / "selection.zip").write_bytes(log.bundle([1, 5, 299]))
    (tmp_path / "bad.zip").write_bytes(log.bundle().replace(b"session:started", b"session:stopped", 1))
    (tmp_path / "log.key").write_text(log_key().public.text + "\n")
    (tmp_path / "other.key").write_text(log_key(2).public.text)
    (tmp_path / "older").write_text(log.checkpoint(100))
    (tmp_path / "longer").write_text(Log(301).checkpoint())
    return tmp_path


@pytest.mark.promise(80)
def test_a_bundle_is_verified_without_server_and_database(files):
    done = audit("verify", files / "bundle.zip", "--key", files / "log.key", "--since", files / "older")
    assert done.returncode == 0, done.stderr
    assert "Verified: every entry of the log docvault.example/audit, which has 300 entries." in done.stdout
    assert "Signed by the key that you gave." in done.stdout
    assert "Entries whose personal details were erased, intact otherwise: 1." in done.stdout
    assert "It continues the older checkpoint that you gave, of 100 entries." in done.stdout
    assert log_key().public.fingerprint in done.stdout


def test_without_a_key_the_reader_is_told_to_compare_it(files):
    done = audit("verify", files / "bundle.zip")
    assert done.returncode == 0
    assert "No key was given" in done.stdout
    assert log_key().public.fingerprint in done.stdout


def test_a_selection_says_what_it_cannot_show(files):
    done = audit("verify", files / "selection.zip", "--key", files / "log.key")
    assert done.returncode == 0
    assert "a selection of 3 entries" in done.stdout
    assert "Only a full export shows what a filter left out." in done.stdout


def test_a_changed_bundle_is_refused_and_the_entry_named(files):
    done = audit("verify", files / "bad.zip", "--key", files / "log.key")
    assert done.returncode == 1
    assert "NOT verified. First bad entry: 0" in done.stdout
    assert "Entry 0 was changed." in done.stdout


def test_a_program_reads_the_verdict_as_json(files):
    good, bad = audit("verify", files / "bundle.zip", "--json"), audit("verify", files / "bad.zip", "--json")
    assert (good.returncode, bad.returncode) == (0, 1)
    assert json.loads(good.stdout)["ok"] is True
    assert json.loads(good.stdout)["trusted"] is False
    assert json.loads(bad.stdout)["ok"] is False
    assert json.loads(bad.stdout)["first_bad_index"] == 0


def test_another_key_is_refused(files):
    done = audit("verify", files / "bundle.zip", "--key", files / "other.key")
    assert done.returncode == 1
    assert "another key than the one you trust" in done.stdout


def test_a_cut_log_is_refused(files):
    done = audit("verify", files / "bundle.zip", "--since", files / "longer")
    assert done.returncode == 1
    assert "First bad entry: 300" in done.stdout


@pytest.mark.parametrize(
    "arguments", [["missing.zip"], ["bundle.zip", "--key", "bundle.zip"], ["bundle.zip", "--key", "older"]]
)
def test_a_file_that_cannot_be_read_is_no_verdict(files, arguments):
    paths = [argument if argument.startswith("-") else files / argument for argument in arguments]
    done = audit("verify", *paths)
    assert done.returncode == 2
    assert done.stderr.startswith("docvault: ")
    assert "Traceback" not in done.stderr
