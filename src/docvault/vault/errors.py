"""What the vault refuses beside what encryption and blobs refuse, as a closed list."""

from docvault.rules.scans import words
from docvault.values import DocVaultError


class VaultError(DocVaultError):
    """The root error of this room."""


class SegmentConflict(VaultError):
    """Another transfer of the same file stored other bytes at this place; nothing was replaced."""

    def __init__(self) -> None:
        super().__init__("Another transfer of this file sent different bytes. Please start the upload again.")


class SegmentWrong(VaultError):
    """A segment has another size than its place asks for."""

    def __init__(self) -> None:
        super().__init__("A part of the file had the wrong size. Please send it again.")


class RangeOutside(VaultError):
    """The range asked for is not inside the file."""

    def __init__(self) -> None:
        super().__init__("The file does not have the part that was asked for.")


class NotScanned(VaultError):
    """The malware scanner has not passed this file yet; the message says how that stands."""

    def __init__(self, scan: str = "", note: str | None = None) -> None:
        super().__init__(words(scan, note))


class Quarantined(NotScanned):
    """The malware scanner found something in this file; nobody can open it."""


class Destroyed(VaultError):
    """The keys of the file were destroyed: nobody can open it any more."""

    def __init__(self) -> None:
        super().__init__("This file was destroyed for good, as its retention rule or two people decided.")
