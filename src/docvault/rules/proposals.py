"""Deeds that need two people: who takes which step of a proposal, and when (promise 26). Pure: no I/O.

open → waiting (confirmed; a delay may run, or the proposer still fetches the result) → done;
open or waiting → refused, withdrawn, lapsed. Reasons: docs/decisions/0010-two-people-decide.md.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from docvault.policy.numbers import Proposals
from docvault.policy.vocabulary import Acting, Permission, Role
from docvault.values import DocVaultError, PersonId

REASON_LONGEST = 1000  # characters

# Whoever has one of these roles decides about others, so giving one needs two people.
POWERFUL = frozenset({Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER})


class ProposalState(StrEnum):
    OPEN = "open"  # somebody else has to confirm
    WAITING = "waiting"  # confirmed; not done yet
    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"  # nobody confirmed in time, or one of the two may no longer


ALIVE = frozenset({ProposalState.OPEN, ProposalState.WAITING})


class ProposalError(DocVaultError):
    """The root of what is refused about proposals; the proposal is unchanged."""


class ProposalInvalid(ProposalError):
    """What is proposed cannot be done, or is not said completely; the message says why."""


class ProposalOver(ProposalError):
    """The proposal is not in the state that this step needs."""


class SecondPersonNeeded(ProposalError):
    """The same person cannot be both, and nobody decides about themselves."""


class NoLongerPermitted(ProposalError):
    """Whoever proposed or confirmed has left, or may not do so any more."""


class TwoPeopleNeeded(ProposalError):
    """The deed is done by a proposal that another person confirms, never directly."""

    def __init__(self) -> None:
        super().__init__(
            "Making somebody an administrator or compliance officer needs two people: propose it."
        )


class Why(StrEnum):
    """Why a proposal lapsed, as one word for the audit log."""

    TIME = "nobody-confirmed-in-time"
    RIGHTS = "one-of-the-two-may-no-longer"
    SUBJECT = "the-person-it-is-about-changed"


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be proposed. delay: between the second person and the deed, time to object.

    fetched: the deed hands something to the proposer, who comes for it once, after the confirmation.
    at_terminal: whoever holds the machine does it, once, after the confirmation.
    alone_at_first: may be done alone while there never was anybody who could have confirmed.
    """

    name: str
    propose: Permission
    confirm: Permission
    delay: Callable[[Proposals], timedelta] = lambda _numbers: timedelta(0)
    fetched: bool = False
    at_terminal: bool = False
    alone_at_first: bool = False

    @property
    def waits(self) -> bool:
        """Tell whether somebody has to come after the confirmation, or nothing happens."""
        return self.fetched or self.at_terminal


@dataclass(frozen=True, slots=True)
class Proposal:
    state: ProposalState
    proposed_by: PersonId
    subject_id: str | None  # the person it is about, if it is about one
    expires_at: datetime
    confirmed_by: PersonId | None = None
    confirmed_at: datetime | None = None
    due_at: datetime | None = None
    done_at: datetime | None = None


def check_alone(role: Role, acting: Acting) -> None:
    """Return only if one person may give this role directly. Raises TwoPeopleNeeded."""
    if role in POWERFUL and not acting.at_terminal:
        raise TwoPeopleNeeded


def check_reason(text: str) -> str:
    """Return the reason in the form it is kept. Raises ProposalInvalid."""
    plain = " ".join(text.split())
    if not plain:
        raise ProposalInvalid("Please say why. Whoever confirms decides by it, and it stays in the trail.")
    if len(plain) > REASON_LONGEST:
        raise ProposalInvalid(f"Please give the reason in at most {REASON_LONGEST} characters.")
    return plain


def check_proposer(proposer: PersonId, subject_id: str | None) -> None:
    """Return only if somebody proposes about somebody else. Raises SecondPersonNeeded."""
    if proposer == subject_id:
        raise SecondPersonNeeded("You cannot propose this about yourself. Somebody else has to.")


def confirm(
    proposal: Proposal, by: PersonId, now: datetime, *, delay: timedelta, life: timedelta
) -> Proposal:
    """Be the second person. life: how long it may rest once it is due.

    Raises SecondPersonNeeded, ProposalOver; tried in that order.
    """
    if by == proposal.proposed_by:
        raise SecondPersonNeeded("You proposed this, so somebody else has to confirm it.")
    if by == proposal.subject_id:
        raise SecondPersonNeeded("This is about you, so somebody else has to confirm it.")
    if proposal.state is not ProposalState.OPEN or now >= proposal.expires_at:
        raise ProposalOver(_said(proposal, now))
    due = now + delay
    return replace(
        proposal,
        state=ProposalState.WAITING,
        confirmed_by=by,
        confirmed_at=now,
        due_at=due,
        expires_at=due + life,
    )


def refuse(proposal: Proposal, by: PersonId, now: datetime) -> Proposal:
    """Say no, also during the delay. Raises SecondPersonNeeded to whoever proposed, ProposalOver."""
    if by == proposal.proposed_by:
        raise SecondPersonNeeded("You proposed this: withdraw it instead.")
    return _end(proposal, ProposalState.REFUSED, now)


def withdraw(proposal: Proposal, by: PersonId, now: datetime) -> Proposal:
    """Take one's own proposal back, also during the delay. Raises SecondPersonNeeded, ProposalOver."""
    if by != proposal.proposed_by:
        raise SecondPersonNeeded("Only who proposed this can withdraw it. You can refuse it.")
    return _end(proposal, ProposalState.WITHDRAWN, now)


def lapse(proposal: Proposal, now: datetime) -> Proposal:
    """End it without effect. Raises ProposalOver."""
    if proposal.state not in ALIVE:
        raise ProposalOver(_said(proposal, now))
    return replace(proposal, state=ProposalState.LAPSED)


def carry_out(proposal: Proposal, now: datetime) -> Proposal:
    """Do it, once: confirmed, due, and not too old. Raises ProposalOver."""
    if not is_due(proposal, now) or now >= proposal.expires_at:
        raise ProposalOver(_said(proposal, now))
    return replace(proposal, state=ProposalState.DONE, done_at=now)


def is_due(proposal: Proposal, now: datetime) -> bool:
    """Tell whether the delay is over."""
    waiting = proposal.state is ProposalState.WAITING
    return waiting and proposal.due_at is not None and now >= proposal.due_at


def _end(proposal: Proposal, state: ProposalState, now: datetime) -> Proposal:
    if proposal.state not in ALIVE or now >= proposal.expires_at:
        raise ProposalOver(_said(proposal, now))
    return replace(proposal, state=state)


_WORDS = {
    ProposalState.OPEN: "Nobody has confirmed this yet.",
    ProposalState.WAITING: "This is confirmed and waits for its time.",
    ProposalState.DONE: "This is done already.",
    ProposalState.REFUSED: "This was refused.",
    ProposalState.WITHDRAWN: "This was withdrawn.",
    ProposalState.LAPSED: "This has lapsed. It can be proposed again.",
}


def _said(proposal: Proposal, now: datetime) -> str:
    over = proposal.state in ALIVE and now >= proposal.expires_at
    return _WORDS[ProposalState.LAPSED if over else proposal.state]
