"""`docvault scan`: has the malware scanner look at stored files, such as after new signatures came."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from docvault.values import DocVaultError


class NoScanner(DocVaultError):
    """There is nothing to scan with."""

    def __init__(self) -> None:
        super().__init__("DOCVAULT_CLAMD is not set. docs/operators.md says how.")


def scan(
    data: Annotated[Path | None, typer.Option("--data", help="The data folder.")] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what passed before: the signatures are newer now.")
    ] = False,
) -> None:
    """Scan stored files for malware: those without a verdict, or all of them. Exit 1 if anything is infected.

    Example: docvault scan --all
    """
    from docvault import wiring
    from docvault.actions import scans
    from docvault.cli import serving
    from docvault.rules.scans import Scan

    portal = wiring.build(serving.chosen(data))
    try:
        if portal.scanner is None:
            raise NoScanner
        count = dict.fromkeys(Scan, 0)
        for one in scans.scan_all(
            portal.db, portal.vault, portal.scanner, everything=everything, now=portal.clock()
        ):
            count[one.scan] += 1
    finally:
        portal.close()
    print(
        f"{count[Scan.CLEAN]} clean, {count[Scan.INFECTED]} infected, {count[Scan.FAILED]} without a verdict"
    )
    if count[Scan.INFECTED]:
        sys.exit(1)
