import hashlib
import io
import os
import threading
from datetime import timedelta

import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from docvault.actions.documents import read_document, show_document
from docvault.actions.folders import create_folder, show_folder
from docvault.actions.uploads import (
    OffsetConflict,
    TooLarge,
    UploadIncomplete,
    abandon_upload,
    begin_upload,
    collect_abandoned,
    finish_upload,
    store_segment,
    upload_state,
)
from docvault.database import tables
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Forbidden
from docvault.rules.names import BadName, file_name
from docvault.values import NotFound
from docvault.vault.errors import SegmentConflict, SegmentWrong
from docvault.vault.files import SEGMENT, Vault

from .world import NOW, standing


@pytest.fixture
def world(tmp_path, database_url, blobs_beside):
    yield from standing(tmp_path, database_url, blobs_beside)


@pytest.fixture
def folder(world):
    return create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Contracts",
        kind="contract",
        now=NOW,
    )


def begin(world, folder, size, *, acting=None, filename="plan.bin", document_id=None, now=NOW):
    return begin_upload(
        world.db,
        world.vault,
        acting=acting or world.client,
        folder_id=folder,
        filename=filename,
        size=size,
        document_id=document_id,
        now=now,
    )


def send(world, upload_id, offset, data, *, acting=None, vault=None, now=NOW):
    return store_segment(
        world.db,
        vault or world.vault,
        acting=acting or world.client,
        upload_id=upload_id,
        offset=offset,
        plaintext=data,
        now=now,
    )


def finish(world, pdf, upload_id, *, acting=None, vault=None, now=NOW):
    return finish_upload(
        world.db, vault or world.vault, pdf, acting=acting or world.client, upload_id=upload_id, now=now
    )


def upload(world, pdf, folder, data, **named):
    state = begin(world, folder, len(data), **named)
    for offset in range(0, len(data), SEGMENT):
        send(world, state.id, offset, data[offset : offset + SEGMENT], acting=named.get("acting"))
    return finish(world, pdf, state.id, acting=named.get("acting"))


def content_of(world, document_id, number=None, acting=None):
    content = read_document(
        world.db,
        world.vault,
        acting=acting or world.client,
        document_id=document_id,
        number=number,
        now=NOW,
    )
    return b"".join(content.open_range(0, content.size))


def blank_pdf(pages=2):
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


@pytest.mark.promise(31)
@pytest.mark.parametrize("size", [0, 1, 1000, SEGMENT - 1, SEGMENT, SEGMENT + 1, 2 * SEGMENT + 12345])
def test_bytes_digest_and_size_are_kept_as_they_came(world, pdf, folder, size):
    data = os.urandom(size)
    document = upload(world, pdf, folder, data)
    (version,) = document.versions
    assert (version.size, version.sha256) == (size, hashlib.sha256(data).hexdigest())
    assert content_of(world, document.id) == data


@pytest.mark.promise(31)
def test_a_pdf_is_looked_into_and_kept_byte_for_byte(world, pdf, folder):
    data = blank_pdf(3)
    document = upload(world, pdf, folder, data, filename="Contract.pdf")
    (version,) = document.versions
    assert (version.media_type, version.pages, version.findings["damaged"]) == ("application/pdf", 3, False)
    assert content_of(world, document.id) == data


def test_a_damaged_pdf_is_kept_and_said_to_be_damaged(world, pdf, folder):
    data = b"%PDF-1.7\n" + os.urandom(500)
    document = upload(world, pdf, folder, data, filename="broken.pdf")
    (version,) = document.versions
    assert version.findings["damaged"]
    assert version.findings["reason"]
    assert version.pages is None
    assert content_of(world, document.id) == data


def test_nothing_is_visible_before_it_is_whole(world, pdf, folder):
    state = begin(world, folder, SEGMENT + 5)
    send(world, state.id, 0, bytes(SEGMENT))
    assert show_folder(world.db, acting=world.client, folder_id=folder).documents.items == []
    with pytest.raises(NotFound):
        show_document(world.db, acting=world.client, document_id=state.document_id)
    with pytest.raises(UploadIncomplete):
        finish(world, pdf, state.id)
    send(world, state.id, SEGMENT, b"12345")
    finish(world, pdf, state.id)
    assert len(show_folder(world.db, acting=world.client, folder_id=folder).documents.items) == 1


def test_a_broken_connection_resumes_at_the_last_whole_segment(world, pdf, folder):
    data = os.urandom(2 * SEGMENT + 77)
    state = begin(world, folder, len(data))
    send(world, state.id, 0, data[:SEGMENT])
    resumed = upload_state(world.db, acting=world.client, upload_id=state.id, now=NOW)
    assert resumed.received == SEGMENT
    send(world, state.id, SEGMENT, data[SEGMENT : 2 * SEGMENT])
    send(world, state.id, 2 * SEGMENT, data[2 * SEGMENT :])
    assert content_of(world, finish(world, pdf, state.id).id) == data


