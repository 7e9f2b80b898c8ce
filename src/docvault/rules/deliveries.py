"""Why a mail that was queued is not sent after all. Pure: no I/O, no clock."""

from enum import StrEnum


class Withheld(StrEnum):
    ASKER_LEFT = "asker-left"  # whoever caused it is no longer active, or belongs nowhere
    ASKER_MAY_NOT = "asker-may-not"  # or has lost the right to
    READER_OFF = "reader-off"  # the reader's account is disabled or frozen, and it carries a link


WORDS = {
    Withheld.ASKER_LEFT: "Whoever asked for it has left.",
    Withheld.ASKER_MAY_NOT: "Whoever asked for it may not do so any more.",
    Withheld.READER_OFF: "The account of its reader is switched off.",
}

# What tells people about their own account reaches them whatever its state; its link only freezes.
ALWAYS = frozenset({"security_notice", "account_frozen"})


def may_read(template: str, *, has_link: bool, reader_is_off: bool) -> bool:
    """Return whether a mail may go to this reader."""
    return not (has_link and reader_is_off and template not in ALWAYS)
