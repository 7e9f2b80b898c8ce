"""The keys that one log had: each is handed over to the next by a checkpoint that both have signed.

Format: docs/formats/audit-log.md, "A change of the key". Never reads or keeps private keys.
"""

import itertools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from docvault.audit.checkpoints import Checkpoint, LogKey, PublicKey, note_text, open_checkpoint, sign_note
from docvault.audit.errors import NoteInvalid, ProofInvalid
from docvault.audit.kinds import Kind

WORD = "docvault/key-change"  # begins the line of a checkpoint that hands the log over
_SIZE = re.compile(r"(0|[1-9][0-9]{0,18})\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Handover:
    """At `size` entries, the last of which announces it, `old` handed the log over to `new`."""

    size: int
    old: PublicKey
    new: PublicKey


@dataclass(frozen=True, slots=True)
class KeyChain:
    """The hand-overs of a log, oldest first, and the key that is in charge now."""

    handovers: tuple[Handover, ...]
    newest: PublicKey

    @classmethod
    def read(cls, notes: Iterable[str], newest: PublicKey) -> "KeyChain":
        """Return the chain that those of the notes prove which hand over. Raises NoteInvalid.

        Every link is signed by both of its keys, so whoever trusts one key of the chain may trust the others.
        """
        found = [handover for note in notes if (handover := _handover(note)) is not None]
        found.sort(key=lambda handover: handover.size)
        linked = all(
            one.size < other.size and one.new == other.old for one, other in itertools.pairwise(found)
        )
        if found and not (linked and found[-1].new == newest):
            raise NoteInvalid("The changes of the audit log's key do not lead to the key that signed last.")
        chain = cls(tuple(found), newest)
        if len(set(chain.keys)) != len(chain.keys):
            raise NoteInvalid("The audit log went back to a key that it had given up.")
        return chain

    @property
    def keys(self) -> tuple[PublicKey, ...]:
        """Every key of the log, oldest first."""
        return (*(handover.old for handover in self.handovers), self.newest)

    def in_charge(self, size: int) -> PublicKey:
        """Return the one key that may sign a checkpoint of this size."""
        return next((one.old for one in self.handovers if size <= one.size), self.newest)

    def open(self, note: str) -> Checkpoint:
        """Return the checkpoint that the key in charge at its size signed. Raises NoteInvalid."""
        lines = note_text(note).split("\n")
        claimed = int(lines[1]) if len(lines) > 1 and _SIZE.match(lines[1]) else 0
        return open_checkpoint(note, self.in_charge(claimed))

    def check_entry(self, index: int, kind: str, facts: Mapping[str, Any]) -> None:
        """Check that the entry announces a change exactly where there is one. Raises ProofInvalid."""
        here = next((one for one in self.handovers if one.size == index + 1), None)
        announced = kind == Kind.LOG_KEY_CHANGED
        if announced and here is None:
            raise ProofInvalid("It announces another key, and no checkpoint of both keys proves that.")
        if here and not (
            announced and (facts.get("old"), facts.get("new")) == (here.old.text, here.new.text)
        ):
            raise ProofInvalid("The key changed behind it, and it does not announce that.")


def announcement(old: PublicKey, new: PublicKey) -> dict[str, str]:
    """Return the facts of the entry that announces a change, the last one under the old key."""
    return {"old": old.text, "new": new.text}


def sign_handover(old: LogKey, new: LogKey, size: int, root: bytes) -> str:
    """Return the checkpoint that hands the log over, signed by both keys."""
    line = f"{WORD} {old.public.text} {new.public.text}\n"
    text = Checkpoint(old.origin, size, root).text() + line
    signed, also = sign_note(old, text), sign_note(new, text)
    return signed + also.removeprefix(f"{text}\n")


def _handover(note: str) -> Handover | None:
    """Return the hand-over of a note, or None if it is another checkpoint. Raises NoteInvalid."""
    lines = [line for line in note_text(note).split("\n")[3:] if line.split(" ")[0] == WORD]
    if not lines:
        return None
    words = lines[0].split(" ")
    if len(lines) != 1 or len(words) != 3:  # noqa: PLR2004 - the word, the old key and the new one
        raise NoteInvalid("A checkpoint that hands the audit log over is malformed.")
    old, new = PublicKey.read(words[1]), PublicKey.read(words[2])
    sizes = {open_checkpoint(note, key).size for key in (old, new)}
    return Handover(sizes.pop(), old, new)