def test_another_process_continues_and_the_digest_is_right(world, pdf, folder):
    data = os.urandom(2 * SEGMENT + 77)
    state = begin(world, folder, len(data))
    send(world, state.id, 0, data[:SEGMENT])
    second = Vault(HeldKeys.before_masters(FileKeyring.open(world.folder / "root.key")), world.vault.blobs)
    send(world, state.id, SEGMENT, data[SEGMENT : 2 * SEGMENT], vault=second)
    send(world, state.id, 2 * SEGMENT, data[2 * SEGMENT :])
    document = finish(world, pdf, state.id)
    second.close()
    assert document.versions[0].sha256 == hashlib.sha256(data).hexdigest()


def test_a_segment_whose_answer_was_lost_can_be_sent_again(world, pdf, folder):
    data = os.urandom(SEGMENT + 9)
    state = begin(world, folder, len(data))
    with world.db.reading() as tx:
        receiving = world.vault.receiving(tx, _version_of(world, state.id))
    world.vault.store_segment(
        receiving, 0, data[:SEGMENT]
    )  # stored, but the process died before the offset moved
    send(world, state.id, 0, data[:SEGMENT])
    send(world, state.id, SEGMENT, data[SEGMENT:])
    assert content_of(world, finish(world, pdf, state.id).id) == data


