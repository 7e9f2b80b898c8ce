"""Whether a file that a signer handed in can go with the signature. Pure: no I/O."""

from docvault.rules.envelopes import SigningRefused
from docvault.rules.scans import Scan, is_open


class FileNotFit(SigningRefused):
    """It is not checked for malware yet, or malware was found in it; nothing was signed."""


def require_open(name: str, scan: str) -> None:
    """Accept a file that people may have. Raises FileNotFit."""
    if scan == Scan.INFECTED:
        raise FileNotFit(f"Malware was found in “{name}”. Please hand in another file.")
    if not is_open(scan):
        raise FileNotFit(f"“{name}” is still being checked for malware. Please try again in a moment.")
