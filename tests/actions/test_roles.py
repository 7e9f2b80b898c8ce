"""Another role: who gives it, with which proof, what ends with the old one, and that its owner is told."""

import pytest
from sqlalchemy import select

from docvault.actions import roles
from docvault.database import acting as actors
from docvault.database import messages, people, sessions, step_ups, tables
from docvault.database.sessions import Source
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.people import PersonRefused
from docvault.rules.proposals import TwoPeopleNeeded
from docvault.values import NotFound, new_id

from .members import with_mail
from .two_people import proof
from .world import NOW


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


def give(world, person_id, role, organisation_id, acting=None, step_up_id=None):
    acting = acting or world.administrator
    digest = roles.role_digest(person_id, role, organisation_id)
    roles.change_role(
        world.db,
        world.vault.records,
        acting=acting,
        person_id=person_id,
        role=role,
        organisation_id=organisation_id,
        step_up_id=step_up_id or proof(world, acting, step_ups.ROLE_CHANGE, digest),
        now=NOW,
    )


def row(world, person_id):
    with world.db.reading() as tx:
        return people.by_id(tx, person_id)


@pytest.mark.promise(18)
@pytest.mark.promise(19)
@pytest.mark.asvs("8.3.2")
def test_another_role_ends_every_session_and_the_clients_that_came_with_the_old_one(world):
    manager = world.manager
    with world.db.transaction() as tx:
        source = Source("203.0.113.7", "tests")
        begun = sessions.start(
            tx, people.by_id(tx, manager.person_id), kind="full", factors="x", source=source, now=NOW
        )
    give(world, manager.person_id, Role.CLIENT, world.globex)
    with world.db.reading() as tx:
        assert sessions.live(tx, begun.token, source, NOW) is None
        places = actors.places_of(tx, [manager.person_id], NOW)[manager.person_id]
    assert (places.organisations, places.clients) == ({world.globex}, frozenset())
    assert (row(world, manager.person_id).role, row(world, manager.person_id).organisation_id) == (
        Role.CLIENT,
        world.globex,
    )


@pytest.mark.promise(16)
def test_whoever_gets_another_role_is_told(world):
    give(world, world.client.person_id, Role.ACCOUNT_MANAGER, world.operator)
    with world.db.reading() as tx:
        mail = messages.newest(tx, world.vault.records).items
    assert [(each.recipient, each.values["what"]) for each in mail if "what" in each.values] == [
        (world.client.email, "role-changed")
    ]


@pytest.mark.promise(17)
@pytest.mark.asvs("7.5.3")
def test_a_proof_counts_for_one_person_role_and_organisation_only(world):
    digest = roles.role_digest(world.other_client.person_id, Role.CLIENT, world.acme)
    other = proof(world, world.administrator, step_ups.ROLE_CHANGE, digest)
    for step_up_id in (other, new_id()):
        with pytest.raises(StepUpInvalid):
            give(world, world.client.person_id, Role.CLIENT, world.globex, step_up_id=step_up_id)
    assert row(world, world.client.person_id).organisation_id == world.acme


@pytest.mark.promise(26)
@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER])
def test_nobody_alone_gives_a_role_that_decides_about_others(world, role):
    with pytest.raises(TwoPeopleNeeded):
        give(world, world.client.person_id, role, world.operator)
    assert row(world, world.client.person_id).role is Role.CLIENT


def test_roles_are_given_only_where_they_belong_and_not_to_oneself(world):
    for person, role, place in (
        (world.client, Role.CLIENT, world.operator),
        (world.client, Role.ACCOUNT_MANAGER, world.acme),
        (world.client, Role.CLIENT, world.acme),  # they have it already
        (world.administrator, Role.CLIENT, world.acme),
    ):
        with pytest.raises(PersonRefused):
            give(world, person.person_id, role, place)


@pytest.mark.promise(21)
def test_only_administrators_give_roles_and_a_made_up_person_is_not_found(world):
    for who in (world.officer, world.manager, world.client):
        with pytest.raises(Forbidden):
            give(world, world.other_client.person_id, Role.CLIENT, world.acme, acting=who)
    with pytest.raises(NotFound):
        give(world, new_id(), Role.CLIENT, world.acme)
    with world.db.reading() as tx:
        standings = tables.standings.c
        changed = select(standings.id).where(standings.ended_at.is_not(None))
        assert tx.connection.execute(changed).all() == []
