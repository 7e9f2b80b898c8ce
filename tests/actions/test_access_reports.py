"""Who could see what at any moment: against a simple model of generated histories, and case by case."""

import csv
import io
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from docvault.actions.access_reports import (
    VERBS,
    find_folders,
    find_people,
    what_as_csv,
    what_could_they_see,
    who_as_csv,
    who_could_see,
)
from docvault.actions.folders import create_folder, create_folder_inside
from docvault.actions.policies import note_policies
from docvault.actions.sharing import keep_out, share_folder
from docvault.database import acting as actors
from docvault.database import organisations, people, periods, policy_history, tables
from docvault.database.engine import Database
from docvault.database.people import PersonState
from docvault.policy.engine import Forbidden, Policy
from docvault.policy.vocabulary import Role
from docvault.rules.reports import MomentUnclear
from docvault.values import NotFound, new_id

from . import envelope_world as signing
from .world import NOW, POLICIES, person, standing

DAY = timedelta(days=1)
LATER = NOW + 400 * DAY


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def make(world, name="Contracts", now=NOW):
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name=name,
        kind="contract",
        now=now,
    )


def inside(world, parent, now=NOW):
    return create_folder_inside(
        world.db, world.vault, acting=world.manager, parent_id=parent, name="Inside", kind="general", now=now
    )


def who(world, folder, at=None, acting=None, now=LATER):
    return who_could_see(world.db, acting=acting or world.officer, folder_id=folder, at=at, now=now)


def what(world, whom, at=None, now=LATER, **more):
    return what_could_they_see(
        world.db, acting=world.officer, person_id=whom.person_id, at=at, now=now, **more
    )


def names(report):
    return {one.name for one in report.viewers}


# --- case by case -------------------------------------------------------------------------------------------


def test_a_share_shows_on_the_days_it_lasted_and_on_no_other(world):
    folder = make(world)
    monday, friday = NOW + DAY, NOW + 5 * DAY
    whom = {"folder_id": folder, "person_id": world.other_manager.person_id}
    share_folder(world.db, acting=world.manager, role="contributor", now=monday, **whom)
    keep_out(world.db, acting=world.manager, now=friday, **whom)
    assert "Otto Manager" not in names(who(world, folder, monday - timedelta(microseconds=1)))
    during = who(world, folder, monday)
    otto = next(one for one in during.viewers if one.name == "Otto Manager")
    assert otto.rights.verbs == ("see", "read", "download", "upload", "arrange", "change")
    assert [rule.id for rule in otto.rights.because] == ["members-see-folders"]
    assert "Otto Manager" not in names(who(world, folder, friday))
    history = [
        (one.role, one.starts_at, one.ended_at, one.started_by, one.ended_by) for one in during.history
    ]
    assert history == [
        ("denied", friday, None, "Maya Manager", None),
        ("contributor", monday, friday, "Maya Manager", "Maya Manager"),
    ]


def test_a_report_says_what_each_person_could_do(world):
    report = who(world, make(world), NOW)
    assert {one.name: one.rights.verbs for one in report.viewers} == {
        "Clara Client": ("see", "read", "download", "upload", "arrange", "change", "sign"),
        "Maya Manager": tuple(VERBS.values()),
        "Olga Officer": ("see",),
    }


def test_a_folder_that_was_not_there_yet_was_seen_by_nobody(world):
    folder = make(world, now=NOW + DAY)
    report = who(world, folder, NOW)
    assert (report.existed, report.viewers) == (False, [])
    assert what(world, world.client, NOW).folders.items == []
    assert [one.folder.id for one in what(world, world.client, NOW + DAY).folders.items] == [folder]


def test_roles_accounts_and_memberships_are_those_of_the_moment(world):
    folder = make(world)
    with world.db.transaction() as tx:
        clara = people.by_id(tx, world.client.person_id)
        people.set_state(tx, clara, PersonState.DISABLED, by=None, now=NOW + DAY)
        gil = world.other_client.person_id
        organisations.join(tx, world.administrator, gil, world.acme, NOW + DAY)
        organisations.leave(tx, world.administrator, gil, world.acme, NOW + 2 * DAY)
    assert names(who(world, folder, NOW)) == {"Clara Client", "Maya Manager", "Olga Officer"}
    assert names(who(world, folder, NOW + DAY)) == {"Gil Client", "Maya Manager", "Olga Officer"}
    assert names(who(world, folder, NOW + 2 * DAY)) == {"Maya Manager", "Olga Officer"}
    assert what(world, world.client, NOW + DAY).role is None
    history = what(world, world.other_client).history
    assert sorted(one.what for one in history) == ["member", "member", "standing"]


