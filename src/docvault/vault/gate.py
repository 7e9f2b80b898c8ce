"""The gate of the malware scan: every stored byte that people get passes here (promises 34, 42)."""

from docvault.database import versions
from docvault.database.engine import Database
from docvault.database.versions import VersionRow
from docvault.rules.scans import Scan, is_open
from docvault.vault.errors import NotScanned, Quarantined


def pass_gate(db: Database, version_id: str) -> VersionRow:
    """Return the row of a version that may be read now; a rendition goes with what it was made of.

    Raises NotFound, NotScanned or Quarantined.
    """
    with db.reading() as tx:
        row = versions.for_opening(tx, version_id)
    if not is_open(row.scan):
        refusal = Quarantined if row.scan == Scan.INFECTED else NotScanned
        raise refusal(row.scan, row.scan_note)
    return row
