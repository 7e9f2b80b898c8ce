"""What a list shows is exactly what single decisions allow, on generated worlds (promise 21)."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from docvault.database import residuals, tables
from docvault.database.engine import Database
from docvault.database.residuals import OF_ENVELOPES
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import ANYTHING, Acting, Permission, Resource, ResourceType, Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy.load(Path(__file__).parents[2] / "policies")
ORGANISATIONS = [f"o{number}" for number in range(4)]
PEOPLE = [f"p{number}" for number in range(5)]
STATES = ["draft", "sent", "completing", "completed", "declined", "voided", "expired"]

ROLES = ["viewer", "contributor", "signer", "manager", "denied"]
GONE = {"over": NOW - timedelta(seconds=1), "now": NOW, "soon": NOW + timedelta(seconds=1), "never": None}

# who has which role in a folder, and when that runs out; denials never do
grants = st.dictionaries(
    st.sampled_from(PEOPLE), st.tuples(st.sampled_from(ROLES), st.sampled_from(sorted(GONE))), max_size=4
)
# organisation, how many folders before this one its parent stands (0: at the top), grants, for whom a glass is broken
folders = st.lists(
    st.tuples(
        st.sampled_from(ORGANISATIONS),
        st.integers(0, 3),
        grants,
        st.dictionaries(st.sampled_from(PEOPLE), st.sampled_from(sorted(GONE)), max_size=2),
    ),
    max_size=6,
)
envelopes = st.lists(
    st.tuples(
        st.integers(0, 6),  # the folder, where there is one
        st.sampled_from(ORGANISATIONS),
        st.sampled_from(PEOPLE),
        st.sets(st.sampled_from(PEOPLE), max_size=3),
        st.sampled_from(STATES),
    ),
    max_size=6,
)
actors = st.builds(
    lambda role, organisations, clients, session, scopes: Acting(
        person_id="p0",
        organisation_id="o0",
        role=role,
        organisations=frozenset(organisations),
        clients=frozenset(clients),
        session_id="s",
        session_kind=session,
        factors="",
        name="",
        email="",
        address="",
        user_agent="",
        at=NOW,
        scopes=scopes,
    ),
    st.sampled_from(list(Role)),
    st.sets(st.sampled_from(ORGANISATIONS), max_size=2),
    st.sets(st.sampled_from(ORGANISATIONS)),
    st.sampled_from(["full", "full", "full", "enrol", "token"]),
    st.sampled_from([ANYTHING, ANYTHING, frozenset({"folder:see", "document:read"}), frozenset()]),
)


@pytest.fixture
def db(database_url):
    made = Database(database_url, POLICY)
    tables.METADATA.create_all(made.engine)
    with made.transaction() as tx:
        run = tx.connection.execute
        for name in ORGANISATIONS:
            run(insert(tables.organisations).values(id=name, name=name, kind="client", created_at=NOW))
        for name in PEOPLE:
            values = {"id": name, "organisation_id": "o0", "email": name, "name": name, "role": "client"}
            run(insert(tables.people).values(**values, state="active", created_at=NOW))
    yield made
    made.close()


def row(table, **values):
    """Return an INSERT that gives every other column that needs one some value: rules do not ask for them."""
    plain = {str: "0", int: 0, bool: False, bytes: b""}
    for column in table.columns:
        if column.name not in values and not column.nullable:
            moment = isinstance(column.type, tables.Moment)
            values[column.name] = NOW if moment else plain[column.type.python_type]
    return insert(table).values(values)


def parent_of(index, back):
    return index - back if 0 < back <= index else None


def ancestors(index, all_folders):
    """Return the numbers of a folder and of all that it lies in."""
    parent = parent_of(index, all_folders[index][1])
    return [index, *([] if parent is None else ancestors(parent, all_folders))]


def fill(tx, all_folders, generated_envelopes):
    run = tx.connection.execute
    emptied = (
        "recipients",
        "envelopes",
        "break_glass",
        "documents",
        "folder_members",
        "folder_paths",
        "folders",
    )
    for table in emptied:
        run(tables.METADATA.tables[table].delete())
    for index, (organisation, _back, granted, opened) in enumerate(all_folders):
        run(row(tables.folders, id=f"f{index}", organisation_id=organisation, created_by="p0"))
        run(row(tables.documents, id=f"d{index}", folder_id=f"f{index}", created_by="p0"))
        for ancestor in ancestors(index, all_folders):
            run(insert(tables.folder_paths).values(folder_id=f"f{index}", ancestor_id=f"f{ancestor}"))
        for person, (role, gone) in granted.items():
            ends_at = None if role == "denied" else GONE[gone]
            pair = {"folder_id": f"f{index}", "person_id": person}
            run(row(tables.folder_members, id=f"m{index}{person}", role=role, ends_at=ends_at, **pair))
        for person, gone in opened.items():
            pair = {"document_id": f"d{index}", "person_id": person}
            run(row(tables.break_glass, id=f"b{index}{person}", ends_at=GONE[gone], **pair))
    for index, (folder, organisation, sender, recipients, state) in enumerate(generated_envelopes):
        whose = {"organisation_id": organisation, "sender_id": sender, "state": state}
        place = f"f{folder % len(all_folders)}"
        run(row(tables.envelopes, id=f"e{index}", folder_id=place, **whose))
        for person in recipients:
            run(row(tables.recipients, id=f"r{index}{person}", envelope_id=f"e{index}", person_id=person))


def counts(gone):
    return gone in {"soon", "never"}


def folder_attributes(index, all_folders):
    along = [all_folders[number][2] for number in ancestors(index, all_folders)]
    live = [
        (person, role)
        for granted in along
        for person, (role, gone) in granted.items()
        if role == "denied" or counts(gone)
    ]
    sets = {"contributors": "contributor", "signers": "signer", "managers": "manager", "denied": "denied"}
    return {
        "organisation": all_folders[index][0],
        "members": frozenset(person for person, role in live if role != "denied"),
        **{name: frozenset(p for p, r in live if r == role) for name, role in sets.items()},
    }


def document_attributes(index, all_folders):
    opened = frozenset(person for person, gone in all_folders[index][3].items() if counts(gone))
    return {**folder_attributes(index, all_folders), "opened": opened}


def listed(tx, acting, permission, resource_type, mapping, table):
    condition = residuals.where(POLICY.residual(acting, permission, resource_type), mapping)
    question = select(table.c.id).where(condition)
    if table is tables.documents:
        question = question.select_from(tables.documents.join(tables.folders))
    return set(tx.connection.execute(question, {"at": acting.at}).scalars())


def decided(acting, permission, resources):
    return {each.id for each in resources if POLICY.decide(acting, permission, each).allowed}


QUIET = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@pytest.mark.slow
@pytest.mark.promise(21)
@settings(max_examples=20, **QUIET)
@given(acting=actors, generated_folders=folders, generated_envelopes=envelopes)
def test_lists_show_exactly_what_decisions_allow(db, acting, generated_folders, generated_envelopes):
    compare(db, acting, generated_folders, generated_envelopes)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.promise(21)
@settings(max_examples=500, **QUIET)
@given(acting=actors, generated_folders=folders, generated_envelopes=envelopes)
def test_many_lists_show_exactly_what_decisions_allow(db, acting, generated_folders, generated_envelopes):
    compare(db, acting, generated_folders, generated_envelopes)


def compare(db, acting, generated_folders, generated_envelopes):
    everything = [("o0", 0, {}, {}), *generated_folders]
    numbers = range(len(everything))
    things = {
        ResourceType.FOLDER: [
            Resource(ResourceType.FOLDER, f"f{i}", folder_attributes(i, everything)) for i in numbers
        ],
        ResourceType.DOCUMENT: [
            Resource(ResourceType.DOCUMENT, f"d{i}", document_attributes(i, everything)) for i in numbers
        ],
        ResourceType.ENVELOPE: [
            Resource(
                ResourceType.ENVELOPE,
                f"e{i}",
                {
                    "organisation": o,
                    "sender": sender,
                    "recipients": frozenset(recipients),
                    "state": state,
                    "hosts": frozenset(),  # of none here; tests/actions/test_in_person.py has some
                    **{
                        name: folder_attributes(folder % len(everything), everything)[name]
                        for name in OF_ENVELOPES
                    },
                },
            )
            for i, (folder, o, sender, recipients, state) in enumerate(generated_envelopes)
        ],
        ResourceType.ORGANISATION: [Resource(ResourceType.ORGANISATION, name) for name in ORGANISATIONS],
    }
    places = {
        ResourceType.FOLDER: (residuals.FOLDERS, tables.folders),
        ResourceType.DOCUMENT: (residuals.DOCUMENTS, tables.documents),
        ResourceType.ENVELOPE: (residuals.ENVELOPES, tables.envelopes),
        ResourceType.ORGANISATION: (residuals.ORGANISATIONS, tables.organisations),
    }
    with db.transaction() as tx:
        fill(tx, everything, generated_envelopes)
        for resource_type, resources in things.items():
            mapping, table = places[resource_type]
            for permission in Permission:
                shown = listed(tx, acting, permission, resource_type, mapping, table)
                assert shown == decided(acting, permission, resources), (permission, resource_type)
