"""The files of infra/, and how the tests read them."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
PROGRAMS = Path(sys.executable).parent
UNITS = sorted((INFRA / "systemd").iterdir())
SCRIPTS = sorted(INFRA.glob("*.sh"))
HOST = "vault.example.com"


def run(*command: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | environment,
    )


@cache
def compose() -> dict:
    """What Compose itself understands of compose.yaml."""
    done = run(
        PROGRAMS / "docker-compose",
        "--file",
        INFRA / "compose.yaml",
        "--env-file",
        os.devnull,
        "config",
        "--format",
        "json",
        PORTAL_HOST=HOST,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def own_services() -> dict:
    return {
        name: service
        for name, service in compose()["services"].items()
        if service["image"].startswith("docvault")
    }


def texts() -> dict[Path, str]:
    """Every file of infra/ that is kept in the repository."""
    return {
        path: path.read_text()
        for path in sorted(INFRA.rglob("*"))
        if path.is_file()
        and "secrets" not in path.relative_to(INFRA).parts
        and path.name not in (".env", "docvault.env")
    }


def units_commands() -> list[str]:
    """Each command line of docvault in the units, as the shell or systemd sees it."""
    joined = "\n".join(path.read_text().replace("\\\n", " ") for path in UNITS)
    return [
        found.replace("$$", "$") for found in re.findall(r"/opt/docvault/bin/docvault ([^;'\n]+)", joined)
    ]
