"""Who gives whom which rights in a folder, for how long, and how somebody is kept out (promises 22, 27)."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from docvault.actions.folders import create_folder, create_folder_inside, list_folders, show_folder
from docvault.actions.sharing import (
    change_share,
    keep_out,
    let_in_again,
    removable_people,
    share_folder,
    shareable_people,
    unshare_folder,
)
from docvault.database import acting as actors
from docvault.database import folder_members, people
from docvault.database.engine import Database
from docvault.policy.engine import Forbidden, Policy
from docvault.policy.vocabulary import Permission, Role
from docvault.rules.folders import ROLES, FolderRefused
from docvault.values import NotFound

from .world import NOW, person, standing

POLICIES = Path(__file__).parents[2] / "policies"


@pytest.fixture
def world(tmp_path, database_url):
    yield from standing(tmp_path, database_url)


@pytest.fixture
def folder(world):
    return make(world)


@pytest.fixture
def deputy(world, folder):
    """A client's employee of another company who manages the folder through a share alone."""
    guest = person(world.db, "Dora Deputy", Role.CLIENT, world.globex)
    with world.db.transaction() as tx:
        found = folder_members.resource(tx, folder, world.acme, NOW)
        folder_members.add(tx, world.manager, found, guest.person_id, "manager", NOW)
    return guest


def make(world, name="Contracts"):
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name=name,
        kind="contract",
        now=NOW,
    )


def inside(world, parent, acting=None, name="Inside"):
    return create_folder_inside(
        world.db,
        world.vault,
        acting=acting or world.manager,
        parent_id=parent,
        name=name,
        kind="general",
        now=NOW,
    )


def share(world, folder, whom, role="viewer", last_day=None, acting=None, deed=share_folder, now=NOW):
    deed(
        world.db,
        acting=acting or world.manager,
        folder_id=folder,
        person_id=whom.person_id,
        role=role,
        last_day=last_day,
        now=now,
    )


def do(world, deed, folder, whom, acting=None):
    deed(world.db, acting=acting or world.manager, folder_id=folder, person_id=whom.person_id, now=NOW)


def at(world, acting, moment):
    """Return somebody with the rights of a later moment, as their next request would have them."""
    with world.db.reading() as tx:
        return actors.of(tx, people.by_id(tx, acting.person_id), at=moment)


def sees(world, acting, folder):
    try:
        show_folder(world.db, acting=acting, folder_id=folder)
    except NotFound:
        return False
    return True


def verbs(world, acting, folder):
    return show_folder(world.db, acting=acting, folder_id=folder).may


# --- folders in folders -------------------------------------------------------------------------------------


def test_a_folder_inside_is_seen_by_whoever_sees_the_outer_one(world, folder):
    inner = inside(world, folder)
    for name, acting in world.everybody.items():
        assert sees(world, acting, inner) is sees(world, acting, folder), name
    view = show_folder(world.db, acting=world.client, folder_id=folder)
    assert [one.id for one in view.folders.items] == [inner]
    shown = show_folder(world.db, acting=world.client, folder_id=inner)
    assert [(one.id, one.name) for one in shown.above] == [(folder, "Contracts")]
    assert (shown.folder.parent_id, shown.folder.parent_name) == (folder, "Contracts")


def test_folders_inside_come_in_pages_of_which_none_is_lost(world, folder):
    made = {inside(world, folder, name=f"Part {number}") for number in range(5)}
    found, after = [], None
    while True:
        page = show_folder(
            world.db, acting=world.client, folder_id=folder, folders_after=after, limit=2
        ).folders
        found += [one.id for one in page.items]
        after = page.next
        if after is None:
            break
    assert sorted(found) == sorted(made)


