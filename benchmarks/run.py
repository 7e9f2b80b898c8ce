"""`make bench`: every speed as a ratio against its floor, in one run. `run.py files log` runs these two.

`run.py --small` only shows that they work: the sizes are too small for figures.
What each row means stands in docs/benchmarks.md. Everything runs on 127.0.0.1 and in a temporary folder.
"""

import os
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

from sizes import SMALL

SUBJECTS = {
    "commands": "Commands and start",
    "signing": "Sign and seal",
    "sealing": "Seal alone, up to 300 MB",
    "validating": "Validate ten signatures",
    "completing": "100 envelopes completing at once",
    "showing": "The first page of a document",
    "log": "Audit log",
    "sign_in": "Signing in",
    "rights": "Asking for rights",
    "pages": "A page of 50 folders",
    "lists": "Long lists and search",
    "files": "256 MiB through the HTTP server",
    "together": "16 uploads at once",
    "archive": "A ZIP of 1 000 files",
    "restoring": "Backup and restore of 1 GiB",
    "gigabyte": "1 GiB on a folder and on S3",
}


def main(chosen: list[str]) -> int:
    if "--small" in chosen:
        os.environ[SMALL] = "yes"
        chosen = [name for name in chosen if name != "--small"]
    unknown = set(chosen) - set(SUBJECTS)
    if unknown:
        print(
            f"There is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}.",
            file=sys.stderr,
        )
        return 2
    from table import heading

    began = time.monotonic()
    missed = []
    print(f"{os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the start")
    for name in chosen or SUBJECTS:
        print(heading(SUBJECTS[name]), flush=True)
        with tempfile.TemporaryDirectory(prefix=f"docvault-bench-{name}-") as folder:
            for row in import_module(name).rows(Path(folder)):
                print(row, flush=True)
                if row.aim and not row.aim.met(row.value):
                    missed.append(row.name)
    print(f"\n{time.monotonic() - began:.0f} s; aims missed: {', '.join(missed) or 'none'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
