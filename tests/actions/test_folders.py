import random
from datetime import timedelta

import pytest

from docvault.actions.folders import create_folder, list_folders, show_folder
from docvault.actions.sharing import share_folder, shareable_people, unshare_folder
from docvault.database import periods, tables
from docvault.database.engine import BadCursor
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.folders import ROLES, FolderRefused
from docvault.rules.names import BadName
from docvault.values import NotFound, new_id

from .world import NOW, half_signed_in, person, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


def folder_of(world, acting=None, organisation=None, name="Statements of work", kind="sow", now=NOW):
    return create_folder(
        world.db,
        world.vault,
        acting=acting or world.manager,
        organisation_id=organisation or world.acme,
        name=name,
        kind=kind,
        now=now,
    )


def seen_by(world, acting, **filters):
    return [folder.id for folder in list_folders(world.db, acting=acting, **filters).items]


def test_a_folder_is_seen_by_its_client_their_manager_and_compliance_only(world):
    folder = folder_of(world)
    expected = {"manager": True, "client": True, "officer": True}
    for name, acting in world.everybody.items():
        assert (folder in seen_by(world, acting)) is expected.get(name, False), name


def test_list_and_single_question_agree_for_everybody(world):
    folders = [
        folder_of(world),
        folder_of(world, world.other_manager, world.globex),
        folder_of(world, name="General", kind="general"),
    ]
    share_folder(
        world.db,
        acting=world.manager,
        folder_id=folders[0],
        person_id=shareable_people(world.db, acting=world.manager, folder_id=folders[0])[0].person_id,
        role="viewer",
        now=NOW,
    )
    for acting in world.everybody.values():
        listed = set(seen_by(world, acting))
        for folder in folders:
            try:
                show_folder(world.db, acting=acting, folder_id=folder)
                alone = True
            except NotFound:
                alone = False
            assert alone is (folder in listed)


