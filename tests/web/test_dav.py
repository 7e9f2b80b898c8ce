"""Folders as a drive: who comes in, what they see, and that saving, moving and deleting are the portal's own deeds."""

import base64
import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from actions.world import NOW
from docvault.actions.folders import create_folder, create_folder_inside
from docvault.actions.quotas import set_person_quota, set_quota
from docvault.actions.sharing import keep_out
from docvault.database import sessions, tables, tokens
from docvault.policy.vocabulary import Permission
from docvault.vault.files import SEGMENT
from web import portal as sites

SCOPES = [
    Permission.FOLDER_SEE,
    Permission.FOLDER_CREATE,
    Permission.FOLDER_UPLOAD,
    Permission.FOLDER_ARRANGE,
    Permission.DOCUMENT_SEE,
    Permission.DOCUMENT_DOWNLOAD,
    Permission.DOCUMENT_CHANGE,
]
HERE = "/dav/Acme%20Industries/Contracts"
OFFER = b"An offer.\n"


def password_of(site, acting, scopes=SCOPES):
    with site.world.db.transaction() as tx:
        later = NOW.replace(year=NOW.year + 1)
        return tokens.add(tx, acting, name="Drive", scopes=scopes, expires_at=later, now=NOW)[1]


def basic(name, password):
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def drive(site, acting, scopes=SCOPES):
    visitor = site.visit()
    visitor.headers["authorization"] = basic(acting.email, password_of(site, acting, scopes))
    return visitor


def hrefs(answer):
    assert answer.status_code == 207, answer.text
    return re.findall(r"<(?:ns0:|D:)?href>([^<]*)</", answer.text)


def look(client, path, depth="1"):
    return client.request("PROPFIND", path, headers={"depth": depth})


@pytest.fixture
def folder(site):
    world = site.world
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Contracts",
        kind="contract",
        now=NOW,
    )


@pytest.fixture
def owner(site, folder):
    return drive(site, site.world.manager)


# --- who comes in -------------------------------------------------------------------------------------------


@pytest.mark.promise(1)
@pytest.mark.parametrize(
    "header", [None, "Basic", "Basic !!!", "Bearer {token}", "Basic {swapped}", "Basic {stranger}"]
)
def test_only_an_app_password_with_its_owners_address_opens_the_drive(site, folder, header):
    world = site.world
    token = password_of(site, world.manager)
    visitor = site.visit()
    if header is not None:
        visitor.headers["authorization"] = header.format(
            token=token,
            swapped=basic(token, world.manager.email)[6:],
            stranger=basic(world.client.email, token)[6:],
        )
    answer = look(visitor, "/dav/")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic ")
    assert "Acme" not in answer.text


@pytest.mark.promise(1)
def test_a_session_of_a_browser_opens_no_drive(site, folder):
    assert look(site.sign_in(site.world.manager), "/dav/").status_code == 401


@pytest.mark.promise(19)
def test_a_revoked_app_password_opens_nothing_from_the_next_request_on(site, owner):
    assert look(owner, "/dav/").status_code == 207
    with site.world.db.transaction() as tx:
        for row in tokens.of_person(tx, site.world.manager.person_id, NOW):
            sessions.end(tx, row.id, NOW)
    assert look(owner, "/dav/").status_code == 401


# --- what they see ------------------------------------------------------------------------------------------


