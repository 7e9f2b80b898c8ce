"""Nothing in infra/ is a default that an attacker knows, and what is made is made once."""

import re
import subprocess

import pytest

from .files import INFRA, ROOT, compose, run, texts

SECRET_NAME = re.compile(r"PASSWORD|PASSPHRASE|SECRET|_KEY\b|TOKEN|DATABASE_URL")


def made(folder):
    done = run("sh", INFRA / "make-secrets.sh", folder)
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_secrets_are_random_and_kept(tmp_path):
    first, second = made(tmp_path / "a"), made(tmp_path / "b")
    assert made(tmp_path / "a") == first
    for name, value in first.items():
        assert value != second[name], name
        assert re.search(r"[0-9a-f]{64}", value), name
    assert len(set(first.values())) == len(first)


def test_a_secret_that_was_lost_in_the_middle_is_made_anew_and_no_other(tmp_path):
    before = made(tmp_path / "a")
    (tmp_path / "a" / "s3_secret_key").unlink()
    (tmp_path / "a" / "s3_secret_key.part").write_text("half")
    after = made(tmp_path / "a")
    assert {name for name in before if before[name] != after[name]} == {"s3_secret_key"}


def test_the_folder_of_secrets_is_closed_to_others(tmp_path):
    made(tmp_path / "a")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700


def test_compose_hands_out_exactly_what_is_made(tmp_path):
    named = {entry["file"].rpartition("/")[2] for entry in compose()["secrets"].values()}
    assert named == set(made(tmp_path / "a"))


@pytest.mark.parametrize("name", sorted(compose()["services"]))
def test_no_service_has_a_secret_in_its_environment(name):
    for key, value in (compose()["services"][name].get("environment") or {}).items():
        if SECRET_NAME.search(key):
            assert key.endswith("_FILE"), key
            assert value.startswith("/run/secrets/"), key


def test_no_file_holds_anything_like_a_password():
    for path, text in texts().items():
        for line in text.splitlines():
            assert not re.search(r"(?i)(password|passphrase|secret)\s*(=|: )\s*['\"]?\w{4,}", line), (
                path,
                line,
            )
            assert not re.search(r"://[^/\s:%]+:[^@\s%]+@", line), (path, line)
            assert not re.search(r"\b[0-9a-f]{32,}\b|BEGIN .*PRIVATE KEY", line), (path, line)


def test_secrets_come_neither_into_the_repository_nor_into_an_image():
    ignored = ["infra/secrets/database_app", "infra/.env", "infra/docvault.env"]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *ignored], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ignored
    rules = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    assert not [rule for rule in rules if rule.startswith("!infra")]


def test_a_name_that_is_no_host_is_refused_before_anything_is_started(tmp_path):
    for name in ("https://vault.example.com", "vault.example.com:8443", "a b", "-x"):
        (tmp_path / "start.sh").write_text((INFRA / "start.sh").read_text())
        (tmp_path / "make-secrets.sh").write_text((INFRA / "make-secrets.sh").read_text())
        done = run("sh", tmp_path / "start.sh", name)
        assert done.returncode == 2, name
        assert "is not the name of a host" in done.stderr
        assert not (tmp_path / ".env").exists()