def test_what_a_person_could_see_counts_documents_and_tells_states_of_that_moment(tmp_path):
    made = signing.build_signing(tmp_path)
    world = made.world
    envelope = signing.draft(made)
    drafted = what(world, world.manager, NOW)
    assert [(one.id, one.state) for one in drafted.envelopes] == [(envelope, "draft")]
    assert [one.folder.documents for one in drafted.folders.items] == [1]
    assert what(world, world.client, NOW).envelopes == []  # a recipient sees it once it was sent
    with world.db.transaction() as tx:
        sent = tables.envelopes.update().values(state="voided", sent_at=NOW + DAY, changed_at=NOW + 2 * DAY)
        tx.connection.execute(sent)
    for moment, state in ((NOW, "draft"), (NOW + DAY, "sent"), (NOW + 2 * DAY, "voided")):
        assert [one.state for one in what(world, world.manager, moment).envelopes] == [state]
    assert [one.state for one in what(world, world.client, NOW + DAY).envelopes] == ["sent"]
    made.pdf.close()
    made.vault.close()
    made.db.close()


def test_a_long_report_comes_in_pages_and_the_table_has_all_of_it(world):
    made = {make(world, f"Folder {n}", NOW + timedelta(minutes=n)) for n in range(7)}
    found, after = [], None
    while True:
        page = what(world, world.client, limit=3, after=after)
        assert page.total == 7
        found += [one.folder.id for one in page.folders.items]
        after = page.folders.next
        if after is None:
            break
    assert sorted(found) == sorted(made)
    body = what_as_csv(world.db, acting=world.officer, person_id=world.client.person_id, now=LATER)
    assert {row["id"] for row in csv.DictReader(io.StringIO(body.decode()))} == made


def test_the_table_runs_no_formula(world):
    folder = make(world)
    evil = person(world.db, "=HYPERLINK(1)", Role.CLIENT, world.acme)
    body = who_as_csv(world.db, acting=world.officer, folder_id=folder, now=LATER).decode()
    rows = {row["person_id"]: row for row in csv.DictReader(io.StringIO(body))}
    assert rows[evil.person_id]["name"] == "'=HYPERLINK(1)"
    assert rows[evil.person_id]["see"] == "yes"
    assert rows[evil.person_id]["share"] == "no"
    assert "\r\n" in body  # RFC 4180


@pytest.mark.promise(74)
def test_each_report_is_an_entry_before_anything_of_it_is_read(world):
    folder = make(world)
    who(world, folder)
    what(world, world.client)
    who_as_csv(world.db, acting=world.officer, folder_id=folder, now=LATER)
    what_as_csv(world.db, acting=world.officer, person_id=world.client.person_id, now=LATER)
    clara = world.client.person_id
    about = [folder, clara, folder, clara]
    assert world.entries()[1:] == [("access:reported", one) for one in about]


@pytest.mark.parametrize("name", ["administrator", "manager", "client"])
def test_only_compliance_reports(world, name):
    folder, acting, before = make(world), world.everybody[name], None
    before = world.rows()
    for ask in (
        lambda: who(world, folder, acting=acting),
        lambda: find_folders(world.db, acting=acting, words="a"),
        lambda: find_people(world.db, acting=acting, words="a"),
        lambda: what_as_csv(world.db, acting=acting, person_id=world.client.person_id, now=LATER),
        lambda: what_could_they_see(world.db, acting=acting, person_id=world.client.person_id, now=LATER),
    ):
        with pytest.raises(Forbidden):
            ask()
    assert world.rows() == before


@pytest.mark.parametrize(
    "at",
    [LATER + timedelta(seconds=1), datetime(2026, 3, 2, 9, 30), datetime.max.replace(tzinfo=UTC)],  # noqa: DTZ001 - what is refused
)
def test_a_moment_to_come_or_without_a_zone_is_refused(world, at):
    folder = make(world)
    before = world.rows()
    with pytest.raises(MomentUnclear):
        who(world, folder, at)
    assert world.rows() == before


