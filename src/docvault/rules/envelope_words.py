"""What a sender writes on an envelope: title, messages, and the day to sign by. Pure."""

import re
import unicodedata
from datetime import datetime

from docvault.rules.envelopes import EnvelopeIncomplete

TITLE_LONGEST = 200  # characters
REMINDERS_RAREST = 90  # days
_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, half characters, odd line ends
_LINES = re.compile(r"[\r\n\t]")  # are fine in a message


def check_words(title: str, message: str, longest: int) -> None:
    """Accept a title, and a message of up to `longest` characters. Raises EnvelopeIncomplete."""
    title, message = title.strip(), message.strip()
    if not title:
        raise EnvelopeIncomplete("Give the envelope a title, so that people know what they sign.")
    if len(title) > TITLE_LONGEST:
        raise EnvelopeIncomplete(f"A title can have at most {TITLE_LONGEST} characters.")
    if any(unicodedata.category(letter) in _UNPRINTABLE for letter in title + _LINES.sub("", message)):
        raise EnvelopeIncomplete("Title and message can only have characters that can be printed.")
    if len(message) > longest:
        raise EnvelopeIncomplete(f"A message can have at most {longest} characters.")


def check_due(due_at: datetime | None, now: datetime) -> None:
    """Accept no day to sign by, or one to come. Raises EnvelopeIncomplete."""
    if due_at is None:
        return
    if due_at.tzinfo is None:
        raise EnvelopeIncomplete("The day to sign by needs a time zone.")
    if due_at <= now:
        raise EnvelopeIncomplete("The day to sign by has to be in the future.")


def check_reminders(days: int | None) -> None:
    """Accept none by itself, or one every so many days. Raises EnvelopeIncomplete."""
    if days is not None and not 1 <= days <= REMINDERS_RAREST:
        raise EnvelopeIncomplete(f"Reminders can come every 1 to {REMINDERS_RAREST} days.")
