"""Makes tests/vectors/audit-log: small bundles, one per attack, for whoever writes another verifier.

Run as `python -m tests.audit.vectors` from the root of the source. The bytes are the same every time.
"""

import json
from pathlib import Path

from docvault.audit.entries import canonical

from . import attacks
from .bundles import Log, Rekeyed, lines, log_key, members, pack, with_lines

FOLDER = Path(__file__).parents[1] / "vectors" / "audit-log"
SIZE = 9


def made() -> dict[str, tuple[bytes, dict]]:
    """Return the file and what a verifier must answer, by name."""
    log = Log(SIZE)
    key = log_key().public.text
    whole = log.bundle(history=[4])
    parts = members(whole)

    def edited(change) -> bytes:
        return attacks._edited(parts, change)

    salted = {
        "body": canonical({"actor_name": "Mallory"}).decode(),
        "salt": "bW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW1tbW0=",
    }
    selection = log.bundle([1, 5, 7], history=[4])
    chosen = lines(members(selection))
    chosen[1]["proof"][0] = chosen[1]["proof"][1]
    rekeyed, unsaid = (Rekeyed(SIZE, {3: log_key(2), 6: log_key(3)}) for _ in range(2))
    unsaid.replace(5, kind="session:started")
    older = [2, 3, 5, 6]
    found: dict[str, tuple[bytes, int | None, str | None]] = {
        "full": (whole, None, None),
        "full-since": (whole, None, log.checkpoint(4)),
        "erased": (log.bundle(history=[4], erased=(1, 2)), None, None),
        "empty": (Log(0).bundle(), None, None),
        "selection": (selection, None, None),
        "key-changed": (rekeyed.bundle(history=older), None, rekeyed.checkpoint(2)),
        "key-changed-selection": (rekeyed.bundle([1, 7], history=older), None, None),
        "key-changed-and-the-change-dropped": (rekeyed.bundle(history=[2, 3, 5]), 0, None),
        "key-changed-and-not-announced": (unsaid.bundle(history=older), 5, None),
        "edited-entry": (edited(attacks._at(6, attacks._edit_leaf)), 6, None),
        "edited-entry-and-its-hash": (attacks._with_tile(parts, 6), 0, None),
        "edited-details": (edited(attacks._at(2, lambda line: line | {"details": salted})), 2, None),
        "deleted-entry": (edited(attacks._delete(3, renumbered=False)), 3, None),
        "deleted-entry-renumbered": (edited(attacks._delete(3, renumbered=True)), 3, None),
        "inserted-entry": (edited(attacks._insert(5, renumbered=True)), 5, None),
        "swapped-entries": (edited(attacks._swap(1, 8, renumbered=True)), 1, None),
        "truncated-entries": (edited(lambda all_lines: all_lines[:7]), 7, None),
        "truncated-file": (whole[:-1], 0, None),
        "junk-behind": (whole + b"\n", 0, None),
        "changed-manifest": (attacks._manifest(parts, filters={"kind": "session:started"}), 0, None),
        "another-key": (Log(SIZE, key=log_key(2)).bundle(history=[4]), 0, None),
        "cut-log": (Log(7).bundle(), 7, log.checkpoint()),
        "rewritten-log": (Log(SIZE, words="Mallory").bundle(), 0, log.checkpoint(4)),
        "changed-proof": (pack(with_lines(members(selection), chosen)), 5, None),
    }
    return {
        name: (body, {"key": key, "since": since, "ok": index is None, "first_bad_index": index})
        for name, (body, index, since) in found.items()
    }


def write() -> None:
    """Write every vector and the list of answers."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    answers = {}
    for name, (body, answer) in made().items():
        (FOLDER / f"{name}.zip").write_bytes(body)
        answers[name] = answer
    (FOLDER / "answers.json").write_text(json.dumps(answers, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    write()
