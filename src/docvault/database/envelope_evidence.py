"""The part of the audit log that speaks of one envelope, proven: a bundle that anybody can verify offline.

Format: docs/formats/audit-log.md, a bundle of the kind "selection". `docvault audit verify` reads it.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from docvault.audit import bundle, proofs
from docvault.audit.checkpoints import LogKey
from docvault.audit.entries import moment
from docvault.audit.kinds import Kind
from docvault.database import audit, audit_checkpoints, audit_trail, versions
from docvault.database.audit_checkpoints import Signed
from docvault.database.audit_trail import EntryRow, Filters
from docvault.database.engine import Transaction
from docvault.values import EnvelopeId


def trail(tx: Transaction, envelope_id: EnvelopeId) -> list[EntryRow]:
    """Return every entry about the envelope, oldest first."""
    return audit_trail.object_trail(tx, "envelope", envelope_id)


def uploaded(tx: Transaction, entries: Sequence[EntryRow]) -> list[str]:
    """Return the SHA-256 of each document as it was uploaded, from the entries of its envelope."""
    created = next(entry for entry in entries if entry.kind == Kind.ENVELOPE_CREATED)
    # An envelope of before there could be several documents names the one right in the entry, and one made
    # from a template before digests were kept names the version that the template keeps.
    started: Sequence[Mapping[str, Any]] = created.facts.get("documents") or [created.facts]
    return [str(one.get("sha256") or versions.made_from(tx, str(one["version"]))) for one in started]


def proven(tx: Transaction, log_key: LogKey, envelope_id: EnvelopeId, signed: Signed, now: datetime) -> bytes:
    """Return the entries about the envelope with their proofs of being in the log that `signed` closes."""
    reader = audit.tile_reader(tx, signed.size)
    rows = [row for row in trail(tx, envelope_id) if row.index < signed.size]
    about = Filters(object_type="envelope", object_id=envelope_id)
    manifest = bundle.Manifest(
        count=len(rows),
        created=moment(now),
        filters=about.said(),
        format="docvault-audit-bundle",
        kind="selection",
        origin=log_key.origin,
        ranges=bundle.ranges(row.index for row in rows),
        size=signed.size,
        version=1,
        details="included",
        erased=bundle.ranges(audit_trail.erased(tx, about, below=signed.size)),
    )
    packed = [
        bundle.Packed(row.index, row.leaf, row.details, proofs.inclusion(reader.hash, row.index, signed.size))
        for row in rows
    ]
    older = {
        *audit_checkpoints.sizes(tx, below=signed.size)[-1:],
        *audit_checkpoints.handovers(tx, below=signed.size),
    }
    earlier = [
        bundle.earlier(
            audit_checkpoints.note_of(tx, size), proofs.consistency(reader.hash, size, signed.size)
        )
        for size in sorted(older)
    ]
    parts = bundle.write(
        log_key,
        manifest,
        checkpoint=signed.note,
        history=earlier,
        packed=packed,
        tile=lambda number: reader.tile(0, number),
    )
    return b"".join(parts)
