"""The classes of holes that portals like this one were published with, each with the tests that keep it shut.

EVERY_CLASS is the list at the end of our threat model that is about identity and access. A class whose tests stand
with their subject names them, so that none is lost; the others are tried here.
"""

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from actions import envelope_world as signing
from actions.world import set_state
from docvault import wiring
from docvault.actions import envelopes
from docvault.database import challenges, tables
from docvault.database.people import PersonState
from docvault.encryption.errors import EncryptionError
from docvault.policy import numbers
from docvault.policy.engine import default_folder
from docvault.settings import Settings
from docvault.values import new_id
from docvault.web.cookies import CHALLENGE
from every_key import every_key
from web import house as houses
from web.matrix import MATRIX
from web.rows import ASKED_READ, READ
from web.test_matrix import send, word

TESTS = Path(__file__).parents[1]

EVERY_CLASS = {
    "half-authenticated credential against every route and scheme": [
        "web/test_sign_in.py::test_a_challenge_opens_nothing_but_the_factors_own_routes",
        "security/test_half_authenticated.py::test_no_part_of_a_credential_opens_a_route",
        "web/test_matrix.py::test_each_visitor_gets_what_the_matrix_says",
        "actions/test_step_ups.py::test_a_session_that_owes_a_factor_confirms_nothing",
    ],
    "second factor skipped by clock, restart or provider failure": [
        "security/test_two_servers.py::test_a_used_code_stays_used_after_a_restart_and_when_the_clock_goes_back",
        "security/test_classes_of_holes.py::test_no_factor_is_skipped_because_something_behind_it_fails",
    ],
    "limits absent on the default install, per process, or by a spoofed header": [
        "security/test_two_servers.py::test_a_locked_account_is_locked_in_both_servers_after_a_restart_and_by_every_name",
        "security/test_two_servers.py::test_the_hundredth_wrong_code_stops_the_factor_in_both_servers_for_good",
        "security/test_classes_of_holes.py::test_no_installation_is_without_limits",
        "security/test_peer.py::test_a_forged_header_line_before_the_proxys_own_is_not_believed",
    ],
    "failed authentication that writes state": [
        "actions/test_sessions.py::test_a_wrong_password_writes_nothing_but_counters_and_events",
        "actions/test_sessions.py::test_a_wrong_code_writes_nothing_but_counters_and_events",
        "actions/test_step_ups.py::test_a_wrong_code_leaves_session_and_proofs_alone",
    ],
    "one-time code replayed in parallel": [
        "security/test_two_servers.py::test_a_code_given_50_times_at_once_over_both_servers_opens_one_session",
        "actions/test_sessions.py::test_a_recovery_code_used_20_times_at_once_works_once",
        "database/test_at_once.py::test_one_proof_spent_ten_times_at_once_counts_once",
    ],
    "another user's object by id, also in searches, bodies and errors": [
        "web/test_matrix.py::test_what_is_somebody_elses_and_what_is_not_there_answer_the_same_bytes",
        "security/test_classes_of_holes.py::test_somebody_elses_id_in_a_body_or_a_filter_is_an_id_that_is_not_there",
        "security/test_classes_of_holes.py::test_no_search_and_no_list_finds_what_is_somebody_elses",
    ],
    "access checked where managing was meant": [
        "security/test_classes_of_holes.py::test_who_may_see_or_sign_may_not_manage",
    ],
    "pending, expired, revoked and former states that still work": [
        "security/test_classes_of_holes.py::test_nobody_of_a_former_or_pending_state_is_let_in_anywhere",
        "actions/test_people.py::test_disabling_counts_at_the_next_request_everywhere",
        "actions/test_sessions.py::test_a_session_or_challenge_left_over_opens_nothing_for_somebody_without_rights",
    ],
    "secrets in clear in any store": [
        "limits/test_canaries.py::test_nothing_readable_is_left_on_the_disk_or_in_a_log",
        "actions/test_sessions.py::test_no_secret_lies_readable_in_the_database",
    ],
    "path and query naming different objects": [
        "web/test_strict_requests.py::test_no_name_stands_in_two_places_of_a_request",
        "web/test_strict_requests.py::test_an_address_says_nothing_twice_and_nothing_unknown",
        "web/test_strict_requests.py::test_no_body_says_a_field_twice",
    ],
    "strings accepted as booleans": [
        "web/test_strict_requests.py::test_texts_numbers_and_yes_or_no_are_never_taken_for_each_other",
    ],
    "recipients changing limits": [
        "security/test_classes_of_holes.py::test_who_may_see_or_sign_may_not_manage",
    ],
    "renditions behind a weaker gate": [
        "security/test_classes_of_holes.py::test_every_rendition_of_a_document_has_the_gate_of_the_document",
    ],
    "deny rules that vanish through a share": [
        "actions/test_sharing.py::test_whoever_is_kept_out_gets_nothing_here_and_below_whatever_lets_them_in",
        "actions/test_sharing.py::test_ending_or_changing_a_share_does_not_lift_a_denial",
        "policy/test_agreement.py::test_lists_show_exactly_what_decisions_allow",
    ],
    "sender signing with the signer's link": [
        "security/test_classes_of_holes.py::test_a_sender_does_not_sign_for_a_signer",
        "actions/test_ceremonies.py::test_nobody_signs_for_somebody_else",
    ],
    "shipped default keys": [
        "security/test_classes_of_holes.py::test_two_installations_share_no_secret_and_none_comes_with_an_account",
    ],
}