@pytest.mark.promise(21)
def test_whoever_may_see_only_the_inner_folder_learns_nothing_of_the_outer_one(world, folder):
    middle = inside(world, folder, name="Secret middle")
    inner = inside(world, middle, name="For Otto")
    share(world, inner, world.other_manager)
    listed = list_folders(world.db, acting=world.other_manager).items
    assert [one.id for one in listed] == [inner]
    shown = show_folder(world.db, acting=world.other_manager, folder_id=inner)
    assert "Secret middle" not in repr(shown)
    assert "Contracts" not in repr(shown)
    assert folder not in repr(shown)
    assert middle not in repr(shown)


def test_folders_lie_only_as_deep_as_the_policy_says(world, folder):
    most = world.db.policy.numbers.access.folder_depth
    deepest = folder
    for _ in range(most - 1):
        deepest = inside(world, deepest)
    assert show_folder(world.db, acting=world.manager, folder_id=deepest).deepest
    before = world.rows()
    with pytest.raises(FolderRefused, match=f"at most {most} deep"):
        inside(world, deepest)
    assert world.rows() == before


def test_only_whoever_fills_a_folder_makes_one_inside(world, folder, deputy):
    for acting in (deputy, world.client):
        inside(world, folder, acting=acting)
    share(world, folder, world.other_manager, "viewer")
    before = world.rows()
    for acting in (world.officer, world.other_manager):
        with pytest.raises(Forbidden):
            inside(world, folder, acting=acting)
    with pytest.raises(NotFound):
        inside(world, folder, acting=world.other_client)
    assert world.rows() == before


def test_a_folder_inside_has_a_key_of_its_own(world, folder):
    before = world.rows()["folder_keys"]
    inside(world, folder)
    assert world.rows()["folder_keys"] == before + 1


# --- roles --------------------------------------------------------------------------------------------------

GUEST = {
    "viewer": {Permission.FOLDER_SEE},
    "contributor": {Permission.FOLDER_SEE, Permission.FOLDER_UPLOAD, Permission.FOLDER_ARRANGE},
    "signer": {Permission.FOLDER_SEE},
    "manager": {
        Permission.FOLDER_SEE,
        Permission.FOLDER_UPLOAD,
        Permission.FOLDER_ARRANGE,
        Permission.FOLDER_SHARE,
        Permission.FOLDER_MANAGE,
    },
}


@pytest.mark.promise(22)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_gives_its_verbs_and_no_other(world, folder, role):
    guest = person(world.db, "Gus Guest", Role.CLIENT, world.globex)
    with world.db.transaction() as tx:
        found = folder_members.resource(tx, folder, world.acme, NOW)
        folder_members.add(tx, world.manager, found, guest.person_id, role, NOW)
    assert verbs(world, guest, folder) == GUEST[role]


def test_a_role_can_be_changed_and_ended(world, folder):
    share(world, folder, world.other_manager)
    share(world, folder, world.other_manager, "contributor", deed=change_share)
    assert Permission.FOLDER_UPLOAD in verbs(world, world.other_manager, folder)
    do(world, unshare_folder, folder, world.other_manager)
    assert not sees(world, world.other_manager, folder)
    kinds = [kind for kind, _ in world.entries()]
    assert kinds == ["folder:created", "folder:shared", "folder:share:changed", "folder:unshared"]
    with pytest.raises(NotFound):
        share(world, folder, world.other_manager, deed=change_share)


# --- the end of a share -------------------------------------------------------------------------------------


@pytest.mark.asvs("8.3.2")
def test_a_share_ends_with_its_last_day_in_utc(world, folder):
    share(world, folder, world.other_manager, last_day=NOW.date())
    over = datetime.combine(NOW.date() + timedelta(days=1), datetime.min.time(), tzinfo=UTC)
    assert sees(world, at(world, world.other_manager, over - timedelta(microseconds=1)), folder)
    assert not sees(world, at(world, world.other_manager, over), folder)
    member = next(
        one
        for one in show_folder(world.db, acting=world.manager, folder_id=folder).members
        if one.person_id == world.other_manager.person_id
    )
    assert member.until == NOW.date()
    again = at(world, world.manager, over)
    share(world, folder, world.other_manager, acting=again, now=over)  # what ran out can be given anew
    assert sees(world, at(world, world.other_manager, over), folder)


