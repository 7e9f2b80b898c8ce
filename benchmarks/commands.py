"""`docvault --help` against an idle interpreter; `docvault serve` against the start of a bare server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import portal
import servers
from table import Row, in_turns, ratio, typical

DOCVAULT = Path(sys.executable).with_name("docvault")
FLOOR = "floor:application"


def rows(folder: Path) -> Iterator[Row]:
    help_, nothing = in_turns(
        11,
        lambda: subprocess.run([DOCVAULT, "--help"], check=True, capture_output=True),
        lambda: subprocess.run([sys.executable, "-c", "pass"], check=True),
    )
    yield Row("docvault --help / python -c pass", typical(help_), typical(nothing), ratio(help_, nothing))
    portal.prepare(folder / "data")
    serve, bare = in_turns(5, lambda: first_answer(folder / "data"), lambda: bare_answer(folder))
    yield Row("docvault serve to its first answer / hello", typical(serve), typical(bare), ratio(serve, bare))


def first_answer(data: Path) -> None:
    """Start the real command on a prepared folder and wait until it can do its work."""
    port = servers.free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    process = subprocess.Popen(
        [DOCVAULT, "serve", "--data", data, "--port", str(port)], env=environment, stdout=subprocess.DEVNULL
    )
    try:
        servers.wait_for_answer(port, "/health/ready", process)
    finally:
        servers.end(process)


def bare_answer(folder: Path) -> None:
    with servers.serving(FLOOR, folder, "/hello"):
        pass
