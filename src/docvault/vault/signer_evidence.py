"""What is kept of whoever signs as evidence, sealed: name, device, how they proved themselves."""

import json
from collections.abc import Mapping
from datetime import datetime

from docvault.database.messages import Records
from docvault.policy.vocabulary import Acting


def seal_proof(
    records: Records, acting: Acting, recipient_id: str, proof: Mapping[str, str], now: datetime
) -> bytes:
    """Return what is known about `acting` at the moment they act; `vault.evidence` reads it."""
    evidence = {
        "name": acting.name,
        "email": acting.email,
        "address": acting.address,
        "user_agent": acting.user_agent,
        "factors": acting.factors,
        "session": acting.session_id,
        **proof,
        "signed_at": now.isoformat(),
    }
    return records.seal(f"evidence:{recipient_id}", json.dumps(evidence).encode())
