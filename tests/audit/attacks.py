"""Every way to change a bundle that has a name, each with the first bad index it must be answered with."""

import copy
import functools
import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass

from docvault.audit import bundle, entries, tree
from docvault.audit.checkpoints import sign_note

from .bundles import Log, Rekeyed, base64_of, lines, log_key, members, pack, with_lines

SIZE = 600
HISTORY = [100, 256, 500]
SELECTION = list(range(1, SIZE, 2))  # the odd ones

Parts = dict[str, bytes]


@dataclass(frozen=True)
class Attack:
    """A bundle, what the verifier is given beside it, and the first bad index (None: it verifies)."""

    name: str
    bundle: bytes
    first_bad_index: int | None
    key: str | None
    since: str | None = None


def honest() -> Log:
    return Log(SIZE)


def _edit_leaf(line: dict, words: str = "document:read") -> dict:
    leaf = json.loads(line["leaf"])
    return line | {"leaf": entries.canonical(leaf | {"kind": words}).decode()}


def _edited(parts: Parts, change: Callable[[list[dict]], list[dict] | None]) -> bytes:
    changed = copy.deepcopy(lines(parts))
    return pack(with_lines(parts, change(changed) or changed))


def _at(place: int, change: Callable[[dict], dict]) -> Callable[[list[dict]], None]:
    def apply(found: list[dict]) -> None:
        found[place] = change(found[place])

    return apply


def _swap(one: int, other: int, *, renumbered: bool) -> Callable[[list[dict]], None]:
    def apply(found: list[dict]) -> None:
        found[one], found[other] = found[other], found[one]
        if renumbered:
            found[one]["index"], found[other]["index"] = found[other]["index"], found[one]["index"]

    return apply


def _delete(place: int, *, renumbered: bool) -> Callable[[list[dict]], None]:
    def apply(found: list[dict]) -> None:
        del found[place]
        for line in found[place:] if renumbered else []:
            line["index"] -= 1

    return apply


def _insert(place: int, *, renumbered: bool) -> Callable[[list[dict]], None]:
    def apply(found: list[dict]) -> None:
        found.insert(place, _edit_leaf(found[place]))
        for line in found[place + 1 :] if renumbered else []:
            line["index"] += 1

    return apply


