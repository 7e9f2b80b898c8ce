"""Administrators and officers ask why somebody may or may not do something; others do not."""

import pytest

from docvault.actions.explanations import explain_decision, find_folders, find_people, list_rules
from docvault.actions.folders import create_folder
from docvault.database.people import PersonState
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission, ResourceType
from docvault.rules.things import ThingUnclear
from docvault.values import NotFound, new_id

from . import envelope_world as signing
from .world import NOW, set_state, standing


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def folder(world):
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Takeover plans",
        kind="general",
        now=NOW,
    )


def ask(world, whom, permission, on="", acting=None):
    return explain_decision(
        world.db,
        acting=acting or world.administrator,
        person=whom.email,
        permission=permission,
        on=on,
        now=NOW,
    )


def test_an_administrator_reads_why_without_learning_a_name(world, folder):
    found = ask(world, world.client, "folder:see", f"folder:{folder}")
    assert found.allowed
    assert [rule.id for rule in found.explanation.decided] == ["clients-own-folders"]
    assert (found.thing_type, found.thing_id) == (ResourceType.FOLDER, folder)
    assert "Takeover" not in repr(found)
    refused = ask(world, world.other_client, "folder:see", f"/folders/{folder}")
    assert not refused.allowed
    assert {rule.id for rule in refused.explanation.could} == {"clients-own-folders", "members-see-folders"}
    assert find_folders(world.db, acting=world.administrator, words="takeover") == []
    assert [one.id for one in find_folders(world.db, acting=world.officer, words="takeover")] == [folder]


def test_every_kind_of_thing_can_be_asked_about(world, folder):
    assert ask(world, world.administrator, "person:invite").allowed
    assert ask(world, world.manager, "folder:create", f"organisation:{world.acme}").allowed
    assert not ask(world, world.manager, "folder:create", f"organisation:{world.globex}").allowed


def test_a_document_and_an_envelope_can_be_asked_about(tmp_path):
    made = signing.build_signing(tmp_path)
    document = signing.add_document(made)
    envelope = signing.draft(made)
    refused = ask(made.world, made.world.officer, "document:read", f"document:{document}")
    assert [rule.id for rule in refused.explanation.decided] == ["compliance-reads-no-bodies"]
    sender = ask(made.world, made.world.manager, "envelope:manage", f"envelope:{envelope}")
    assert "account-managers-run-envelopes" in [rule.id for rule in sender.explanation.decided]
    made.pdf.close()
    made.vault.close()
    made.db.close()


@pytest.mark.parametrize(
    ("state", "words"),
    [(PersonState.DISABLED, "disabled"), (PersonState.FROZEN, "frozen"), (PersonState.INVITED, "not joined")],
)
def test_somebody_without_an_active_account_is_barred_whatever_the_rules_say(world, folder, state, words):
    with world.db.transaction() as tx:
        set_state(tx, world.client.person_id, state)
    found = ask(world, world.client, "folder:see", f"folder:{folder}")
    assert not found.allowed
    assert words in found.barred
    assert found.explanation.allowed


@pytest.mark.promise(74)
def test_asking_is_an_entry_without_names_of_things(world, folder):
    ask(world, world.client, "folder:see", f"folder:{folder}")
    assert world.entries()[-1] == ("policy:explained", world.client.person_id)


@pytest.mark.parametrize("who", ["manager", "client"])
def test_others_ask_nothing(world, folder, who):
    acting, before = world.everybody[who], world.rows()
    with pytest.raises(Forbidden):
        ask(world, world.client, "folder:see", f"folder:{folder}", acting=acting)
    for deed in (find_people, find_folders):
        with pytest.raises(Forbidden):
            deed(world.db, acting=acting, words="a")
    with pytest.raises(Forbidden):
        list_rules(world.db, acting=acting)
    assert world.rows() == before


def test_what_cannot_be_asked_is_said_and_leaves_no_entry(world, folder):
    before = world.rows()
    with pytest.raises(ThingUnclear):
        ask(world, world.client, "folder:see")
    with pytest.raises(ThingUnclear):
        ask(world, world.client, "folder:eat", f"folder:{folder}")
    for kind in ("folder", "document", "envelope", "organisation"):
        permission = {"document": "document:see", "envelope": "envelope:see", "organisation": "folder:create"}
        with pytest.raises(NotFound):
            ask(world, world.client, permission.get(kind, "folder:see"), f"{kind}:{new_id()}")
    with pytest.raises(NotFound, match="nobody"):
        explain_decision(
            world.db,
            acting=world.officer,
            person="x@y.example",
            permission="folder:see",
            on=f"folder:{folder}",
            now=NOW,
        )
    assert world.rows() == before


def test_people_are_found_by_a_part_of_name_or_address_and_wildcards_are_literal(world):
    found = find_people(world.db, acting=world.officer, words="client")
    assert [one.name for one in found] == ["Clara Client", "Gil Client"]
    assert find_people(world.db, acting=world.officer, words="%") == []
    assert find_people(world.db, acting=world.officer, words=" ") == []


def test_every_rule_is_listed_with_its_file(world):
    rules = list_rules(world.db, acting=world.administrator)
    assert {rule.file for rule in rules} == {"envelopes.cedar", "folders.cedar", "portal.cedar"}
    assert len(rules) == len(world.db.policy.rules)
    assert Permission.FOLDER_SEE.value in next(r for r in rules if r.id == "members-see-folders").actions
