"""Proposals step by step, with the proofs that both people give."""

from datetime import datetime, timedelta

from docvault.actions import proposals
from docvault.database import step_ups
from docvault.policy.vocabulary import Acting

from .world import NOW, World

REASON = "They asked by telephone, and we called back."


def proof(world: World, acting: Acting, purpose: str, digest: str, now: datetime = NOW) -> str:
    """Keep a proof as if this person had given a factor right now."""
    with world.db.transaction() as tx:
        return step_ups.add(tx, acting, purpose=purpose, digest=digest, now=now)


def propose(
    world: World, acting: Acting, kind: str, *, now: datetime = NOW, reason: str = REASON, **facts: str
) -> proposals.ProposalView:
    digest = proposals.proposal_digest(kind, facts, reason)
    return proposals.propose(
        world.db,
        world.vault.records,
        acting=acting,
        kind=kind,
        facts=facts,
        reason=reason,
        step_up_id=proof(world, acting, step_ups.PROPOSAL_MAKE, digest, now),
        now=now,
    )


def confirm(
    world: World, acting: Acting, proposal: proposals.ProposalView, *, now: datetime = NOW
) -> proposals.ProposalView:
    return proposals.confirm_proposal(
        world.db,
        world.vault.records,
        acting=acting,
        proposal_id=proposal.id,
        step_up_id=proof(world, acting, step_ups.PROPOSAL_CONFIRM, proposal.digest, now),
        now=now,
    )


def seen(world: World, acting: Acting, proposal_id: str, now: datetime = NOW) -> proposals.ProposalView:
    return proposals.show_proposal(
        world.db, world.vault.records, acting=acting, proposal_id=proposal_id, now=now
    )


def settle(world: World, now: datetime) -> int:
    return proposals.carry_out_due(world.db, world.vault.records, now=now)


def hours(count: float) -> datetime:
    return NOW + timedelta(hours=count)
