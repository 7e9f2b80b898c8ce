"""A backup of 1 GiB in 1 000 files, and its restore with the proof that all of it is there.

The floor does what a restore cannot do without: read and open every frame before anything is written, read
and open them again to write them, then read, open and hash (SHA-256) what was written. AES-256-GCM, no rows,
no commands.
"""

import hashlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import archive
import objects
import portal
from sizes import size
from table import AtLeast, AtMost, Row, duration

from docvault import wiring
from docvault.settings import Settings

DOCVAULT = Path(sys.executable).with_name("docvault")
FILES = size(1_000, small=20)
EACH = 2**20  # bytes
MIB = 2**20
SLOWEST = 25  # MiB a second: docs/operators.md promises no less


def rows(folder: Path) -> Iterator[Row]:
    settings = Settings(data=folder / "data")
    stand = portal.prepare(settings)
    with closing(wiring.build(settings)) as opened:
        archive.filled(opened, stand, FILES, EACH)
    secret = folder / "passphrase"
    secret.write_text(secrets.token_hex(16))
    secret.chmod(0o600)
    backup = folder / "one.docvault"
    given = ["--passphrase-file", secret]
    saving = run("backup", backup, *given, "--data", settings.data)
    restoring = run("restore", backup, *given, "--data", folder / "again")
    floor = copied(folder)
    whole = FILES * EACH / MIB
    yield Row("backup / one copy, opened and sealed", duration(saving), duration(floor[1]), saving / floor[1])
    yield Row(
        "restore with its proof / three passes",
        duration(restoring),
        duration(sum(floor)),
        restoring / sum(floor),
        AtMost(4),
    )
    yield Row(
        "   restored and proven", f"{whole:,.0f} MiB", "", whole / restoring, AtLeast(SLOWEST), " MiB/s"
    )


def run(*arguments: object) -> float:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    began = time.perf_counter()
    subprocess.run([DOCVAULT, *map(str, arguments)], env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def copied(folder: Path) -> tuple[float, float, float]:
    """Return the seconds of the three passes over as many bytes."""
    sealed = objects.CIPHER.encrypt(bytes(12), secrets.token_bytes(EACH), None)
    source, target = folder / "floor-source", folder / "floor-target"
    with source.open("wb") as file:
        for _ in range(FILES):
            file.write(sealed)
    began = time.perf_counter()
    for content in opened(source, len(sealed)):
        assert len(content) == EACH
    looked = time.perf_counter()
    with target.open("wb") as file:
        for content in opened(source, len(sealed)):
            file.write(objects.CIPHER.encrypt(bytes(12), content, None))
        file.flush()
        os.fsync(file.fileno())
    written = time.perf_counter()
    for content in opened(target, len(sealed)):
        hashlib.sha256(content).digest()
    return looked - began, written - looked, time.perf_counter() - written


def opened(path: Path, width: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while sealed := file.read(width):
            yield objects.CIPHER.decrypt(bytes(12), sealed, None)
