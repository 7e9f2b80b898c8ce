import pytest
from sqlalchemy import select

from docvault.actions import organisations
from docvault.database import tables
from docvault.database.organisations import OrganisationKnown
from docvault.policy.engine import Forbidden
from docvault.rules.people import OrganisationRefused, PersonRefused
from docvault.values import NotFound, OrganisationId, PersonId, new_id

from .world import NOW, half_signed_in, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def create(world, name, acting=None):
    return organisations.create_organisation(
        world.db, acting=acting or world.administrator, name=name, now=NOW
    )


def names(world, acting):
    return [each.name for each in organisations.list_organisations(world.db, acting=acting)]


def assign(world, person_id, organisation_id, acting=None):
    organisations.assign_client(
        world.db,
        acting=acting or world.administrator,
        person_id=person_id,
        organisation_id=organisation_id,
        now=NOW,
    )


def test_an_administrator_adds_a_client(world):
    created = create(world, "  Initech \n Ltd ")
    assert "Initech Ltd" in names(world, world.administrator)
    assert world.entries()[-1] == ("organisation:created", created)


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "a\x00b", "\ud800", "evil\u202egnp.exe"])
def test_a_name_that_cannot_be_used_is_refused(world, name):
    before = world.rows()
    with pytest.raises(OrganisationRefused):
        create(world, name)
    assert world.rows() == before


def test_two_organisations_have_two_names(world):
    with pytest.raises(OrganisationKnown):
        create(world, "Acme Industries")


@pytest.mark.promise(28)
def test_everybody_sees_the_organisations_that_concern_them(world):
    everything = ["Acme Industries", "Globex Trading", "Northwind Advisory"]
    assert names(world, world.administrator) == everything
    assert names(world, world.officer) == everything
    assert names(world, world.manager) == ["Acme Industries", "Northwind Advisory"]
    assert names(world, world.client) == ["Acme Industries"]
    assert names(world, half_signed_in(world.administrator)) == []


@pytest.mark.parametrize("who", ["manager", "client", "officer"])
def test_only_an_administrator_adds_and_assigns(world, who):
    acting = world.everybody[who]
    before = world.rows()
    with pytest.raises(Forbidden):
        create(world, "Initech", acting)
    with pytest.raises(Forbidden):
        assign(world, world.manager.person_id, world.globex, acting)
    with pytest.raises(Forbidden):
        create(world, "Initech", half_signed_in(world.administrator))
    assert world.rows() == before


def test_an_account_manager_is_given_a_client_once(world):
    assign(world, world.manager.person_id, world.globex)
    count = len(world.entries())
    assign(world, world.manager.person_id, world.globex)
    assert len(world.entries()) == count
    assert world.entries()[-1] == ("organisation:assigned", world.manager.person_id)
    with world.db.reading() as tx:
        mine = tables.portfolios.c.person_id == world.manager.person_id
        kept = tx.connection.execute(select(tables.portfolios.c.organisation_id).where(mine)).scalars()
        assert set(kept) == {world.acme, world.globex}


def test_only_account_managers_look_after_only_clients(world):
    with pytest.raises(PersonRefused):
        assign(world, world.client.person_id, world.globex)
    with pytest.raises(PersonRefused):
        assign(world, world.manager.person_id, world.operator)
    with pytest.raises(NotFound):
        assign(world, world.manager.person_id, OrganisationId(new_id()))
    with pytest.raises(NotFound):
        assign(world, PersonId(new_id()), world.globex)


def test_the_operator_is_known_once_the_installation_is_made(world):
    assert organisations.operator_id(world.db) == world.operator
