"""Whom this portal trusts besides itself when it checks signatures. It lets nobody sign anything here."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.certificates import anchors
from docvault.certificates.anchors import Anchor, AnchorRefused
from docvault.database import audit, trust_anchors
from docvault.database.engine import Database, Transaction
from docvault.database.trust_anchors import AnchorRow
from docvault.policy.vocabulary import PORTAL, Acting, Permission
from docvault.vault.authority import Authority

REASON_LEAST, REASON_MOST = 3, 500  # characters


@dataclass(frozen=True, slots=True)
class TrustList:
    own: Sequence[Anchor]  # this installation's root: always trusted
    added: Sequence[AnchorRow]
    may_change: bool


def show_trust(db: Database, authority: Authority, *, acting: Acting) -> TrustList:
    """Return every authority that signatures may lead to. Raises Forbidden."""
    with db.reading() as tx:
        tx.policy.require(acting, Permission.TRUST_SEE, PORTAL)
        return TrustList(
            own=[anchors.described(each) for each in authority.roots],
            added=trust_anchors.listed(tx),
            may_change=tx.policy.decide(acting, Permission.TRUST_MANAGE, PORTAL).allowed,
        )


def trust(
    db: Database, authority: Authority, *, acting: Acting, content: bytes, reason: str, now: datetime
) -> Sequence[Anchor]:
    """Trust the authorities in a PEM or DER file from now on; return those that were not trusted before.

    Raises Forbidden or AnchorRefused, tried in that order; then nothing was added.
    """
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.TRUST_MANAGE, PORTAL)
        found = [each for each in anchors.read(content, now) if each.der not in authority.roots]
        plain = _reason(reason)
        added = [each for each in found if _add(tx, acting, each, plain, now)]
        if not added:
            raise AnchorRefused("Every certificate in this file is trusted already.")
        return added


def distrust(db: Database, *, acting: Acting, anchor_id: str, now: datetime) -> None:
    """Trust an authority no longer, from the next check on. Raises Forbidden, NotFound."""
    with db.transaction() as tx:
        tx.policy.require(acting, Permission.TRUST_MANAGE, PORTAL)
        ended = trust_anchors.end(tx, anchor_id, by=acting.person_id, now=now)
        audit.append(
            tx,
            Kind.TRUST_REMOVED,
            at=now,
            acting=acting,
            object_type="anchor",
            object_id=anchor_id,
            facts={"sha256": ended.sha256},
            private={"title": ended.name},
        )


def _reason(given: str) -> str:
    plain = " ".join(given.split())
    if not REASON_LEAST <= len(plain) <= REASON_MOST:
        raise AnchorRefused(f"Please say why, in {REASON_LEAST} to {REASON_MOST} characters.")
    return plain


def _add(tx: Transaction, acting: Acting, anchor: Anchor, reason: str, now: datetime) -> bool:
    anchor_id = trust_anchors.add(tx, anchor, reason, by=acting.person_id, now=now)
    if anchor_id is None:
        return False
    audit.append(
        tx,
        Kind.TRUST_ADDED,
        at=now,
        acting=acting,
        object_type="anchor",
        object_id=anchor_id,
        facts={"sha256": anchor.sha256},
        private={"title": anchor.name, "reason": reason},
    )
    return True