@pytest.mark.parametrize("last_day", [NOW.date() - timedelta(days=1), date(1, 1, 1), date(9999, 12, 31)])
def test_a_last_day_that_is_over_or_far_away_is_refused(world, folder, last_day):
    before = world.rows()
    with pytest.raises(FolderRefused, match="last day"):
        share(world, folder, world.other_manager, last_day=last_day)
    assert world.rows() == before


# --- never more than one has --------------------------------------------------------------------------------


def weakened(world, tmp_path, *verbs_of_managers):
    """Return a database whose policies let managers of a shared folder do less than they give."""
    changed = Path(shutil.copytree(POLICIES, tmp_path / "policies"))
    rules = (changed / "folders.cedar").read_text()
    for sentence in verbs_of_managers:
        rules, count = re.subn(
            r'(@id\("' + sentence + r'".*?) \|\| resource\.managers\.contains\(principal\)',
            r"\1",
            rules,
            count=1,
            flags=re.DOTALL,
        )
        assert count == 1
    (changed / "folders.cedar").write_text(rules)
    return Database(world.db.url, Policy.load(changed))


@pytest.mark.promise(22)
@pytest.mark.parametrize(
    ("rule", "role", "missing"),
    [("contributors-upload", "contributor", "adding documents"), ("signers-sign", "signer", "signing")],
)
def test_nobody_shares_a_verb_they_do_not_have_and_the_refusal_names_it(
    world, folder, deputy, tmp_path, rule, role, missing
):
    db = weakened(world, tmp_path, rule)
    before = world.rows()
    whom = {"acting": deputy, "folder_id": folder, "person_id": world.client.person_id, "now": NOW}
    with pytest.raises(FolderRefused, match=missing):
        share_folder(db, role=role, **whom)
    assert world.rows() == before
    share_folder(db, role="viewer", **whom)
    with pytest.raises(FolderRefused, match=missing):
        change_share(db, role=role, **whom)
    db.close()


@pytest.mark.promise(22)
def test_a_guest_who_manages_a_folder_does_not_let_an_account_manager_send_from_it(world, folder, deputy):
    """A contributing account manager may start envelopes; the deputy may not, so cannot give it."""
    local = person(world.db, "Lars Local", Role.ACCOUNT_MANAGER, world.globex)
    with pytest.raises(FolderRefused, match="sending documents for signature"):
        share(world, folder, local, "contributor", acting=deputy)
    share(world, folder, local, "signer", acting=deputy)


@pytest.mark.promise(22)
def test_nobody_shares_for_longer_than_they_have_access_themselves(world, folder, deputy):
    friday = NOW.date() + timedelta(days=4)
    share(world, folder, deputy, "manager", last_day=friday, deed=change_share)
    friend = person(world.db, "Finn Friend", Role.CLIENT, world.globex)
    for last_day in (None, friday + timedelta(days=1)):
        with pytest.raises(FolderRefused, match="ends before that"):
            share(world, folder, friend, "viewer", last_day=last_day, acting=deputy)
    share(world, folder, friend, "viewer", last_day=friday, acting=deputy)
    with pytest.raises(FolderRefused, match="ends before that"):
        share(world, folder, friend, "viewer", acting=deputy, deed=change_share)


@pytest.mark.promise(22)
def test_nobody_changes_their_own_limits(world, folder, deputy):
    before = world.rows()
    with pytest.raises(FolderRefused, match="own access"):
        share(world, folder, deputy, "manager", acting=deputy, deed=change_share)
    for deed in (unshare_folder, keep_out):
        with pytest.raises(FolderRefused, match="own access"):
            do(world, deed, folder, deputy, acting=deputy)
    with pytest.raises(NotFound):
        share(world, folder, deputy, "manager", acting=deputy)
    assert world.rows() == before


# --- keeping people out -------------------------------------------------------------------------------------


