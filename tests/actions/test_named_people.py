"""The trail says in plain words to whom something was done."""

import pytest

from docvault.actions.folders import create_folder
from docvault.actions.people import disable_person, enable_person
from docvault.actions.sharing import share_folder, shareable_people, unshare_folder
from docvault.database import audit_trail
from docvault.database.audit_trail import Filters
from docvault.values import PersonId

from .world import NOW, World, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def newest(world: World) -> str:
    with world.db.reading() as tx:
        return audit_trail.page(tx, Filters(), after=None, limit=1).items[0].sentence


def test_sharing_names_the_person_and_the_folder(world):
    manager = world.manager
    folder = create_folder(
        world.db,
        world.vault,
        acting=manager,
        organisation_id=world.acme,
        name="Tender",
        kind="rfp",
        now=NOW,
    )
    person = shareable_people(world.db, acting=manager, folder_id=folder)[0]
    share_folder(
        world.db, acting=manager, folder_id=folder, person_id=person.person_id, role="viewer", now=NOW
    )
    assert newest(world) == f"{manager.name} shared the folder “Tender” with {person.name}"
    unshare_folder(world.db, acting=manager, folder_id=folder, person_id=person.person_id, now=NOW)
    assert newest(world) == f"{manager.name} stopped sharing the folder “Tender” with {person.name}"


def test_disabling_and_enabling_name_the_person(world):
    administrator, client = world.administrator, world.client
    disable_person(world.db, acting=administrator, person_id=PersonId(client.person_id), now=NOW)
    assert newest(world) == f"{administrator.name} disabled the account of {client.name}"
    enable_person(world.db, acting=administrator, person_id=PersonId(client.person_id), now=NOW)
    assert newest(world) == f"{administrator.name} enabled the account of {client.name}"