def test_lists_hold_exactly_what_single_questions_allow_in_a_mixed_world(world):
    """Random folders, sharings and portfolios; every page of everybody's list, against one decision per folder."""
    chance = random.Random(7)
    owners = {world.acme: world.manager, world.globex: world.other_manager}
    made = []
    for n in range(40):
        organisation = chance.choice([world.acme, world.globex])
        made.append(folder_of(world, owners[organisation], organisation, now=NOW + timedelta(minutes=n // 3)))
    clients = [world.acme, world.globex]
    people = [
        *world.everybody.values(),
        *(
            person(world.db, f"Extra {n}", Role.ACCOUNT_MANAGER, world.operator, clients=clients[:n])
            for n in range(3)
        ),
    ]
    with world.db.transaction() as tx:
        for folder in made:
            for member in chance.sample(people, 2):
                pair = {"folder_id": folder, "person_id": member.person_id}
                role = chance.choice([*ROLES, "denied"])
                periods.begin(tx, tables.folder_members, pair, by=None, now=NOW, role=role)
    for acting in people:
        listed, after = [], ""
        while after is not None:
            page = list_folders(world.db, acting=acting, after=after or None, limit=3)
            listed += [folder.id for folder in page.items]
            after = page.next
        allowed = [folder for folder in made if may_see(world, acting, folder)]
        assert sorted(listed) == sorted(allowed)
        assert len(listed) == len(set(listed))


def may_see(world, acting, folder):
    try:
        show_folder(world.db, acting=acting, folder_id=folder)
    except NotFound:
        return False
    return True


@pytest.mark.promise(21)
def test_foreign_and_made_up_folders_are_the_same_answer(world):
    folder = folder_of(world)
    answers = []
    for folder_id in (folder, new_id()):
        with pytest.raises(NotFound) as refused:
            show_folder(world.db, acting=world.other_client, folder_id=folder_id)
        answers.append(str(refused.value))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("who", ["client", "officer", "administrator", "other_manager"])
def test_only_the_account_manager_of_a_client_makes_folders_for_it(world, who):
    before = world.rows()
    with pytest.raises(Forbidden):
        folder_of(world, world.everybody[who])
    assert world.rows() == before


def test_nobody_does_anything_before_the_second_factor(world):
    folder = folder_of(world)
    half = half_signed_in(world.manager)
    assert seen_by(world, half) == []
    with pytest.raises(NotFound):
        show_folder(world.db, acting=half, folder_id=folder)
    with pytest.raises(Forbidden):
        folder_of(world, half)


@pytest.mark.parametrize("name", ["", "   ", "a" * 201, "line\nbreak", "nul\x00", "turned\u202efdp.exe"])
def test_a_folder_needs_a_name_that_can_be_shown(world, name):
    before = world.rows()
    with pytest.raises(BadName):
        folder_of(world, name=name)
    assert world.rows() == before


def test_a_folder_is_of_a_known_kind(world):
    with pytest.raises(FolderRefused):
        folder_of(world, kind="misc")


@pytest.mark.promise(74)
def test_every_writing_deed_is_one_entry(world):
    folder = folder_of(world)
    person = shareable_people(world.db, acting=world.manager, folder_id=folder)[0]
    share_folder(
        world.db, acting=world.manager, folder_id=folder, person_id=person.person_id, role="viewer", now=NOW
    )
    unshare_folder(world.db, acting=world.manager, folder_id=folder, person_id=person.person_id, now=NOW)
    assert world.entries() == [
        ("folder:created", folder),
        ("folder:shared", folder),
        ("folder:unshared", folder),
    ]


def test_pages_continue_where_the_last_one_ended(world):
    made = [folder_of(world, name=f"Folder {n}", now=NOW + timedelta(minutes=n // 2)) for n in range(7)]
    collected, after = [], None
    for _ in range(4):
        page = list_folders(world.db, acting=world.client, after=after, limit=2)
        collected += [folder.id for folder in page.items]
        after = page.next
    assert after is None
    assert sorted(collected) == sorted(made)
    assert len(set(collected)) == 7


def test_a_made_up_cursor_is_refused(world):
    with pytest.raises(BadCursor):
        list_folders(world.db, acting=world.client, after="bm9uc2Vuc2U")


def test_search_finds_by_name_and_takes_wildcards_literally(world):
    folder = folder_of(world, name="Budget 100% final")
    folder_of(world, name="Budget draft")
    assert seen_by(world, world.client, search="budget 100%") == [folder]
    assert seen_by(world, world.client, search="%%%") == []
    assert len(seen_by(world, world.client, kind="sow")) == 2
    assert seen_by(world, world.client, organisation_id=world.globex) == []


def test_a_folder_says_who_can_see_it_and_why(world):
    folder = folder_of(world)
    view = show_folder(world.db, acting=world.manager, folder_id=folder)
    reasons = {member.name: member.why for member in view.members}
    assert reasons == {
        "Clara Client": "Works at Acme Industries",
        "Maya Manager": "Looks after this client",
        "Olga Officer": "Compliance officers see every folder, but no content",
    }
    assert Permission.FOLDER_SHARE in view.may
    assert Permission.FOLDER_SHARE not in show_folder(world.db, acting=world.client, folder_id=folder).may


def test_sharing_lets_a_person_see_and_ending_it_takes_that_away(world):
    folder = folder_of(world)
    people = {
        person.name: person.person_id
        for person in shareable_people(world.db, acting=world.manager, folder_id=folder)
    }
    assert people == {"Clara Client": world.client.person_id, "Otto Manager": world.other_manager.person_id}
    share_folder(
        world.db,
        acting=world.manager,
        folder_id=folder,
        person_id=people["Otto Manager"],
        role="contributor",
        now=NOW,
    )
    assert seen_by(world, world.other_manager) == [folder]
    unshare_folder(
        world.db, acting=world.manager, folder_id=folder, person_id=people["Otto Manager"], now=NOW
    )
    assert seen_by(world, world.other_manager) == []


@pytest.mark.promise(21)
def test_a_folder_is_not_shared_with_people_the_sharer_does_not_know(world):
    folder = folder_of(world)
    before = world.rows()
    for person_id in (world.other_client.person_id, world.administrator.person_id, new_id()):
        with pytest.raises(NotFound):
            share_folder(
                world.db, acting=world.manager, folder_id=folder, person_id=person_id, role="viewer", now=NOW
            )
    assert world.rows() == before


def test_a_client_shares_nothing(world):
    folder = folder_of(world)
    with pytest.raises(Forbidden):
        shareable_people(world.db, acting=world.client, folder_id=folder)
    with pytest.raises(Forbidden):
        share_folder(
            world.db,
            acting=world.client,
            folder_id=folder,
            person_id=world.manager.person_id,
            role="viewer",
            now=NOW,
        )


def test_sharing_twice_is_refused_and_so_is_a_made_up_role(world):
    folder = folder_of(world)
    otto = world.other_manager.person_id
    with pytest.raises(FolderRefused):
        share_folder(world.db, acting=world.manager, folder_id=folder, person_id=otto, role="owner", now=NOW)
    share_folder(world.db, acting=world.manager, folder_id=folder, person_id=otto, role="viewer", now=NOW)
    with pytest.raises(NotFound):
        share_folder(world.db, acting=world.manager, folder_id=folder, person_id=otto, role="viewer", now=NOW)
