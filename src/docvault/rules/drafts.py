"""Whom a sender puts on a new envelope, and how it is looked after. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from docvault.rules import envelope_words as words
from docvault.rules import languages
from docvault.rules import outsiders as outsider_rules
from docvault.rules.envelopes import Asked, EnvelopeIncomplete, EnvelopeRefused, Part
from docvault.rules.outsiders import Outsider
from docvault.values import PersonId


@dataclass(frozen=True, slots=True)
class NewRecipient:
    person_id: PersonId
    turn: int  # 1 is first; the same turn acts in any order
    part: Part = Part.SIGNER
    message: str = ""  # for them alone
    language: str | None = None  # of mail about this envelope; None: their own
    due_at: datetime | None = None  # a day of their own to act by


@dataclass(frozen=True, slots=True)
class NewOutsider:
    """Somebody whom the sender names by address. An address that belongs to an account asks that account."""

    said: Outsider
    turn: int
    part: Part = Part.SIGNER
    message: str = ""
    language: str | None = None
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How an envelope is looked after once it was sent. reminder_days: None for none by itself."""

    due_at: datetime | None = None
    reminder_days: int | None = None
    may_delegate: bool = True
    may_use_paper: bool = False  # people may print it, sign by hand and hand in a scan
    kind: str | None = None  # of documents, of policies/kinds.toml; None: the sender has not said
    may_delegate_outside: bool = False  # beside may_delegate: also to somebody without an account


class KindExcluded(EnvelopeRefused):
    """The law does not let this kind of document be signed electronically (promise 72)."""


def check_kind(kind: str | None, known: Mapping[str, str]) -> None:
    """Accept a kind that may be signed electronically. known: why not, by kind; empty where it may.

    Raises EnvelopeIncomplete, KindExcluded.
    """
    if kind is None:
        return
    if kind not in known:
        raise EnvelopeIncomplete("Please choose what kind of document this is.")
    if known[kind]:
        raise KindExcluded(f"This cannot be signed electronically here. {known[kind]}")


def asked(
    people: Sequence[NewRecipient | NewOutsider], by_email: Mapping[str, PersonId | None]
) -> list[Asked]:
    """Return who is asked for what. by_email: whom addresses stand for; who is new goes by the address.

    Raises EnvelopeIncomplete.
    """
    found = []
    for one in people:
        if isinstance(one, NewRecipient):
            person: str = one.person_id
        else:
            email = outsider_rules.check(one.said).email
            person = by_email[email] or email
        found.append(Asked(person, one.turn, one.part, one.message.strip(), one.language, one.due_at))
    return found


def check_wishes(
    title: str, wishes: Wishes, people: Sequence[NewRecipient | NewOutsider], longest: int, now: datetime
) -> None:
    """Accept days to come, messages of up to `longest` characters and hosts of whoever acts.

    Raises EnvelopeIncomplete, LanguageUnknown.
    """
    words.check_due(wishes.due_at, now)
    words.check_reminders(wishes.reminder_days)
    for one in people:
        words.check_words(title, one.message, longest)
        words.check_due(one.due_at, now)
        if one.language is not None:
            languages.check(one.language)
        if one.part is Part.COPY and isinstance(one, NewOutsider) and one.said.host_id:
            raise EnvelopeIncomplete(f"{one.said.name} only receives a copy, so nobody has to host them.")
