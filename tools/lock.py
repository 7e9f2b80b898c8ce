"""Renew requirements/*.txt: every package pinned with its hashes, for every Python and platform; no host
named.
"""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
project = tomllib.loads((ROOT / "pyproject.toml").read_text())
LOCKS = {
    "run": project["project"]["dependencies"],
    # setuptools: for what is published as source only, which infra/Containerfile builds without a network.
    "build": project["build-system"]["requires"] + ["editables", "setuptools"],
    "dev": project["dependency-groups"]["dev"],
}


def lock(name: str, wanted: list[str], constraint: Path | None) -> None:
    """Write requirements/<name>.txt; versions agree with those of `constraint`."""
    with tempfile.NamedTemporaryFile("w", suffix=".in") as source:
        source.write("\n".join(wanted))
        source.flush()
        command = [
            sys.executable,
            "-m",
            "uv",
            "pip",
            "compile",
            source.name,
            "--universal",
            "--generate-hashes",
        ]
        command += [
            "--python-version",
            "3.11",
            "--no-header",
            "--no-annotate",
            "--no-emit-index-url",
            "--no-emit-find-links",
        ]
        command += ["-o", str(ROOT / "requirements" / f"{name}.txt"), "--quiet"]
        if constraint:
            command += ["--constraint", str(constraint)]
        subprocess.run(command, check=True)


lock("run", LOCKS["run"], None)
for name in ("build", "dev"):
    lock(name, LOCKS[name], ROOT / "requirements" / "run.txt")
