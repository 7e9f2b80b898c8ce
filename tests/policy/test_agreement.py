"""What a list shows is exactly what single decisions allow, on generated worlds (promise 21)."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from docvault.database import residuals, tables
from docvault.database.engine import Database
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import Acting, Permission, Resource, ResourceType, Role

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = Policy.load(Path(__file__).parents[2] / "policies")
ORGANISATIONS = [f"o{number}" for number in range(4)]
PEOPLE = [f"p{number}" for number in range(5)]
STATES = ["draft", "sent", "completing", "completed", "declined", "voided"]

member_roles = st.dictionaries(
    st.sampled_from(PEOPLE), st.sampled_from(["viewer", "contributor", "manager"]), max_size=4
)
folders = st.lists(st.tuples(st.sampled_from(ORGANISATIONS), member_roles), max_size=6)
envelopes = st.lists(
    st.tuples(
        st.sampled_from(ORGANISATIONS),
        st.sampled_from(PEOPLE),
        st.sets(st.sampled_from(PEOPLE), max_size=3),
        st.sampled_from(STATES),
    ),
    max_size=6,
)
actors = st.builds(
    lambda role, organisation, clients, session: Acting(
        person_id="p0",
        organisation_id=organisation,
        role=role,
        clients=frozenset(clients),
        session_id="s",
        session_kind=session,
        factors="",
        name="",
        email="",
        address="",
        user_agent="",
    ),
    st.sampled_from(list(Role)),
    st.sampled_from(ORGANISATIONS),
    st.sets(st.sampled_from(ORGANISATIONS)),
    st.sampled_from(["full", "full", "full", "enrol"]),
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


def fill(tx, generated_folders, generated_envelopes):
    run = tx.connection.execute
    for table in ("recipients", "envelopes", "documents", "folder_members", "folders"):
        run(tables.METADATA.tables[table].delete())
    for index, (organisation, members) in enumerate([("o0", {}), *generated_folders]):
        run(row(tables.folders, id=f"f{index}", organisation_id=organisation, created_by="p0"))
        run(row(tables.documents, id=f"d{index}", folder_id=f"f{index}", created_by="p0"))
        for person, role in members.items():
            run(row(tables.folder_members, folder_id=f"f{index}", person_id=person, role=role))
    for index, (organisation, sender, recipients, state) in enumerate(generated_envelopes):
        whose = {"organisation_id": organisation, "sender_id": sender, "state": state}
        run(row(tables.envelopes, id=f"e{index}", folder_id="f0", document_id="d0", **whose))
        for person in recipients:
            run(row(tables.recipients, id=f"r{index}{person}", envelope_id=f"e{index}", person_id=person))


def folder_attributes(organisation, members):
    chosen = {
        role: frozenset(p for p, r in members.items() if r == role) for role in ("contributor", "manager")
    }
    return {
        "organisation": organisation,
        "members": frozenset(members),
        "contributors": chosen["contributor"],
        "managers": chosen["manager"],
    }


def listed(tx, acting, permission, resource_type, mapping, table):
    condition = residuals.where(POLICY.residual(acting, permission, resource_type), mapping)
    question = select(table.c.id).where(condition)
    if table is tables.documents:
        question = question.select_from(tables.documents.join(tables.folders))
    return set(tx.connection.execute(question).scalars())


def decided(acting, permission, resources):
    return {each.id for each in resources if POLICY.decide(acting, permission, each).allowed}


@pytest.mark.promise(21)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acting=actors, generated_folders=folders, generated_envelopes=envelopes)
def test_lists_show_exactly_what_decisions_allow(db, acting, generated_folders, generated_envelopes):
    everything = [("o0", {}), *generated_folders]
    things = {
        ResourceType.FOLDER: [
            Resource(ResourceType.FOLDER, f"f{i}", folder_attributes(*each))
            for i, each in enumerate(everything)
        ],
        ResourceType.DOCUMENT: [
            Resource(ResourceType.DOCUMENT, f"d{i}", folder_attributes(*each))
            for i, each in enumerate(everything)
        ],
        ResourceType.ENVELOPE: [
            Resource(
                ResourceType.ENVELOPE,
                f"e{i}",
                {"organisation": o, "sender": sender, "recipients": frozenset(recipients), "state": state},
            )
            for i, (o, sender, recipients, state) in enumerate(generated_envelopes)
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
        fill(tx, generated_folders, generated_envelopes)
        for resource_type, resources in things.items():
            mapping, table = places[resource_type]
            for permission in Permission:
                shown = listed(tx, acting, permission, resource_type, mapping, table)
                assert shown == decided(acting, permission, resources), (permission, resource_type)
