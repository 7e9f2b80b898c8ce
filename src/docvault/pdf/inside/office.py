"""Has LibreOffice turn an office file into a PDF. Runs in the isolated process of office_child.py only."""

import ctypes
import os
import resource
import signal
import subprocess
from functools import partial
from pathlib import Path
from typing import Any

from docvault.pdf.errors import OfficeUnreadable
from docvault.pdf.tasks import Job

PROGRAM = ""  # set by office_child.py, which alone knows where it is
WORK = Path("/work")
PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Calc/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Office.Writer/Content/Update"><prop oor:name="Link" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"""  # noqa: E501 - the registry's own form
ENVIRONMENT = {
    "HOME": str(WORK),
    "TMPDIR": str(WORK),
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    "SAL_USE_VCLPLUGIN": "svp",  # draws without a screen
}
_PR_SET_PDEATHSIG = 1
_PROC = 2 | 4 | 8  # no set-uid, no devices, no programs


def convert(job: Job) -> object:
    """Task: the office file as a PDF in the only output. Macros do not run, links are not followed."""
    source, made = WORK / f"document{job.options['suffix']}", WORK / "made" / "document.pdf"
    with source.open("wb") as file:
        while part := job.files[0].read(1 << 20):
            file.write(part)
    profile = WORK / "profile" / "user"
    profile.mkdir(parents=True)
    (profile / "registrymodifications.xcu").write_text(PROFILE)
    _run(source, made.parent, job.options)
    if not made.is_file() or not made.stat().st_size:
        raise OfficeUnreadable
    job.output().write(made.read_bytes())
    return None


def _run(source: Path, folder: Path, limits: dict[str, Any]) -> None:
    command = [
        PROGRAM,
        f"-env:UserInstallation={(WORK / 'profile').as_uri()}",
        *("--headless", "--norestore", "--nologo", "--nolockcheck", "--nodefault"),
        *("--convert-to", "pdf", "--outdir", str(folder), str(source)),
    ]
    try:
        subprocess.run(  # noqa: S603 - our own program and file names
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=ENVIRONMENT,
            cwd=WORK,
            timeout=limits["seconds"],
            check=True,
            preexec_fn=partial(_settle, limits["processor"], limits["memory"]),
        )
    except (subprocess.SubprocessError, OSError) as error:
        raise OfficeUnreadable from error


def _settle(processor: int, memory: int) -> None:
    """Be the first process of the new namespace: it sees its own processes only, and all end with it.

    What it may use is for this file, and less than what its parent may.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if libc.mount(b"proc", b"/proc", b"proc", ctypes.c_ulong(_PROC), None) != 0:
        os._exit(1)
    resource.setrlimit(resource.RLIMIT_CPU, (processor, processor))
    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
    os.nice(5)