def test_nothing_is_reported_about_what_is_not_there(world):
    before = world.rows()
    with pytest.raises(NotFound):
        who(world, new_id())
    with pytest.raises(NotFound):
        what_could_they_see(world.db, acting=world.officer, person_id=new_id(), now=LATER)
    assert world.rows() == before


def test_a_report_says_when_the_rules_changed_since(world, tmp_path):
    folder = make(world)
    assert note_policies(world.db, now=NOW)
    assert not note_policies(world.db, now=NOW + DAY)
    assert who(world, folder, NOW).rules.changed_at == []
    changed = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    (changed / "folders.cedar").write_text((changed / "folders.cedar").read_text() + "// a remark\n")
    other = Database(world.db.url, Policy.load(changed))
    assert note_policies(other, now=NOW + 2 * DAY)
    other.close()
    report = who(world, folder, NOW + DAY)
    assert report.rules.recorded_from == NOW
    assert report.rules.changed_at == [NOW + 2 * DAY]
    assert who(world, folder, NOW + 2 * DAY).rules.changed_at == []
    with world.db.reading() as tx:
        assert len(policy_history.loaded(tx)) == 2


# --- generated histories against a simple model -------------------------------------------------------------

PEOPLE = 3
FOLDERS = 3
STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("share"),
            st.integers(0, PEOPLE - 1),
            st.integers(0, FOLDERS - 1),
            st.sampled_from(["viewer", "contributor", "manager", "denied"]),
            st.sampled_from([None, 1, 3]),
        ),
        st.tuples(st.just("end"), st.integers(0, PEOPLE - 1), st.integers(0, FOLDERS - 1)),
        st.tuples(st.just("join"), st.integers(0, PEOPLE - 1), st.sampled_from([None, 2])),
        st.tuples(st.just("leave"), st.integers(0, PEOPLE - 1)),
        st.tuples(
            st.just("role"),
            st.integers(0, PEOPLE - 1),
            st.sampled_from([Role.CLIENT, Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER]),
        ),
        st.tuples(st.just("state"), st.integers(0, PEOPLE - 1), st.sampled_from(["active", "disabled"])),
    ),
    max_size=14,
)


class Model:
    """What holds at each step, written down as plain facts; folder n lies in folder n - 1."""

    def __init__(self):
        self.shares, self.members = {}, {}
        self.roles = dict.fromkeys(range(PEOPLE), Role.CLIENT)
        self.states = dict.fromkeys(range(PEOPLE), "active")

    def take(self, step, day):
        kind, who, *rest = step
        if kind == "share" and not self._live(self.shares.get((who, rest[0])), day):
            folder, role, days = rest
            self.shares[who, folder] = (role, None if role == "denied" or days is None else day + days)
        elif kind == "end":
            self.shares.pop((who, rest[0]), None)
        elif kind == "join" and not self._live(self.members.get(who), day):
            self.members[who] = ("member", None if rest[0] is None else day + rest[0])
        elif kind == "leave":
            self.members.pop(who, None)
        elif kind == "role":
            self.roles[who] = rest[0]
        elif kind == "state":
            self.states[who] = rest[0]

    @staticmethod
    def _live(grant, day):
        return grant is not None and (grant[1] is None or grant[1] > day)

    def sees(self, who, folder, day):
        along = [self.shares.get((who, each)) for each in range(folder + 1)]
        roles = {grant[0] for grant in along if self._live(grant, day)}
        if self.states[who] != "active" or self.roles[who] is Role.ADMINISTRATOR or "denied" in roles:
            return False
        if self.roles[who] is Role.COMPLIANCE_OFFICER or roles:
            return True
        return self._live(self.members.get(who), day)


