"""Keys are in the memory of the process that opened them, and nowhere else: not in its children, rows, logs.

Read from the memory of a running PDF process, which is what a core dump of it would hold.
"""

import os
import re
from pathlib import Path

import pytest

from actions.test_keys import built
from actions.world import KEY_FILE
from docvault.database import folder_keys
from docvault.pdf.workers import Workers
from docvault.vault.keyring import open_folder_key
from every_key import every_key

PART = re.compile(
    r"^(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<rights>[rwxps-]{4}) "
    r".*?^Rss: +(?P<rss>\d+) kB.*?^Swap: +(?P<swap>\d+) kB",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def made(tmp_path):
    yield from built(tmp_path)


@pytest.fixture
def workers():
    made = Workers()
    yield made
    made.close()


def descendants(pid):
    threads = Path(f"/proc/{pid}/task").glob("*/children")
    below = [int(one) for children in threads for one in children.read_text().split()]
    return below + [deeper for one in below for deeper in descendants(one)]


def memory_of(pid):
    """Yield every part of a process's memory that it may write: where keys would be."""
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for start, end in written(Path(f"/proc/{pid}/smaps").read_text()):
            memory.seek(start)
            try:
                yield memory.read(end - start)
            except OSError:  # a part that the kernel keeps to itself, such as [vvar]
                continue


def written(smaps):
    """Give the places that may be written and that something lies in, in memory or swapped out."""
    for found in PART.finditer(smaps):
        if found["rights"].startswith("rw") and (found["rss"] != "0" or found["swap"] != "0"):
            yield int(found["start"], 16), int(found["end"], 16)


def holds(pid, secrets):
    return {name for part in memory_of(pid) for name, secret in secrets.items() if secret in part}


@pytest.mark.promise(55)
def test_a_pdf_process_holds_no_key(made, workers):
    version_id = next(iter(made.documents))
    with made.db.reading() as tx:
        folder = folder_keys.newest_of(tx, made.folder_id())
    secrets = {
        **every_key(made.db, (made.folder / KEY_FILE).read_text()),
        "folder": open_folder_key(made.masters, folder),
        "version": made.vault.open_version(made.db, version_id).key,
        "a secret that was opened": next(iter(made.opened().values())),
    }
    workers.warm()
    below = descendants(os.getpid())
    assert below
    assert holds(os.getpid(), secrets) == secrets.keys()  # the search finds what is there
    for pid in below:
        assert holds(pid, secrets) == set()


@pytest.mark.promise(55)
def test_a_dump_of_the_database_and_the_folder_of_files_hold_no_key(made):
    made.rotate()
    keys = every_key(made.db, (made.folder / KEY_FILE).read_text())
    assert {"root", "master:1", "master:2"} <= keys.keys()
    secrets = [*keys.values(), *made.secrets.values()]
    kept = [path for path in made.folder.rglob("*") if path.is_file() and path.name != "root.key"]
    assert len(kept) > 1
    for path in kept:
        content = path.read_bytes()
        assert not [secret for secret in secrets if secret in content or secret.hex().encode() in content], (
            path
        )