def names_of_tests() -> set[str]:
    return {
        f"{path.relative_to(TESTS)}::{node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_class_has_its_tests():
    named = {name for names in EVERY_CLASS.values() for name in names}
    assert all(EVERY_CLASS.values())
    assert named - names_of_tests() == set()


@pytest.fixture(scope="module")
def house(tmp_path_factory, pdf):
    yield from houses.standing(tmp_path_factory.mktemp("house"), pdf)


# --- the second factor --------------------------------------------------------------------------------------------


@pytest.mark.promise(1)
@pytest.mark.asvs("6.3.4")
@pytest.mark.parametrize("path", ["totp", "recovery"])
def test_no_factor_is_skipped_because_something_behind_it_fails(site, monkeypatch, path):
    """Keys that are away, a database that breaks off, a clock that fails: an error, and nobody is signed in."""
    world, portal = site.world, site.portal
    with world.db.transaction() as tx:
        token = challenges.start(tx, world.client.person_id, portal.clock())
    before = site.count("sessions")

    def fails(*_args, **_kwargs):
        raise EncryptionError("the key is away")

    broken = {
        "totp": ["docvault.database.factors.judge_code", "docvault.database.arrivals.let_in"],
        "recovery": ["docvault.database.factors.judge_recovery_code"],
    }
    for target in broken[path]:
        with monkeypatch.context() as patch:
            patch.setattr(target, fails)
            browser = site.visit()
            browser.headers["cookie"] = f"{CHALLENGE}={token}"
            answer = browser.post(f"/api/v1/session/{path}", json={"code": "123456"})
        assert answer.status_code in {401, 500}
        assert "__Host-docvault=" not in str(answer.headers)
    assert site.count("sessions") == before


@pytest.mark.promise(7)
@pytest.mark.asvs("6.3.1")
def test_no_installation_is_without_limits(tmp_path):
    """The default policy has them, and a policy without, or with laxer ones than promised, is none."""
    shipped = numbers.load(default_folder()).passwords.throttle
    assert (shipped.free_tries, shipped.longest_delay_seconds, shipped.factor_stops_at) == (5, 3600, 100)
    for path in default_folder().glob("*.toml"):
        (tmp_path / path.name).write_text(path.read_text())
    whole = (tmp_path / "passwords.toml").read_text()
    for old, new in [
        ("[throttle]", "[throttles]"),
        ("free_tries = 5", "free_tries = 1000"),
        ("factor_stops_at = 100", "factor_stops_at = 0"),
        ("first_delay_seconds = 1 ", "first_delay_seconds = 0 "),
        ("free_tries = 5\n", ""),
    ]:
        assert old in whole
        (tmp_path / "passwords.toml").write_text(whole.replace(old, new, 1))
        with pytest.raises(numbers.NumbersInvalid):
            numbers.load(tmp_path)


# --- objects ------------------------------------------------------------------------------------------------------

THINGS = ("{document}", "{acme}", "{client}", "{manager}", "{person_id}", "{upload_metadata}")
NAMING = [row for row in MATRIX if any(thing in str((row.json, row.form, row.headers)) for thing in THINGS)]


@pytest.mark.promise(21)
@pytest.mark.asvs("8.2.2")
@pytest.mark.asvs("8.4.1")
@pytest.mark.parametrize("row", NAMING, ids=lambda row: f"{row.method} {row.path}")
def test_somebody_elses_id_in_a_body_or_a_filter_is_an_id_that_is_not_there(house, row):
    """The path names what is one's own, the body what is Globex's: as if it were nobody's."""
    in_path = {
        name: house.ids[name] for name in house.ids if name.endswith("_id") and f"{{{name}:" in row.path
    }
    random = house.random()
    random["upload_metadata"] = houses.metadata(folder=random["folder_id"], filename="a.pdf")
    for name in ("manager", "client"):
        browser = house.visitor(name)
        answers = [
            send(house, browser, row, named | in_path | {"visitor": name})
            for named in (house.foreign, random)
        ]
        told = [(answer.status_code, scrubbed(answer, house.foreign, random)) for answer in answers]
        assert told[0] == told[1], name
        assert answers[0].status_code >= 400 or answers[0].is_redirect


def scrubbed(answer, *named) -> bytes:
    """Return the answer without the ids that were sent: a page shows a form as it was filled in."""
    body = answer.content
    for ids in named:
        for value in ids.values():
            body = body.replace(value.encode(), b"ID") if len(value) > 20 else body
    return body


@pytest.mark.promise(21)
@pytest.mark.asvs("8.4.1")
def test_no_search_and_no_list_finds_what_is_somebody_elses(house):
    world = house.site.world
    foreign = {
        *(value for value in house.foreign.values() if len(value) == 26),
        "Globex",
        world.other_client.name,
    }
    for row in MATRIX:
        if row.method != "GET" or "_id" in row.path or row.answers.split()[5] != "in":
            continue
        browser = house.visitor("client")
        for query in ("", f"?search={world.other_client.name}", f"?organisation={world.globex}"):
            answer = browser.get(
                house.fill(row.path + (row.query or query), house.ids), follow_redirects=False
            )
            text = answer.text.replace(query.partition("=")[2], "") if query else answer.text
            assert not [name for name in foreign if name in text], (row.path, query)


@pytest.mark.promise(22)
@pytest.mark.asvs("8.2.1")
def test_who_may_see_or_sign_may_not_manage(house):
    """The client sees the folder and signs the envelope: every route that changes either of them refuses."""
    managing = (
        "/share",
        "/unshare",
        "/members",
        "/fields",
        "/send",
        "/void",
        "/remind",
        "/prepare",
        "/recipients",
    )
    rows = [
        row
        for row in MATRIX
        if ("{folder_id" in row.path or "{envelope_id" in row.path)
        and (row.method != "GET" or row.path.endswith("/prepare"))
        and any(row.path.rstrip("}").split("/{person_id")[0].endswith(end) for end in managing)
    ]
    assert len(rows) >= 10
    for row in rows:
        answer = send(house, house.visitor("client"), row, house.ids)
        assert answer.status_code == 403, row.path


RENDITIONS = ("/content", "/pages/{page:int}", "/text", "/signatures", "/pages/{page:int}/text")


@pytest.mark.promise(42)
@pytest.mark.asvs("8.2.2")
def test_every_rendition_of_a_document_has_the_gate_of_the_document():
    """The folder's for a document, and the envelope's, which somebody without an account may be asked in."""
    handed_in = (
        "{attachment_id",
        "{paper_id",
        "{sheet_id",
    )  # a signer's own until completion: fewer see them
    rows = [
        row
        for row in MATRIX
        if row.path.endswith(RENDITIONS) and not any(part in row.path for part in handed_in)
    ]
    gates = {
        "/documents/{document_id": READ,
        "/envelopes/{envelope_id": ASKED_READ,
        "/sign/{envelope_id": ASKED_READ,
    }
    assert len(rows) >= 10
    for row in rows:
        [gate] = [gate for path, gate in gates.items() if path in row.path]
        assert row.answers.split() == gate.split(), (row.method, row.path)


# --- states -------------------------------------------------------------------------------------------------------


STATES = {
    "signed out": {"ended_at": timedelta(0)},
    "too old": {"expires_at": timedelta(0)},
    "idle": {"seen_at": -timedelta(hours=2)},
}


def leave_over(house, name: str, state: str):
    """Return a browser of `name` whose session or person came into `state` behind its back."""
    browser, now = house.visitor(name), house.site.portal.clock()
    acting = getattr(house.site.world, name)
    with house.site.world.db.transaction() as tx:
        if state in STATES:
            values = {column: now + moved for column, moved in STATES[state].items()}
            tx.connection.execute(
                update(tables.sessions)
                .where(tables.sessions.c.person_id == acting.person_id)
                .values(**values)
            )
        else:
            set_state(tx, acting.person_id, PersonState(state))
    return browser


CLOSED = [
    row for row in MATRIX if row.answers.startswith("out") and not row.path.startswith(("/login", "/logout"))
]
CLOSED = [row for row in CLOSED if not row.path.startswith("/api/v1/session/")]


@pytest.mark.promise(15)
@pytest.mark.promise(19)
@pytest.mark.asvs("7.4.1")
@pytest.mark.asvs("7.4.2")
@pytest.mark.asvs("8.3.2")
@pytest.mark.parametrize("state", [*STATES, PersonState.INVITED, PersonState.DISABLED, PersonState.FROZEN])
def test_nobody_of_a_former_or_pending_state_is_let_in_anywhere(tmp_path, pdf, state):
    for own in houses.standing(tmp_path, pdf):
        browser = leave_over(own, "manager", state)
        for row in CLOSED:
            answer = send(own, browser, row, own.ids | {"visitor": "manager"})
            assert word(answer) == "out", (state, row.path, answer.status_code)


# --- signing ------------------------------------------------------------------------------------------------------


@pytest.mark.promise(62)
def test_a_sender_does_not_sign_for_a_signer(site):
    """The sender may read and manage everything about the envelope, and holds whatever link the signer was sent."""
    made, client, manager = site.made, site.world.client, site.world.manager
    envelope_id = signing.sent(made, (client, 1))
    signing.ceremony(made, client, envelope_id)
    browser = site.sign_in(manager)
    base = f"/api/v1/envelopes/{envelope_id}/ceremony"
    for method, path in (("GET", base), ("POST", f"{base}/pages")):
        answer = browser.request(method, path, json={"pages": [1]} if path.endswith("pages") else None)
        assert answer.status_code == 403, (path, answer.status_code)
    body = {
        "step_up": new_id(),
        "answers": {},
        "signature": {"kind": "typed", "text": client.name, "style": "caveat"},
    }
    assert browser.post(f"{base}/sign", json=body).status_code == 403
    assert envelopes.show_envelope(made.db, acting=manager, envelope_id=envelope_id).signed == 0


# --- keys ---------------------------------------------------------------------------------------------------------


PRIVATE_KEY = rb"BEGIN [A-Z ]*PRIVATE KEY-----\s*[A-Za-z0-9+/]"  # with what follows: the word alone is no key


@pytest.mark.asvs("6.3.2")
@pytest.mark.promise(56)
def test_two_installations_share_no_secret_and_none_comes_with_an_account(tmp_path):
    portals = [wiring.prepare(Settings(data=tmp_path / name)) for name in ("one", "two")]
    try:
        keys = [every_key(portal.db, portal.settings.root_key_path.read_text()) for portal in portals]
        for name in ("root", "master:1", "key:log", "key:pepper", "key:ca-root"):
            assert keys[0][name] != keys[1][name], name
        for portal in portals:
            with portal.db.reading() as tx:
                assert (
                    tx.connection.execute(select(func.count()).select_from(tables.people)).scalar_one() == 0
                )
    finally:
        for portal in portals:
            portal.close()
    shipped = [
        path
        for path in (TESTS.parent / "src").rglob("*")
        if path.is_file() and re.search(PRIVATE_KEY, path.read_bytes())
    ]
    assert shipped == []