def test_the_drive_shows_organisations_folders_and_documents(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    assert hrefs(look(owner, "/dav/")) == ["/dav/", "/dav/Acme%20Industries/"]
    assert hrefs(look(owner, "/dav/Acme%20Industries")) == ["/dav/Acme%20Industries/", f"{HERE}/"]
    assert hrefs(look(owner, HERE)) == [f"{HERE}/", f"{HERE}/Offer.txt"]


@pytest.mark.promise(21)
def test_what_is_not_theirs_is_not_there(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    stranger = drive(site, site.world.other_client)
    assert hrefs(look(stranger, "/dav/")) == ["/dav/"]
    real, invented = stranger.get(f"{HERE}/Offer.txt"), stranger.get(f"{HERE}/None.txt")
    assert real.status_code == invented.status_code == 404
    assert real.text.replace("Offer", "None") == invented.text


@pytest.mark.promise(27)
def test_whoever_is_kept_out_of_a_folder_inside_does_not_find_it(site, folder, owner):
    world = site.world
    inner = create_folder_inside(
        world.db, world.vault, acting=world.manager, parent_id=folder, name="Board", kind="general", now=NOW
    )
    client = drive(site, world.client)
    assert f"{HERE}/Board/" in hrefs(look(client, HERE))
    keep_out(world.db, acting=world.manager, folder_id=inner, person_id=world.client.person_id, now=NOW)
    assert f"{HERE}/Board/" not in hrefs(look(client, HERE))
    assert look(client, f"{HERE}/Board").status_code == 404
    assert client.put(f"{HERE}/Board/In.txt", content=b"x").status_code in {404, 409}


def test_two_documents_of_one_name_have_two_paths(site, folder, owner):
    browser = site.sign_in(site.world.manager)
    first = sites.upload(browser, folder, "Offer.txt", b"first")
    second = sites.upload(browser, folder, "Offer.txt", b"second")
    paths = [href for href in hrefs(look(owner, HERE)) if href.endswith(".txt")]
    bodies = {first: b"first", second: b"second"}
    plain, other = sorted(bodies)  # of one moment: the smaller id comes first
    assert paths == [f"{HERE}/Offer.txt", f"{HERE}/Offer%20~{other[:6]}.txt"]
    assert [owner.get(path).content for path in paths] == [bodies[plain], bodies[other]]


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a/b\\c.txt", "..", "Ünïcödé 日本.txt", "Offer ~abcdef.txt"]
)
def test_any_name_has_a_path_that_leads_to_it_and_nowhere_else(site, folder, owner, name):
    sites.upload(site.sign_in(site.world.manager), folder, name, b"mine")
    (path,) = [href for href in hrefs(look(owner, HERE)) if href != f"{HERE}/"]
    assert path.removeprefix(f"{HERE}/").count("/") == 0
    assert owner.get(path).content == b"mine"


# --- what they do -------------------------------------------------------------------------------------------


def test_saving_a_file_again_is_its_next_version(site, folder, owner):
    assert owner.put(f"{HERE}/Offer.txt", content=OFFER).status_code == 201
    assert owner.put(f"{HERE}/Offer.txt", content=b"Better.").status_code == 204
    assert owner.get(f"{HERE}/Offer.txt").content == b"Better."
    browser = site.sign_in(site.world.manager)
    (document,) = browser.get(f"/api/v1/folders/{folder}/documents").json()["items"]
    assert document["versions"] == 2
    old = browser.get(f"/api/v1/documents/{document['id']}/versions/1/content")
    assert old.content == OFFER


def test_a_file_of_several_segments_comes_back_whole_and_in_ranges(site, owner):
    data = bytes(range(256)) * (SEGMENT // 256) + b"the rest"
    assert owner.put(f"{HERE}/Large.bin", content=data).status_code == 201
    assert owner.get(f"{HERE}/Large.bin").content == data
    part = owner.get(f"{HERE}/Large.bin", headers={"range": f"bytes={SEGMENT - 4}-{SEGMENT + 3}"})
    assert part.status_code == 206
    assert part.content == data[SEGMENT - 4 : SEGMENT + 4]


def test_a_file_that_breaks_off_leaves_nothing(site, owner):
    before = site.count("documents"), site.count("versions")
    broken = owner.put(f"{HERE}/Half.bin", content=b"half", headers={"content-length": "9"})
    assert broken.status_code >= 400
    assert (site.count("documents"), site.count("versions")) == before
    assert owner.get(f"{HERE}/Half.bin").status_code == 404


def test_a_refusal_says_why_in_our_words(site, owner):
    too_large = site.portal.db.policy.numbers.uploads.max_bytes + 1
    answer = owner.put(f"{HERE}/Huge.bin", content=b"", headers={"content-length": str(too_large)})
    assert answer.status_code == 413
    assert "too large" in answer.text


def test_folders_are_made_renamed_moved_and_binned(site, owner):
    assert owner.request("MKCOL", f"{HERE}/Drafts").status_code == 201
    owner.put(f"{HERE}/Drafts/Offer.txt", content=OFFER)
    moved = owner.request("MOVE", f"{HERE}/Drafts", headers={"destination": f"{sites.BASE}{HERE}/Old"})
    assert moved.status_code == 201, moved.text
    assert owner.get(f"{HERE}/Old/Offer.txt").content == OFFER
    assert look(owner, f"{HERE}/Drafts").status_code == 404
    assert owner.delete(f"{HERE}/Old").status_code == 204
    assert look(owner, f"{HERE}/Old").status_code == 404
    kinds = [kind for kind, _ in site.world.entries()]
    assert {"folder:renamed", "folder:trashed", "document:downloaded"} <= set(kinds)


def test_a_file_moves_and_copies_with_its_bytes(site, owner):
    owner.request("MKCOL", f"{HERE}/Archive")
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    to = {"destination": f"{sites.BASE}{HERE}/Archive/2026.txt"}
    assert owner.request("COPY", f"{HERE}/Offer.txt", headers=to).status_code == 201
    assert owner.request("MOVE", f"{HERE}/Offer.txt", headers=to | {"overwrite": "F"}).status_code == 412
    assert owner.request("MOVE", f"{HERE}/Offer.txt", headers=to).status_code == 204
    assert owner.get(f"{HERE}/Archive/2026.txt").content == OFFER
    assert owner.get(f"{HERE}/Offer.txt").status_code == 404


def test_what_was_deleted_lies_in_the_bin(site, folder, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    assert owner.delete(f"{HERE}/Offer.txt").status_code == 204
    assert owner.get(f"{HERE}/Offer.txt").status_code == 404
    assert "document:trashed" in [kind for kind, _ in site.world.entries()]
    assert site.count("versions") == 1


@pytest.mark.promise(34)
@pytest.mark.parametrize("scan", ["waiting", "infected"])
def test_what_waits_for_its_scan_or_is_infected_is_neither_read_nor_copied(site, owner, scan):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    of_everything(site, tables.versions, scan=scan)
    for answer in (
        owner.get(f"{HERE}/Offer.txt"),
        owner.get(f"{HERE}/Offer.txt", headers={"range": "bytes=0-3"}),
        owner.request("COPY", f"{HERE}/Offer.txt", headers={"destination": f"{sites.BASE}{HERE}/Copy.txt"}),
    ):
        assert answer.status_code in {403, 409}
        assert OFFER not in answer.content
    assert owner.get(f"{HERE}/Copy.txt").status_code == 404


@pytest.mark.parametrize("when", ["trashed_at", "disposed_at"])
def test_what_was_binned_or_disposed_of_has_no_path(site, owner, when):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    of_everything(site, tables.documents, **{when: NOW})
    assert hrefs(look(owner, HERE)) == [f"{HERE}/"]
    real, invented = owner.get(f"{HERE}/Offer.txt"), owner.get(f"{HERE}/None.txt")
    assert real.status_code == invented.status_code == look(owner, f"{HERE}/Offer.txt").status_code == 404
    assert real.text.replace("Offer", "None") == invented.text


def of_everything(site, table, **values):
    with site.world.db.transaction() as tx:
        tx.connection.execute(update(table).values(values))


ROOM = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:"><D:prop>{}</D:prop></D:propfind>'.format(
    "<D:quota-used-bytes/><D:quota-available-bytes/>"
)


def test_a_drive_says_how_much_room_is_left_to_whoever_may_save(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    set_quota(
        site.world.db,
        acting=site.world.administrator,
        organisation_id=site.world.acme,
        most=5_000_000,
        now=NOW,
    )
    answer = owner.request("PROPFIND", HERE, headers={"depth": "0"}, content=ROOM)
    assert re.findall(r"bytes>(\d+)<", answer.text) == [str(len(OFFER)), str(5_000_000 - len(OFFER))]
    reads = drive(site, site.world.manager, [Permission.FOLDER_SEE, Permission.DOCUMENT_SEE])
    answer = reads.request("PROPFIND", HERE, headers={"depth": "0"}, content=ROOM)
    assert (answer.status_code, "404" in answer.text) == (207, True)
    assert re.findall(r"bytes>(\d+)<", answer.text) == []


def test_a_drive_counts_with_the_narrower_of_two_limits_and_says_that_nothing_more_fits(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    world, most = site.world, 1024**2
    set_person_quota(
        world.db, acting=world.administrator, person_id=world.manager.person_id, most=most, now=NOW
    )
    answer = owner.request("PROPFIND", HERE, headers={"depth": "0"}, content=ROOM)
    assert re.findall(r"bytes>(\d+)<", answer.text) == [str(len(OFFER)), str(most - len(OFFER))]
    assert owner.put(f"{HERE}/Large.bin", content=bytes(most)).status_code == 507


@pytest.mark.promise(22)
def test_a_drive_does_only_what_its_app_password_was_made_for(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    reads = drive(
        site,
        site.world.manager,
        [Permission.FOLDER_SEE, Permission.DOCUMENT_SEE, Permission.DOCUMENT_DOWNLOAD],
    )
    assert reads.get(f"{HERE}/Offer.txt").content == OFFER
    for answer in (
        reads.put(f"{HERE}/New.txt", content=b"x"),
        reads.put(f"{HERE}/Offer.txt", content=b"x"),
        reads.delete(f"{HERE}/Offer.txt"),
        reads.request("MKCOL", f"{HERE}/New"),
    ):
        assert answer.status_code == 403
    looks = drive(site, site.world.manager, [Permission.FOLDER_SEE, Permission.DOCUMENT_SEE])
    assert looks.get(f"{HERE}/Offer.txt").status_code == 403


# --- locks and properties -----------------------------------------------------------------------------------

LOCK = (
    '<?xml version="1.0"?><D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
    "<D:locktype><D:write/></D:locktype></D:lockinfo>"
)


def test_whoever_locked_a_file_is_the_only_one_who_saves_it(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    locked = owner.request("LOCK", f"{HERE}/Offer.txt", content=LOCK, headers={"timeout": "Second-600"})
    assert locked.status_code == 200, locked.text
    token = locked.headers["lock-token"]
    other = drive(site, site.world.client)
    assert other.put(f"{HERE}/Offer.txt", content=b"mine").status_code == 423
    assert other.request("LOCK", f"{HERE}/Offer.txt", content=LOCK).status_code == 423
    assert other.request("UNLOCK", f"{HERE}/Offer.txt", headers={"lock-token": token}).status_code == 403
    saved = owner.put(f"{HERE}/Offer.txt", content=b"saved", headers={"if": f"({token})"})
    assert saved.status_code == 204
    assert owner.request("UNLOCK", f"{HERE}/Offer.txt", headers={"lock-token": token}).status_code == 204
    assert other.put(f"{HERE}/Offer.txt", content=b"mine").status_code == 204


def test_properties_stay_with_the_file_wherever_it_goes(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    change = (
        '<?xml version="1.0"?><D:propertyupdate xmlns:D="DAV:" xmlns:E="urn:example"><D:set><D:prop>'
        "<E:colour>blue</E:colour></D:prop></D:set></D:propertyupdate>"
    )
    assert owner.request("PROPPATCH", f"{HERE}/Offer.txt", content=change).status_code == 207
    owner.request("MOVE", f"{HERE}/Offer.txt", headers={"destination": f"{sites.BASE}{HERE}/New.txt"})
    ask = '<?xml version="1.0"?><D:propfind xmlns:D="DAV:" xmlns:E="urn:example"><D:prop><E:colour/></D:prop></D:propfind>'
    found = owner.request("PROPFIND", f"{HERE}/New.txt", content=ask, headers={"depth": "0"})
    assert "blue" in found.text
    assert "thing:properties:changed" in [kind for kind, _ in site.world.entries()]


@pytest.mark.promise(30)
def test_a_request_with_an_entity_bomb_is_refused(site, owner):
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "'
        + "x" * 1000
        + '">]><D:propfind xmlns:D="DAV:">&b;</D:propfind>'
    )
    assert owner.request("PROPFIND", HERE, content=bomb, headers={"depth": "0"}).status_code == 400
    huge = "<" + "x" * (300 * 1024)
    assert owner.request("PROPFIND", HERE, content=huge, headers={"depth": "0"}).status_code == 413


def test_a_lock_of_a_folder_keeps_others_from_what_lies_in_it(site, owner):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    assert owner.request("LOCK", HERE, content=LOCK, headers={"depth": "infinity"}).status_code == 200
    other = drive(site, site.world.client)
    assert other.put(f"{HERE}/Offer.txt", content=b"mine").status_code == 423
    assert other.put(f"{HERE}/New.txt", content=b"mine").status_code == 423


@pytest.mark.parametrize("after", [3599, 3601])
def test_a_lock_of_a_program_that_died_ends_by_itself(site, owner, after):
    owner.put(f"{HERE}/Offer.txt", content=OFFER)
    owner.request("LOCK", f"{HERE}/Offer.txt", content=LOCK, headers={"timeout": "Infinite"})
    other = drive(site, site.world.client)
    site.portal.clock.now += timedelta(seconds=after)
    assert other.put(f"{HERE}/Offer.txt", content=b"mine").status_code == (423 if after < 3600 else 204)
