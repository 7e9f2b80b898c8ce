"""Fields found in the documents of a draft. Their words are the documents' own, so they are sealed."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from docvault.database import found_fields
from docvault.database.engine import Transaction
from docvault.rules.found import FoundField
from docvault.values import EnvelopeId
from docvault.vault.records import Records

MOST = 1024 * 1024  # bytes of one document's; what is beyond is not suggested


def keep(
    tx: Transaction, records: Records, envelope_id: EnvelopeId, found: Sequence[Sequence[FoundField]]
) -> None:
    """Keep what was found in each document of a new envelope, in their order."""
    sealed = {
        position: records.seal(f"found:{envelope_id}:{position}", _plain(each))
        for position, each in enumerate(found, start=1)
        if each
    }
    found_fields.add(tx, envelope_id, sealed)


def of_envelope(tx: Transaction, records: Records, envelope_id: EnvelopeId) -> dict[int, list[FoundField]]:
    """Return what was found, by the position of the document. Raises Tampered."""
    return {
        position: [
            FoundField(**one) for one in json.loads(records.open(f"found:{envelope_id}:{position}", sealed))
        ]
        for position, sealed in found_fields.of_envelope(tx, envelope_id).items()
    }


def _plain(found: Sequence[FoundField]) -> bytes:
    kept = list(found)
    while len(plain := json.dumps([asdict(one) for one in kept]).encode()) > MOST:
        kept = kept[: len(kept) // 2]
    return plain