def test_two_transfers_of_different_bytes_never_mix(world, pdf, folder):
    first, second = os.urandom(SEGMENT + 9), os.urandom(SEGMENT + 9)
    state = begin(world, folder, len(first))
    outcomes = []

    def transfer(data):
        try:
            send(world, state.id, 0, data[:SEGMENT])
            outcomes.append(data)
        except (SegmentConflict, OffsetConflict) as refused:
            outcomes.append(refused)

    threads = [threading.Thread(target=transfer, args=(data,)) for data in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (winner,) = [outcome for outcome in outcomes if isinstance(outcome, bytes)]
    send(world, state.id, SEGMENT, winner[SEGMENT:])
    document = finish(world, pdf, state.id)
    assert document.versions[0].sha256 == hashlib.sha256(winner).hexdigest()
    assert content_of(world, document.id) == winner


def test_a_segment_elsewhere_than_at_the_end_is_told_where_to_go_on(world, folder):
    state = begin(world, folder, SEGMENT * 2)
    send(world, state.id, 0, bytes(SEGMENT))
    for offset in (0, 5, 2 * SEGMENT):
        with pytest.raises(OffsetConflict) as refused:
            send(world, state.id, offset, bytes(SEGMENT))
        assert refused.value.state.received == SEGMENT


@pytest.mark.parametrize("size", [0, 1, SEGMENT - 1, SEGMENT + 1])
def test_a_segment_of_another_size_is_refused_and_not_kept(world, folder, size):
    state = begin(world, folder, SEGMENT * 2)
    with pytest.raises(SegmentWrong):
        send(world, state.id, 0, bytes(size))
    assert upload_state(world.db, acting=world.client, upload_id=state.id, now=NOW).received == 0
    assert files_of(world) == []


def test_a_file_that_is_too_large_is_refused_with_nothing_half_done(world, folder):
    before = world.rows()
    with pytest.raises(TooLarge, match="16 GB"):
        begin(world, folder, world.db.policy.numbers.uploads.max_bytes + 1)
    assert world.rows() == before


def test_finishing_twice_is_once(world, pdf, folder):
    state = begin(world, folder, 3)
    send(world, state.id, 0, b"abc")
    assert finish(world, pdf, state.id) == finish(world, pdf, state.id)
    assert [kind for kind, _ in world.entries()].count("document:version:added") == 1


def test_a_new_version_joins_its_document_and_the_old_one_stays(world, pdf, folder):
    document = upload(world, pdf, folder, b"first")
    again = upload(world, pdf, folder, b"second", document_id=document.id, filename="other.bin")
    assert again.id == document.id
    assert again.name == "plan.bin"
    assert [version.number for version in again.versions] == [2, 1]
    assert content_of(world, document.id) == b"second"
    assert content_of(world, document.id, 1) == b"first"


def test_an_older_version_that_arrives_late_does_not_become_the_newest(world, pdf, folder):
    document = upload(world, pdf, folder, b"first")
    second = begin(world, folder, 6, document_id=document.id)
    third = begin(world, folder, 5, document_id=document.id)
    send(world, third.id, 0, b"third")
    finish(world, pdf, third.id)
    send(world, second.id, 0, b"second")
    finish(world, pdf, second.id)
    assert content_of(world, document.id) == b"third"


@pytest.mark.parametrize("who", ["other_client", "other_manager", "administrator"])
def test_who_does_not_see_the_folder_cannot_upload_into_it(world, folder, who):
    before = world.rows()
    with pytest.raises(NotFound):
        begin(world, folder, 5, acting=world.everybody[who])
    assert world.rows() == before


def test_a_compliance_officer_sees_the_folder_but_does_not_upload(world, folder):
    with pytest.raises(Forbidden):
        begin(world, folder, 5, acting=world.officer)


@pytest.mark.promise(21)
def test_an_upload_belongs_to_the_person_who_began_it(world, pdf, folder):
    state = begin(world, folder, 5)
    for acting in (world.manager, world.other_client, world.officer):
        for attempt in (
            lambda acting=acting: upload_state(world.db, acting=acting, upload_id=state.id, now=NOW),
            lambda acting=acting: send(world, state.id, 0, b"12345", acting=acting),
            lambda acting=acting: finish(world, pdf, state.id, acting=acting),
            lambda acting=acting: abandon_upload(
                world.db, world.vault, acting=acting, upload_id=state.id, now=NOW
            ),
        ):
            with pytest.raises(NotFound):
                attempt()


def test_a_document_of_another_folder_gets_no_version_here(world, pdf, folder):
    document = upload(world, pdf, folder, b"first")
    elsewhere = create_folder(
        world.db,
        world.vault,
        acting=world.manager,
        organisation_id=world.acme,
        name="Other",
        kind="general",
        now=NOW,
    )
    with pytest.raises(NotFound):
        begin(world, elsewhere, 5, document_id=document.id)


def test_an_abandoned_upload_leaves_nothing(world, folder):
    before = world.rows()
    state = begin(world, folder, SEGMENT + 5)
    send(world, state.id, 0, bytes(SEGMENT))
    abandon_upload(world.db, world.vault, acting=world.client, upload_id=state.id, now=NOW)
    after = world.rows()
    for name in ("documents", "versions", "uploads"):
        assert after[name] == before[name]
    assert files_of(world) == []
    assert world.entries()[-1] == ("document:upload:abandoned", state.document_id)


@pytest.mark.promise(35)
def test_uploads_that_rest_are_collected_and_live_ones_are_not(world, pdf, folder):
    hours = world.db.policy.numbers.uploads.unfinished_hours
    resting = begin(world, folder, SEGMENT * 2)
    send(world, resting.id, 0, bytes(SEGMENT))
    live = begin(world, folder, SEGMENT * 2, now=NOW + timedelta(hours=1))
    send(world, live.id, 0, bytes(SEGMENT), now=NOW + timedelta(hours=1))
    later = NOW + timedelta(hours=hours, minutes=1)
    assert collect_abandoned(world.db, world.vault, later) == 1
    assert len(files_of(world)) == 1
    with pytest.raises(NotFound):
        upload_state(world.db, acting=world.client, upload_id=resting.id, now=later)
    send(world, live.id, SEGMENT, bytes(SEGMENT), now=later)
    assert finish(world, pdf, live.id, now=later).versions[0].size == 2 * SEGMENT


def test_an_expired_upload_takes_no_more_even_before_it_is_collected(world, folder):
    state = begin(world, folder, 5)
    with pytest.raises(NotFound):
        send(world, state.id, 0, b"12345", now=state.expires_at)


def test_objects_without_a_row_are_removed(world, pdf, folder):
    document = upload(world, pdf, folder, b"kept")
    world.vault.blobs.put(f"{'ab' * 16}/000000", b"left behind")
    collect_abandoned(world.db, world.vault, NOW)
    assert len(files_of(world)) == 1
    assert content_of(world, document.id) == b"kept"


@pytest.mark.promise(74)
def test_an_upload_is_two_entries_and_they_name_what_was_added(world, pdf, folder):
    document = upload(world, pdf, folder, b"hello")
    assert world.entries()[1:] == [
        ("document:upload:started", document.id),
        ("document:version:added", document.id),
    ]
    with world.db.reading() as tx:
        leaves = [
            bytes(leaf) for leaf in tx.connection.execute(select(tables.audit_entries.c.leaf)).scalars()
        ]
    assert hashlib.sha256(b"hello").hexdigest().encode() in leaves[-1]
    assert not any(b"plan.bin" in leaf for leaf in leaves)


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "C:\\boot.ini",
        ".htaccess",
        "a/b.pdf",
        "con",
        "répertoire été.pdf",
        "契約書.pdf",
        "<img src=x>",
    ],
)
def test_a_name_is_data_and_never_a_path(world, pdf, folder, name):
    document = upload(world, pdf, folder, b"x", filename=name)
    assert show_document(world.db, acting=world.client, document_id=document.id).name == name
    for key in files_of(world):
        assert set(key) <= set("0123456789abcdef/")


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    "name", ["", " ", "a" * 256, "x\r\nSet-Cookie: a", "x\x00.pdf", "annex\u202efdp.exe", "\ud800.pdf"]
)
def test_a_name_that_pretends_is_refused_and_nothing_is_begun(world, folder, name):
    before = world.rows()
    with pytest.raises(BadName):
        begin(world, folder, 5, filename=name)
    assert world.rows() == before


@pytest.mark.promise(33)
@given(st.text(max_size=300))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_any_text_is_kept_whole_or_refused(text):
    try:
        kept = file_name(text)
    except BadName:
        return
    assert file_name(kept) == kept
    assert kept.encode("utf-8")
    assert not set(kept) & set("\r\n\x00\u202e\u2066")


def files_of(world):
    return sorted(world.vault.blobs.list(""))


def _version_of(world, upload_id):
    with world.db.reading() as tx:
        chosen = select(tables.uploads.c.version_id).where(tables.uploads.c.id == upload_id)
        return tx.connection.execute(chosen).scalar_one()
