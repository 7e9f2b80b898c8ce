"""What a process writes when something fails: where it failed, never with which values."""

import os
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from docvault import wiring
from docvault.settings import Settings

CANARY = "canary-of-the-mail-server"
WAIT = 60  # seconds for a fresh process to fail at its first job


@pytest.mark.promise(56)
def test_a_failing_worker_writes_no_values_of_variables(tmp_path):
    data = tmp_path / "data"
    wiring.prepare(Settings(data=data)).close()
    with sqlite3.connect(data / "docvault.sqlite") as rows:
        rows.execute("ALTER TABLE uploads RENAME TO taken_away")
    log = tmp_path / "stderr"
    secret = {"DOCVAULT_DATA": str(data), "DOCVAULT_SMTP_URL": f"smtp://portal:{CANARY}@127.0.0.1:9"}
    with log.open("wb") as written:
        worker = subprocess.Popen(
            [sys.executable, "-m", "docvault.jobs"], stdout=written, stderr=written, env=os.environ | secret
        )
    try:
        deadline = time.monotonic() + WAIT
        while "periodic_failed" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(1)  # the rest of the line
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(WAIT)
    said = log.read_text()
    assert "collect_uploads" in said  # it did fail, and says where
    assert CANARY not in said
    assert "locals" not in said
