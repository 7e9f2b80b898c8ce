"""Every transaction that an action opens appends an audit entry, or its reason not to stands here (promise 74).

Read from the source: a block `with … db.transaction() as tx` reaches an append itself or through functions of its
own module. An exception names the function and how many of its blocks need none.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ACTIONS = Path(__file__).parents[2] / "src" / "docvault" / "actions"
APPENDS = {
    ("audit", "append"),
    ("envelope_history", "record"),
    ("code_mails", "note"),
    ("code_mails", "send"),
    ("arrivals", "let_in"),
    ("arrivals", "turned_away"),
    ("roles", "give"),
    ("sending", "freeze"),
}  # (room's file, function): what writes an entry

EXCEPTIONS: dict[str, tuple[int, str]] = {
    "account._check_password": (
        3,
        "counters of the throttle, counted before and given back; a wrong password is recorded",
    ),
    "audit.publish_checkpoint": (1, "signs the log as it is; an entry about it would call for the next one"),
    "bulk_rows.go_on": (1, "puts a job into the queue; each row that it sends is recorded"),
    "bulk_rows.retry_resting": (1, "puts a job back into the queue; each row that it sends is recorded"),
    "completions.retry_stuck": (
        1,
        "puts a job back into the queue; what the job does is recorded when it is done",
    ),
    "deadlines.look_after": (1, "puts off what is looked at now; what is done about it is recorded"),
    "delegations._count_try": (1, "the counter of the throttle; a part that is handed on is recorded"),
    "deliveries.retry_unsent": (
        1,
        "puts a job back into the queue; the delivery is recorded when it is done",
    ),
    "deliveries._send": (1, "counts a failure; that it left is recorded"),
    "envelopes.send_envelope": (1, "asks whether it may be sent; the second transaction freezes and records"),
    "indexing.begin_rebuild": (1, "puts work off for later; what is searched for is recorded"),
    "indexing.index_document": (2, "takes words for searching; the version they are of has its entry"),
    "indexing.look_for_strays": (1, "puts work off for later"),
    "indexing.put_jobs": (1, "puts jobs into the queue; removes what disposal left, which has its entry"),
    "kept_answers.keep_answers": (1, "a signer's own draft; what is signed in the end is recorded"),
    "locks.place": (1, "says who is editing for a while; what is saved in the end is recorded"),
    "locks.prolong": (1, "the same, for longer"),
    "locks.remove": (1, "the same, no longer"),
    "object_locks._ask": (1, "says what is about to be locked; once it is, that is recorded"),
    "object_locks._lock": (2, "looks later for what the store has lost or refuses; nothing was locked"),
    "object_locks.lock_due": (1, "notes what is to be locked; once it is, that is recorded"),
    "passkey_sign_in.begin_passkey_factor": (1, "asks a browser; what it answers is recorded"),
    "passkey_sign_in.begin_passkey_sign_in": (1, "asks a browser; what it answers is recorded"),
    "step_ups.begin_passkey_step_up": (1, "asks a browser; what it answers is recorded"),
    "reproofs.begin_reproof": (
        2,
        "counters of the throttle, counted before and given back; the verdict is recorded",
    ),
    "publications.publish": (1, "says how far the log is out; an entry about it would call for the next one"),
    "renewals._keep_as_is": (1, "what a look at a timestamp has found; a new timestamp is recorded"),
    "renewals.put_jobs": (1, "puts jobs into the queue; a new timestamp is recorded"),
    "outsiders.ask_for_code": (1, "a counter of the throttle; that a code was mailed is recorded"),
    "renditions._keep": (1, "what the portal makes of a version for itself; opening it is recorded"),
    "renditions._note_rest": (1, "the same: what cannot be made"),
    "renditions.make_missing": (1, "puts jobs back into the queue"),
    "scans._note_trouble": (1, "why there is no verdict yet; the verdict is recorded"),
    "scans.begin_or_end": (1, "follows the setting at a start; every verdict is recorded"),
    "scans.scan_waiting": (1, "puts jobs back into the queue"),
    "sessions.authenticate": (1, "notes once a minute that a session is alive"),
    "sessions.begin_sign_in": (
        2,
        "counters of the throttle, counted before and given back; the verdict is recorded",
    ),
    "single_sign_on.begin_connecting": (1, "somebody leaves for the provider; what comes of it is recorded"),
    "single_sign_on.begin_sign_on": (1, "the same; who it is, nobody knows yet"),
    "single_sign_on.finish_sign_on": (
        1,
        "takes the journey; whom it led here is recorded, or that it did not",
    ),
    "template_links.ask_for_code": (1, "a counter of the throttle; that a code was mailed is recorded"),
    "uploads.collect_abandoned": (1, "removes what a worker left unfinished; nobody was told of it"),
    "visits._check_code": (2, "counters of the throttle; that a guest was let in is recorded"),
    "visits.end_visit": (1, "a guest forgets their own receipt; nothing of the portal changes"),
    "visits.open_visit": (1, "a counter of the throttle; that a guest was let in is recorded"),
    "uploads.store_segment": (1, "a segment is part of the deed that begin and finish record"),
}


def functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    """Return every function and method of a module by its bare name."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    names = [node.name for node in found]
    assert len(set(names) - {"__init__"}) == len([name for name in names if name != "__init__"]), (
        "two of one name"
    )
    return {node.name: node for node in found}


