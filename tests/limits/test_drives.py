"""Real WebDAV clients against a real server: the protocol's own test suite, and rclone."""

import hashlib
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from docvault.database import tokens
from docvault.policy.vocabulary import Permission
from docvault.values import utc_now
from docvault.vault.files import SEGMENT

from . import portal as portals

SCOPES = [
    Permission.FOLDER_SEE,
    Permission.FOLDER_CREATE,
    Permission.FOLDER_UPLOAD,
    Permission.FOLDER_ARRANGE,
    Permission.DOCUMENT_SEE,
    Permission.DOCUMENT_DOWNLOAD,
    Permission.DOCUMENT_CHANGE,
]


@pytest.fixture(scope="module")
def place(portal, server, manager, sender):
    """Return the address of a folder, and the name and app password that open it."""
    portals.make_folder(manager, portal, name="Drive")
    now = utc_now()
    with portal.wired.db.transaction() as tx:
        later = now.replace(year=now.year + 1)
        secret = tokens.add(tx, sender.acting, name="Drive", scopes=SCOPES, expires_at=later, now=now)[1]
    return f"{portal.base_url}/dav/Acme%20Industries/Drive", sender.email, secret


@pytest.mark.skipif(shutil.which("litmus") is None, reason="litmus is not installed")
@pytest.mark.parametrize("suite", ["basic", "copymove", "props", "locks", "http"])
def test_litmus_finds_no_fault(place, tmp_path, suite):
    done = subprocess.run(
        ["litmus", "-k", f"{place[0]}/", *place[1:]],
        cwd=tmp_path,
        env=os.environ | {"TESTS": suite},
        capture_output=True,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    assert "FAIL" not in done.stdout, done.stdout
    ran = re.findall(r"of (\d+) tests run: (\d+) passed, (\d+) failed", done.stdout)
    assert ran, done.stdout
    assert all(passed == count and failed == "0" for count, passed, failed in ran), done.stdout
    assert done.returncode == 0


def rclone(place, config: Path, *words) -> subprocess.CompletedProcess[str]:
    """Run rclone with the place as the remote `vault:`; it asks nobody else and writes nothing elsewhere."""
    url, name, secret = place
    program = Path(sysconfig.get_path("scripts")) / "rclone"
    hidden = subprocess.run(
        [program, "obscure", secret], capture_output=True, text=True, check=True
    ).stdout.strip()
    config.write_text(
        f"[vault]\ntype = webdav\nurl = {url}\nvendor = other\nuser = {name}\npass = {hidden}\n"
    )
    command = [program, "--config", config, "--retries", "1", "--timeout", "60s", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_rclone_brings_a_folder_up_and_back_unchanged(place, tmp_path):
    ours, back = tmp_path / "ours", tmp_path / "back"
    (ours / "Anhänge" / "2026").mkdir(parents=True)
    (ours / "Angebot & Preise (neu).txt").write_text("Grüße")
    (ours / "Anhänge" / "empty.txt").write_bytes(b"")
    (ours / "Anhänge" / "2026" / "日本 50%.bin").write_bytes(os.urandom(SEGMENT + 3))
    config = tmp_path / "rclone.conf"
    for words in (("copy", ours, "vault:Papers"), ("copy", "vault:Papers", back)):
        done = rclone(place, config, *words)
        assert done.returncode == 0, done.stderr
    assert tree(back) == tree(ours)
    moved = rclone(place, config, "moveto", "vault:Papers/Anhänge/empty.txt", "vault:Papers/gone.txt")
    assert moved.returncode == 0, moved.stderr
    deleted = rclone(place, config, "purge", "vault:Papers")
    assert deleted.returncode == 0, deleted.stderr
    listed = rclone(place, config, "lsf", "vault:")
    assert "Papers" not in listed.stdout