def _with_tile(parts: Parts, place: int) -> bytes:
    """Edit an entry and its hash in the tile together."""
    changed = lines(parts)
    changed[place] = _edit_leaf(changed[place])
    fresh = with_lines(parts, changed)
    name = [name for name in fresh if name.startswith("tile/")][place // 256]
    hashes = bytearray(fresh[name])
    start = place % 256 * 32
    hashes[start : start + 32] = tree.leaf_hash(changed[place]["leaf"].encode())
    return pack(fresh | {name: bytes(hashes)})


def _reseal(parts: Parts, seed: int) -> Parts:
    """Seal changed members again, with another key under the same name."""
    other = log_key(seed)
    digests = {name: hashlib.sha256(body).hexdigest() for name, body in parts.items() if name != "seal"}
    return parts | {"seal": sign_note(other, bundle.seal_text(other.origin, digests)).encode()}


def _without(parts: Parts, name: str) -> Parts:
    return {known: body for known, body in parts.items() if known != name}


def _manifest(parts: Parts, **changed: object) -> bytes:
    manifest = json.loads(parts["manifest.json"]) | changed
    return pack(parts | {"manifest.json": entries.canonical(manifest) + b"\n"})


def _zipped_otherwise(parts: Parts) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, body in parts.items():
            packed.writestr(name, body)
    return target.getvalue()


def full_attacks() -> list[Attack]:
    log, key = honest(), log_key().public.text
    whole = log.bundle(history=HISTORY)
    parts = members(whole)
    shorter, rewritten, thief = (
        Log(500),
        Log(SIZE, words="Mallory"),
        Log(SIZE, key=log_key(2), words="Mallory"),
    )
    salted = {"body": entries.canonical({"actor_name": "Mallory"}).decode(), "salt": base64_of(b"m" * 32)}
    last = "entries/000002.jsonl"
    made = {
        "edited-entry": (_edited(parts, _at(300, _edit_leaf)), 300),
        "edited-entry-and-its-hash": (_with_tile(parts, 300), 256),
        "edited-entry-and-its-hash-sealed-by-another-key": (
            pack(_reseal(members(_with_tile(parts, 300)), 2)),
            256,
        ),
        "edited-details": (_edited(parts, _at(10, lambda line: line | {"details": salted})), 10),
        "details-where-none-were": (_edited(parts, _at(3, lambda line: line | {"details": salted})), 3),
        "stripped-details": (_edited(parts, _at(300, lambda line: line | {"details": None})), 256),
        "deleted-entry": (_edited(parts, _delete(5, renumbered=False)), 5),
        "deleted-entry-renumbered": (_edited(parts, _delete(5, renumbered=True)), 5),
        "deleted-last-entry": (_edited(parts, _delete(SIZE - 1, renumbered=False)), SIZE - 1),
        "inserted-entry": (_edited(parts, _insert(7, renumbered=False)), 7),
        "inserted-entry-renumbered": (_edited(parts, _insert(7, renumbered=True)), 7),
        "added-entry-behind-the-end": (
            _edited(parts, lambda found: [*found, found[-1] | {"index": SIZE}]),
            SIZE,
        ),
        "swapped-entries": (_edited(parts, _swap(20, 400, renumbered=False)), 20),
        "swapped-entries-renumbered": (_edited(parts, _swap(20, 400, renumbered=True)), 20),
        "repeated-entry": (_edited(parts, lambda found: [*found[:9], found[8], *found[9:]]), 9),
        "truncated-entries": (_edited(parts, lambda found: found[:550]), 550),
        "truncated-block": (pack(_without(parts, last)), 512),
        "truncated-file": (whole[: whole.index(b'"index":300,')], 300),
        "truncated-directory": (whole[:-30], 0),
        "proof-in-a-full-bundle": (_edited(parts, _at(40, lambda line: line | {"proof": []})), 40),
        "not-json": (pack(parts | {last: b"x" + parts[last][1:]}), 512),
        "not-text": (pack(parts | {last: b"\xff" + parts[last][1:]}), 512),
        "changed-filter": (_manifest(parts, filters={"kind": "session:started"}), 0),
        "changed-count": (_manifest(parts, count=SIZE - 1), 0),
        "manifest-of-another-version": (_manifest(parts, version=2), 0),
        "manifest-spelled-otherwise": (pack(parts | {"manifest.json": b" " + parts["manifest.json"]}), 0),
        "manifest-with-ranges-that-touch": (_manifest(parts, ranges=[[0, 9], [10, SIZE - 1]]), 0),
        "seal-of-a-longer-bundle": (pack(parts | {"seal": members(Log(800).bundle())["seal"]}), 512),
        "manifest-is-not-json": (pack(parts | {"manifest.json": b"{"}), 0),
        "manifest-of-a-larger-log": (
            _manifest(parts, size=SIZE + 1, count=SIZE + 1, ranges=[[0, SIZE]]),
            512,
        ),
        "checkpoint-of-a-smaller-log": (pack(parts | {"checkpoint": log.checkpoint(500).encode()}), 500),
        "checkpoint-of-another-log": (pack(parts | {"checkpoint": rewritten.checkpoint().encode()}), 500),
        "checkpoint-signed-by-another-key": (pack(parts | {"checkpoint": thief.checkpoint().encode()}), 0),
        "checkpoint-is-not-a-note": (pack(parts | {"checkpoint": b"600\n"}), 0),
        "history-dropped": (pack(parts | {"history.jsonl": b""}), 0),
        "history-is-not-json": (pack(parts | {"history.jsonl": b"{}\n"}), 0),
        "seal-of-another-bundle": (pack(parts | {"seal": members(log.bundle(erased=(1,)))["seal"]}), 0),
        "seal-with-a-second-signature": (
            pack(parts | {"seal": parts["seal"] + b"\xe2\x80\x94 w MTIzNDU2\n"}),
            0,
        ),
        "seal-by-another-key": (pack(_reseal(parts, 2)), 0),
        "seal-dropped": (pack(_without(parts, "seal")), 0),
        "seal-is-a-checkpoint": (pack(parts | {"seal": parts["checkpoint"]}), 0),
        "members-in-another-order": (pack({"seal": parts["seal"], **_without(parts, "seal")}), 0),
        "unknown-member": (pack(parts | {"notes.txt": b"hello"}), 0),
        "compressed-members": (_zipped_otherwise(parts), 0),
        "junk-before": (b"junk" + whole, 0),
        "junk-behind": (whole + b"\0", 0),
        "empty-file": (b"", 0),
        "another-key": (thief.bundle(history=HISTORY), 0),
    }
    attacks = [Attack(name, packed, index, key) for name, (packed, index) in made.items()]
    older = log.checkpoint(256)
    return [
        *attacks,
        Attack("honest", whole, None, key),
        Attack("honest-without-a-key", whole, None, None),
        Attack("honest-erased", log.bundle(history=HISTORY, erased=(1, 2, 300)), None, key),
        *_missing_details(log, key),
        Attack("honest-since", whole, None, key, older),
        Attack("cut-log", shorter.bundle(), 500, key, log.checkpoint()),
        Attack("rewritten-log", rewritten.bundle(), 0, key, older),
        Attack("forked-log", _forked(300).bundle(history=[100, 256]), 0, key, log.checkpoint(500)),
        Attack("key-is-none-and-none-was-given", pack(parts | {"key": b"none\n"}), 0, None),
        Attack("key-is-not-text-and-none-was-given", pack(parts | {"key": b"\xff\n"}), 0, None),
        Attack("since-another-key", whole, 0, key, thief.checkpoint(256)),
        Attack("stolen-name-without-a-key", thief.bundle(), None, None),  # only the fingerprint tells
    ]


def _forked(place: int) -> Log:
    """Return the honest log up to `place`, and another one behind it, signed by the log's own key."""
    log, other = honest(), Log(SIZE, words="Mallory")
    for name in ("leaves", "details", "hashes"):
        getattr(log, name)[place:] = getattr(other, name)[place:]
    return log


def selection_attacks() -> list[Attack]:
    log, key = honest(), log_key().public.text
    packed = log.bundle(SELECTION, history=HISTORY)
    parts = members(packed)
    other = members(Log(SIZE, words="Mallory").bundle(SELECTION))
    made = {
        "edited-entry": (_edited(parts, _at(150, _edit_leaf)), 301),
        "edited-details": (_edited(parts, _at(0, lambda line: line | {"details": None})), 1),
        "deleted-entry": (_edited(parts, _delete(5, renumbered=False)), 11),
        "swapped-entries": (_edited(parts, _swap(20, 200, renumbered=False)), 41),
        "swapped-entries-renumbered": (_edited(parts, _swap(20, 200, renumbered=True)), 41),
        "inserted-entry": (_edited(parts, _insert(7, renumbered=False)), 15),
        "changed-proof": (_edited(parts, _at(9, lambda line: line | {"proof": line["proof"][::-1]})), 19),
        "shortened-proof": (_edited(parts, _at(9, lambda line: line | {"proof": line["proof"][:-1]})), 19),
        "lengthened-proof": (_edited(parts, _at(9, lambda line: line | {"proof": line["proof"] * 2})), 19),
        "without-proof": (_edited(parts, _at(9, lambda line: line | {"proof": None})), 19),
        "truncated-entries": (_edited(parts, lambda found: found[:-1]), SIZE - 1),
        "entries-of-another-log": (pack(parts | {"entries/000000.jsonl": other["entries/000000.jsonl"]}), 1),
        "claims-to-be-full": (_manifest(parts, kind="full"), 0),
        "narrowed-ranges": (_manifest(parts, ranges=[[1, 1]], count=1), 2),
    }
    attacks = [Attack(f"selection-{name}", body, index, key) for name, (body, index) in made.items()]
    return [
        *attacks,
        Attack("selection-honest", packed, None, key),
        Attack("selection-honest-since", packed, None, key, log.checkpoint(256)),
        Attack("selection-of-nothing", log.bundle([]), None, key),
        Attack("selection-since-an-unknown-size", packed, 1, key, log.checkpoint(255)),
        Attack("selection-since-another-history", packed, 1, key, _forked(99).checkpoint(100)),
    ]


CHANGES = {150: log_key(2), 400: log_key(3)}
OLDER = [100, 150, 300, 400, 500]


class Pretended(Rekeyed):
    """A log whose database somebody holds who has none of its keys, only one of their own."""

    def checkpoint(self, size: int | None = None) -> str:
        note = super().checkpoint(size)
        if size != SIZE - 100:
            return note
        text, signatures = note.rpartition("\n\n")[::2]  # the old key never signed this
        return f"{text}\n\n" + signatures.split("\n")[1] + "\n"


def key_attacks() -> list[Attack]:
    log, key = Rekeyed(SIZE, CHANGES), log_key().public.text
    whole, newest, middle = log.bundle(history=OLDER), log.key.public.text, log_key(2).public.text
    unsaid, wrong, unproven = (Rekeyed(SIZE, CHANGES) for _ in range(3))
    unsaid.replace(149, kind="session:started")
    wrong.replace(399, facts={"old": middle, "new": key})
    unproven.replace(200, kind="log:key:changed", facts={"old": middle, "new": newest})
    late = Rekeyed(SIZE, CHANGES)  # the old key goes on signing behind the hand-over
    late._in_charge = lambda size: log_key() if size == 300 else Rekeyed._in_charge(late, size)
    back = Rekeyed(SIZE, {150: log_key(2), 400: log_key(1)})
    pretended = Pretended(SIZE, {SIZE - 100: log_key(9)})
    bundles = {
        "key-changed-and-the-change-dropped": (log.bundle(history=[100, 150, 300]), 0, key),
        "key-changed-and-an-earlier-change-dropped": (log.bundle(history=[300, 400]), 0, key),
        "key-changed-and-not-announced": (unsaid.bundle(history=OLDER), 149, newest),
        "key-changed-and-announced-wrongly": (wrong.bundle(history=OLDER), 399, newest),
        "key-announced-and-not-changed": (unproven.bundle(history=OLDER), 200, newest),
        "key-changed-and-the-old-one-still-signs": (late.bundle(history=OLDER), 0, newest),
        "key-changed-back": (back.bundle(history=OLDER), 0, key),
        "key-changed-by-somebody-without-the-old-one": (
            pretended.bundle(history=[100, SIZE - 100]),
            0,
            key,
        ),
        "key-changed-and-another-trusted": (whole, 0, log_key(7).public.text),
    }
    honest = {
        "first": (whole, key),
        "middle": (whole, middle),
        "newest": (whole, newest),
        "none": (whole, None),
        "selection": (log.bundle(SELECTION, history=OLDER), key),
        "as-the-last-deed": (Rekeyed(400, CHANGES).bundle(history=[150]), middle),
    }
    return [
        *(Attack(name, packed, index, given) for name, (packed, index, given) in bundles.items()),
        *(
            Attack(f"honest-key-changed-{name}", packed, None, given)
            for name, (packed, given) in honest.items()
        ),
        Attack("honest-key-changed-since-the-old-key", whole, None, newest, log.checkpoint(100)),
        Attack("key-changed-since-the-old-key-too-late", whole, 0, newest, late.checkpoint(300)),
    ]


@functools.cache
def all_attacks() -> list[Attack]:
    """Return every attack; making them takes seconds, and two files collect their tests from them."""
    return [*full_attacks(), *selection_attacks(), *key_attacks()]


def _missing_details(log, key):
    """Bundles that say why details are missing, truly and falsely."""
    every = tuple(range(len(log.leaves)))
    said = {"details": "included", "erased": [(1, 2), (300, 300)]}
    left_out = {"details": "left-out", "erased": [(1, 1)]}
    yield Attack("honest-says-erased", log.bundle(erased=(1, 2, 300), says=said), None, key)
    yield Attack("honest-says-left-out", log.bundle(erased=every, says=left_out), None, key)
    yield Attack("details-vanished", log.bundle(erased=(1, 2, 4, 300), says=said), 4, key)
    yield Attack("erased-yet-there", log.bundle(erased=(1, 300), says=said), 2, key)
    yield Attack("left-out-yet-there", log.bundle(erased=every[:5] + every[6:], says=left_out), 5, key)
    for name, says in {
        "half": {"details": "included"},
        "backwards": {"details": "included", "erased": [(9, 8)]},
        "beyond": {"details": "included", "erased": [(1, len(every))]},
        "touching": {"details": "included", "erased": [(1, 2), (3, 4)]},
    }.items():
        yield Attack(f"erased-says-{name}", log.bundle(says=says), 0, key)
