"""Which rules are in force since when: noted at every start that finds other ones than the last."""

from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, policy_history
from docvault.database.engine import Database


def note_policies(db: Database, *, now: datetime) -> bool:
    """Record the rules in force if they are others than those recorded last; tell whether they were."""
    with db.reading() as tx:
        known = policy_history.loaded(tx)
    if known and known[-1].digest == db.policy.digest:
        return False
    with db.transaction() as tx:
        audit.append(
            tx,
            Kind.POLICIES_LOADED,
            at=now,
            facts={"digest": db.policy.digest, "rules": len(db.policy.rules)},
        )
    return True