@pytest.mark.promise(27)
def test_whoever_is_kept_out_gets_nothing_here_and_below_whatever_lets_them_in(world, folder):
    inner = inside(world, folder)
    share(world, inner, world.client, "signer")
    do(world, keep_out, folder, world.client)
    assert list_folders(world.db, acting=world.client).items == []
    assert not sees(world, world.client, folder)
    assert not sees(world, world.client, inner)
    do(world, let_in_again, folder, world.client)
    assert sees(world, world.client, folder)


@pytest.mark.promise(27)
def test_keeping_somebody_out_ends_their_share_for_good(world, folder):
    share(world, folder, world.other_manager, "contributor")
    do(world, keep_out, folder, world.other_manager)
    do(world, let_in_again, folder, world.other_manager)
    assert not sees(world, world.other_manager, folder)
    assert [kind for kind, _ in world.entries()][-2:] == ["folder:denied", "folder:allowed"]


@pytest.mark.promise(27)
def test_ending_or_changing_a_share_does_not_lift_a_denial(world, folder):
    do(world, keep_out, folder, world.client)
    with pytest.raises(NotFound):
        do(world, unshare_folder, folder, world.client)
    with pytest.raises(NotFound):
        share(world, folder, world.client, deed=change_share)
    with pytest.raises(NotFound):
        share(world, folder, world.client)
    assert not sees(world, world.client, folder)


@pytest.mark.promise(27)
def test_nobody_who_is_kept_out_above_is_offered_below(world, folder):
    do(world, keep_out, folder, world.client)
    inner = inside(world, folder)
    offered = shareable_people(world.db, acting=world.manager, folder_id=inner)
    assert world.client.person_id not in [one.person_id for one in offered]
    with pytest.raises(NotFound):
        share(world, inner, world.client)


def test_a_guest_cannot_keep_out_somebody_who_may_do_more(world, folder, deputy):
    before = world.rows()
    with pytest.raises(FolderRefused, match="may do more"):
        do(world, keep_out, folder, world.manager, acting=deputy)
    assert world.rows() == before
    offered = removable_people(world.db, acting=deputy, folder_id=folder)
    assert [one.name for one in offered if one.person_id == world.manager.person_id] == []
    do(world, keep_out, folder, world.client, acting=deputy)


def test_compliance_cannot_be_kept_out(world, folder):
    for one in (world.officer, world.administrator):
        with pytest.raises(NotFound):
            do(world, keep_out, folder, one)


@pytest.mark.parametrize("who", ["client", "officer"])
def test_only_whoever_manages_a_folder_keeps_people_out(world, folder, who):
    with pytest.raises(Forbidden):
        do(world, keep_out, folder, world.other_manager, acting=world.everybody[who])
    with pytest.raises(Forbidden):
        removable_people(world.db, acting=world.everybody[who], folder_id=folder)


def test_who_is_kept_out_is_shown_to_whoever_manages_and_to_nobody_else(world, folder):
    do(world, keep_out, folder, world.other_manager)
    shown = show_folder(world.db, acting=world.manager, folder_id=folder)
    assert [(one.name, one.own) for one in shown.outside] == [("Otto Manager", True)]
    assert show_folder(world.db, acting=world.client, folder_id=folder).outside == []
    inner = inside(world, folder)
    shown = show_folder(world.db, acting=world.manager, folder_id=inner)
    assert [(one.name, one.own) for one in shown.outside] == [("Otto Manager", False)]


@pytest.mark.parametrize("deed", [share_folder, change_share, unshare_folder, keep_out, let_in_again])
def test_a_token_shares_nothing(world, folder, deed):
    share(world, folder, world.other_manager)
    token = replace(world.manager, session_kind="token")
    more = {"role": "viewer"} if deed in {share_folder, change_share} else {}
    before = world.rows()
    with pytest.raises(Forbidden):
        deed(
            world.db,
            acting=token,
            folder_id=folder,
            person_id=world.other_manager.person_id,
            now=NOW,
            **more,
        )
    assert world.rows() == before