def carry_out(tx, world, folders, cast, step, now):
    """Do a step with the functions of the portal; `cast` are ids."""
    kind, who, *rest = step
    admin = world.administrator
    if kind == "share":
        folder, role, days = rest
        what = {"folder_id": folders[folder], "person_id": cast[who]}
        ends_at = None if role == "denied" or days is None else now + days * DAY
        periods.begin(tx, tables.folder_members, what, by=None, now=now, ends_at=ends_at, role=role)
    elif kind == "end":
        what = {"folder_id": folders[rest[0]], "person_id": cast[who]}
        periods.finish(tx, tables.folder_members, what, by=None, now=now)
    elif kind == "join":
        until = None if rest[0] is None else now + rest[0] * DAY
        organisations.join(tx, admin, cast[who], world.acme, now, until)
    elif kind == "leave":
        organisations.leave(tx, admin, cast[who], world.acme, now)
    else:
        somebody = people.by_id(tx, cast[who])
        if kind == "role":
            people.set_role(tx, somebody, rest[0], by=None, now=now)
        else:
            people.set_state(tx, somebody, PersonState(rest[0]), by=None, now=now)


STORIES = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
STORY = {"steps": STEPS, "moments": st.lists(st.integers(-1, 20), min_size=1, max_size=4)}


@settings(max_examples=6, **STORIES)
@given(**STORY)
def test_reports_agree_with_what_was_written_down_day_by_day(world, steps, moments):
    hold_against_the_model(world, steps, moments)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@settings(max_examples=200, **STORIES)
@given(**STORY)
def test_reports_agree_through_many_stories(world, steps, moments):
    hold_against_the_model(world, steps, moments)


def everything_they_could_see(world, person_id, moment):
    """Follow the report to its last page: folders of earlier stories are on it as well."""
    listed, after = set(), None
    while True:
        shown = what_could_they_see(
            world.db, acting=world.officer, person_id=person_id, at=moment, after=after, now=LATER
        )
        listed |= {one.folder.id for one in shown.folders.items}
        after = shown.folders.next
        if after is None:
            return shown.role, listed


def hold_against_the_model(world, steps, moments):
    cast = [person(world.db, f"Person {n}", Role.CLIENT, world.globex).person_id for n in range(PEOPLE)]
    folders = [make(world, "Top")]
    for _ in range(FOLDERS - 1):
        folders.append(inside(world, folders[-1]))
    model, seen = Model(), {}
    for day in range(len(steps)):
        now = NOW + day * DAY + timedelta(seconds=1)
        with world.db.transaction() as tx:
            carry_out(tx, world, folders, cast, steps[day], now)
        model.take(steps[day], day)
        # Asked in the middle of the day, of a model that knows only what has happened so far.
        seen[day] = {
            (who, folder)
            for who in range(PEOPLE)
            for folder in range(FOLDERS)
            if model.sees(who, folder, day)
        }
    for asked in moments:
        moment = NOW + asked * DAY + timedelta(hours=12) if asked >= 0 else NOW
        expected = seen.get(asked, set()) if asked < len(steps) else later(model, asked)
        reported = {
            (cast.index(one.person_id), number)
            for number, folder in enumerate(folders)
            for one in who(world, folder, moment).viewers
            if one.person_id in cast
        }
        assert reported == expected
        for number in range(PEOPLE):
            with world.db.reading() as tx:
                then = actors.as_of(tx, cast[number], moment)
            role, listed = everything_they_could_see(world, cast[number], moment)
            assert (then is None) == (role is None)
            theirs = listed & set(folders)
            assert theirs == {folders[folder] for who_, folder in expected if who_ == number}


def later(model, day):
    """What holds on a day after the last step: only end dates passed since."""
    return {
        (who, folder) for who in range(PEOPLE) for folder in range(FOLDERS) if model.sees(who, folder, day)
    }


def test_folders_that_are_shared_alike_cost_one_decision(world, monkeypatch):
    rows = [
        {
            "id": new_id(),
            "organisation_id": world.acme,
            "name": f"F{n}",
            "kind": "general",
            "created_by": world.manager.person_id,
            "created_at": NOW + timedelta(seconds=n),
        }
        for n in range(300)
    ]
    with world.db.transaction() as tx:
        tx.connection.execute(insert(tables.folders), rows)
        paths = [{"folder_id": row["id"], "ancestor_id": row["id"]} for row in rows]
        tx.connection.execute(insert(tables.folder_paths), paths)
    asked, explain = [], Policy.explain
    monkeypatch.setattr(Policy, "explain", lambda *words: asked.append(words) or explain(*words))
    found = what(world, world.client, NOW + DAY, limit=200)
    assert len(found.folders.items) == 200
    assert len(asked) == 1