def calls(nodes: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield (what stands before the dot, name) of every function that is called or handed on."""
    for top in nodes:
        for node in ast.walk(top):
            if isinstance(node, ast.Attribute):
                yield (node.value.id if isinstance(node.value, ast.Name) else "", node.attr)
            elif isinstance(node, ast.Name):
                yield ("", node.id)


def records(nodes: list[ast.stmt], known: dict[str, ast.FunctionDef]) -> bool:
    """Tell whether these statements append an entry, themselves or through a function of their module."""
    waiting, seen = [nodes], set()
    while waiting:
        for owner, name in calls(waiting.pop()):
            if (owner, name) in APPENDS:
                return True
            if name in known and name not in seen and owner in {"", "self", "bench"}:
                seen.add(name)
                waiting.append(known[name].body)
    return False


def opens(node: ast.With) -> bool:
    return any(
        isinstance(item.context_expr, ast.Call)
        and isinstance(item.context_expr.func, ast.Attribute)
        and item.context_expr.func.attr == "transaction"
        for item in node.items
    )


def silent(source: str) -> dict[str, int]:
    """Return how many transactions without an entry each function of a module opens."""
    known = functions(ast.parse(source))
    found = {}
    for name, function in known.items():
        blocks = [node for node in ast.walk(function) if isinstance(node, ast.With) and opens(node)]
        count = sum(not records(block.body, known) for block in blocks)
        if count:
            found[name] = count
    return found


@pytest.mark.promise(74)
def test_every_transaction_of_an_action_appends_an_entry():
    found = {
        f"{path.stem}.{name}": count
        for path in sorted(ACTIONS.glob("*.py"))
        for name, count in silent(path.read_text()).items()
    }
    assert found == {name: count for name, (count, _reason) in EXCEPTIONS.items()}


def test_actions_open_no_transaction_that_this_walk_would_miss():
    opened = sum(path.read_text().count("db.transaction()") for path in ACTIONS.glob("*.py"))
    walked = sum(
        isinstance(item.context_expr, ast.Call)
        and isinstance(item.context_expr.func, ast.Attribute)
        and item.context_expr.func.attr == "transaction"
        for path in ACTIONS.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.With)
        for item in node.items
    )
    assert walked == opened > 40
    assert not [
        path
        for path in ACTIONS.glob("*.py")
        if "engine.begin" in path.read_text() or "engine.connect" in path.read_text()
    ]


QUIET = """
def deed(db):
    with db.transaction() as tx:
        rows.change(tx)
"""
TOLD = """
def deed(db):
    with db.transaction() as tx:
        rows.change(tx)
        _note(tx)

def _note(tx):
    audit.append(tx, Kind.DEED)
"""
BESIDE = """
def deed(db):
    with db.transaction() as tx:
        rows.change(tx)
    with db.transaction() as tx:
        audit.append(tx, Kind.DEED)
"""


@pytest.mark.parametrize(("source", "count"), [(QUIET, {"deed": 1}), (TOLD, {}), (BESIDE, {"deed": 1})])
def test_the_walk_sees_a_silent_transaction(source, count):
    assert silent(source) == count
