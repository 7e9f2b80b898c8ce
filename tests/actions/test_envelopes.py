"""Envelopes from the sender's side: made, prepared, sent, reminded, voided; and who sees them."""

from dataclasses import replace
from datetime import timedelta

import pytest

from docvault.actions import drafts, envelope_files, envelopes, placed_fields
from docvault.blobs.store import StoreFailed
from docvault.database import documents, folder_members, organisations
from docvault.database.envelopes import EnvelopeChanged
from docvault.pdf.errors import NotSignable
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Permission, Role
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import EnvelopeFrozen, EnvelopeIncomplete, State
from docvault.rules.fields import FieldKind, FieldRefused, SignatureFieldMissing
from docvault.values import EnvelopeId, NotFound, new_id
from docvault.vault import sending
from docvault.vault.preflight import Problem

from . import envelope_world as signing
from .world import NOW, half_signed_in, person


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def show(made, envelope_id, acting=None):
    return envelopes.show_envelope(made.db, acting=acting or made.world.manager, envelope_id=envelope_id)


def void(made, envelope_id, acting=None, reason="Wrong version", now=NOW):
    envelopes.void_envelope(
        made.db,
        made.vault,
        acting=acting or made.world.manager,
        envelope_id=envelope_id,
        reason=reason,
        now=now,
    )


def test_a_draft_shows_its_people_in_their_turns_and_its_pages(made):
    seen = show(made, signing.draft(made))
    assert (seen.state, seen.pages, len(seen.page_sizes)) == (State.DRAFT, 2, 2)
    assert [(one.name, one.turn, one.state) for one in seen.recipients] == [
        ("Clara Client", 1, "draft"),
        ("Maya Manager", 2, "draft"),
    ]
    assert [item.kind for item in seen.history] == ["envelope:created"]
    assert seen.digest is None


def test_only_people_near_the_document_can_be_asked(made):
    document_id = signing.add_document(made)
    people = drafts.possible_recipients(made.db, acting=made.world.manager, document_id=document_id)
    assert {one.name for one in people} == {"Clara Client", "Maya Manager"}
    with pytest.raises(EnvelopeIncomplete):
        signing.draft(made, (made.world.other_client, 1))


@pytest.mark.promise(22)
@pytest.mark.parametrize(
    ("role", "asked"), [("viewer", False), ("contributor", False), ("signer", True), ("manager", True)]
)
def test_somebody_who_may_only_read_a_folder_cannot_be_asked_to_sign(made, role, asked):
    document_id = signing.add_document(made)
    gil = made.world.other_client
    with made.db.transaction() as tx:
        folder = documents.for_seeing(tx, made.world.manager, document_id).folder
        folder_members.add(tx, made.world.manager, folder.resource, gil.person_id, role, NOW)
    people = drafts.possible_recipients(made.db, acting=made.world.manager, document_id=document_id)
    assert (gil.person_id in [one.id for one in people]) is asked


@pytest.mark.promise(27)
def test_somebody_who_is_kept_out_cannot_be_asked_to_sign(made):
    document_id = signing.add_document(made)
    clara = made.world.client
    with made.db.transaction() as tx:
        folder = documents.for_seeing(tx, made.world.manager, document_id).folder
        folder_members.add(tx, made.world.manager, folder.resource, clara.person_id, "denied", NOW)
    people = drafts.possible_recipients(made.db, acting=made.world.manager, document_id=document_id)
    assert [one.name for one in people] == ["Maya Manager"]


@pytest.mark.parametrize("who", ["client", "officer"])
def test_others_who_see_the_document_cannot_send_it(made, who):
    document_id = signing.add_document(made)
    with pytest.raises((Forbidden, NotFound)):
        drafts.create_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=made.world.everybody[who],
            document_ids=[document_id],
            title="T",
            recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
            now=NOW,
        )


def test_a_file_that_is_no_pdf_cannot_be_sent_and_nothing_is_left_behind(made):
    document_id = signing.add_document(made, b"Dear all, this is a letter.", "letter.txt")
    before = made.world.rows()
    with pytest.raises(NotSignable):
        drafts.create_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=made.world.manager,
            document_ids=[document_id],
            title="T",
            recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
            now=NOW,
        )
    assert made.world.rows() == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": " "},
        {"message": "m" * 2001},
        {"recipients": []},
        {"wishes": drafts.Wishes(NOW - timedelta(days=1))},
    ],
    ids=["no title", "endless message", "nobody", "due yesterday"],
)
def test_an_incomplete_draft_is_refused(made, wrong):
    given = {
        "title": "T",
        "recipients": [drafts.NewRecipient(made.world.client.person_id, 1)],
        "document_ids": [signing.add_document(made)],
    }
    with pytest.raises(EnvelopeIncomplete):
        drafts.create_envelope(
            made.db, made.vault, made.pdf, acting=made.world.manager, now=NOW, **{**given, **wrong}
        )


def test_fields_keep_their_ids_when_they_are_placed_again(made):
    envelope_id = signing.draft(made)
    signing.place(made, envelope_id)
    first = show(made, envelope_id).fields
    moved = [
        placed_fields.NewField(
            f.id, f.recipient_id, f.kind, f.page, f.x - 5, f.y, f.w, f.h, f.required, f.label
        )
        for f in first[1:]
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=moved, now=NOW
    )
    assert {f.id for f in show(made, envelope_id).fields} == {f.id for f in first[1:]}


def test_a_field_outside_its_page_or_of_another_envelope_is_refused(made):
    envelope_id, other = signing.draft(made), signing.draft(made)
    signing.place(made, other)
    own = show(made, envelope_id).recipients[0].id
    outside = placed_fields.NewField(None, own, FieldKind.TEXT, 1, 590, 10, 100, 20)
    foreign = replace(outside, id=show(made, other).fields[0].id, x=10)
    stranger = replace(outside, recipient_id=show(made, other).recipients[0].id, x=10)
    for field in (outside, foreign, stranger):
        with pytest.raises(FieldRefused):
            placed_fields.place_fields(
                made.db,
                made.vault,
                acting=made.world.manager,
                envelope_id=envelope_id,
                fields=[field],
                now=NOW,
            )
    assert show(made, envelope_id).fields == ()


def test_sending_needs_a_place_to_sign_for_everybody(made):
    envelope_id = signing.draft(made)
    with pytest.raises(SignatureFieldMissing, match="Clara Client and Maya Manager"):
        signing.send(made, envelope_id)
    assert show(made, envelope_id).state is State.DRAFT


@pytest.mark.promise(63)
def test_sending_freezes_what_signers_see_and_writes_to_the_first_turn(made):
    envelope_id = signing.sent(made)
    seen = show(made, envelope_id)
    assert seen.state is State.SENT
    assert [one.state for one in seen.recipients] == ["notified", "waiting"]
    assert signing.mails(made) == [("sign_request", made.world.client.email)]
    content = signing.content(made, made.world.client, envelope_id, "sent")
    with signing.as_scratch(content) as source:
        assert source.sha256() == seen.digest


@pytest.mark.promise(65)
def test_a_sent_envelope_cannot_be_changed_or_sent_again(made):
    envelope_id = signing.sent(made)
    before = show(made, envelope_id)
    with pytest.raises(EnvelopeFrozen):
        signing.send(made, envelope_id)
    with pytest.raises(EnvelopeFrozen):
        placed_fields.place_fields(
            made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=[], now=NOW
        )
    assert show(made, envelope_id) == before


def test_what_could_not_be_sealed_is_not_sent(made, monkeypatch):
    envelope_id = signing.draft(made)
    signing.place(made, envelope_id)
    monkeypatch.setattr(
        type(made.authority), "preflight", lambda *_, **__: [Problem("The seal is away.", "/run/pin")]
    )
    before = made.world.rows()
    with pytest.raises(sending.PreflightFailed) as caught:
        signing.send(made, envelope_id)
    assert caught.value.problems == ("The seal is away.",)
    assert made.world.rows() == before


def test_a_store_that_is_away_is_said_before_anything_is_sent(made, monkeypatch):
    envelope_id = signing.draft(made)
    signing.place(made, envelope_id)

    def away():
        raise StoreFailed from OSError("disk 7 is gone")

    monkeypatch.setattr(made.vault.blobs, "probe", away)
    before = made.world.rows()
    with pytest.raises(sending.PreflightFailed, match="Stored files cannot be reached") as caught:
        signing.send(made, envelope_id)
    assert "disk 7" not in str(caught.value), "that is for the log"
    assert made.world.rows() == before


def test_the_names_of_all_are_tried_before_anything_is_sent(made, monkeypatch):
    envelope_id = signing.draft(made)
    signing.place(made, envelope_id)
    tried = []

    def preflight(_authority, _workers, _document, names, **_):
        tried.append(list(names))
        return [Problem("No.", "No.")]

    monkeypatch.setattr(type(made.authority), "preflight", preflight)
    with pytest.raises(sending.PreflightFailed):
        signing.send(made, envelope_id)
    seen = show(made, envelope_id)
    assert tried == [[*(one.name for one in seen.recipients), made.world.manager.name]]


@pytest.mark.promise(64)
def test_fields_that_change_while_the_document_is_made_are_not_sent(made, monkeypatch):
    """What signers would be asked for has to be what was written into the document."""
    envelope_id = signing.draft(made)
    signing.place(made, envelope_id)

    def meanwhile(*_, **__):
        signing.place(made, envelope_id)  # the same places, but other fields
        return []

    monkeypatch.setattr(type(made.authority), "preflight", meanwhile)
    with pytest.raises(EnvelopeChanged):
        signing.send(made, envelope_id)
    assert show(made, envelope_id).state is State.DRAFT


def test_voiding_ends_it_for_everybody_who_was_asked(made):
    envelope_id = signing.sent(made)
    void(made, envelope_id)
    seen = show(made, envelope_id, made.world.client)
    assert (seen.state, seen.reason) == (State.VOIDED, "Wrong version")
    assert ("envelope_voided", made.world.client.email) in signing.mails(made)
    assert len(signing.mails(made)) == 2
    with pytest.raises(rules.EnvelopeClosed):
        void(made, envelope_id)


def test_reminders_go_to_those_whose_turn_it_is_and_not_too_often(made):
    envelope_id = signing.sent(made)

    def remind(now):
        return envelopes.remind_recipients(
            made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, now=now
        )

    with pytest.raises(rules.EnvelopeRefused):
        remind(NOW + timedelta(minutes=1))
    assert remind(NOW + timedelta(days=1)) == 1
    assert signing.mails(made)[:1] == [("sign_reminder", made.world.client.email)]
    with pytest.raises(rules.EnvelopeRefused):
        remind(NOW + timedelta(days=1, minutes=1))


@pytest.mark.promise(21)
@pytest.mark.parametrize("who", ["other_manager", "other_client", "administrator"])
def test_a_foreign_envelope_looks_like_none(made, who):
    envelope_id, stranger = signing.sent(made), made.world.everybody[who]
    said = set()
    for wanted in (envelope_id, EnvelopeId(new_id())):
        for call in (
            lambda chosen: show(made, chosen, stranger),
            lambda chosen: void(made, chosen, stranger),
            lambda chosen: signing.content(made, stranger, chosen, "sent"),
            lambda chosen: signing.ceremony(made, stranger, chosen),
        ):
            with pytest.raises(NotFound) as caught:
                call(wanted)
            said.add(str(caught.value))
    assert len(said) == 1
    assert envelopes.list_envelopes(made.db, acting=stranger).items == []


@pytest.mark.promise(1)
def test_nobody_does_anything_with_one_factor(made):
    envelope_id = signing.sent(made)
    with pytest.raises(NotFound):
        show(made, envelope_id, half_signed_in(made.world.manager))
    assert envelopes.list_envelopes(made.db, acting=half_signed_in(made.world.manager)).items == []


def test_recipients_see_an_envelope_only_once_it_was_sent(made):
    envelope_id = signing.draft(made)
    with pytest.raises(NotFound):
        show(made, envelope_id, made.world.client)
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    seen = show(made, envelope_id, made.world.client)
    assert seen.your_turn
    assert seen.may == {Permission.ENVELOPE_READ, Permission.ENVELOPE_SIGN}


def test_a_compliance_officer_sees_it_but_reads_no_document(made):
    envelope_id = signing.sent(made)
    assert show(made, envelope_id, made.world.officer).title == "Services agreement"
    with pytest.raises(Forbidden):
        signing.content(made, made.world.officer, envelope_id, "sent")


def test_only_the_sender_manages_it(made):
    envelope_id = signing.sent(made)
    with pytest.raises(Forbidden):
        void(made, envelope_id, made.world.client)


def test_lists_can_be_narrowed_and_turned_page_by_page(made):
    sent = signing.sent(made)
    drafts = [signing.draft(made, title=f"Order {number}%") for number in range(3)]

    def ids(**filters):
        return [
            one.id for one in envelopes.list_envelopes(made.db, acting=made.world.manager, **filters).items
        ]

    assert set(ids()) == {sent, *drafts}
    assert ids(state=State.SENT) == [sent]
    assert ids(search="order 1%") == [drafts[1]]
    assert set(ids(mine=True)) == {sent, *drafts}
    first = envelopes.list_envelopes(made.db, acting=made.world.manager, limit=3)
    second = envelopes.list_envelopes(made.db, acting=made.world.manager, limit=3, after=first.next)
    assert {one.id for one in [*first.items, *second.items]} == {sent, *drafts}
    assert second.next is None


@pytest.mark.promise(74)
def test_reading_is_recorded_once_a_session(made):
    envelope_id = signing.sent(made)
    for _ in range(2):
        opened = envelope_files.envelope_pages(
            made.db, acting=made.world.client, envelope_id=envelope_id, now=NOW
        )
        image, media_type = envelope_files.envelope_page_image(
            made.db,
            made.vault,
            made.pdf,
            acting=made.world.client,
            envelope_id=envelope_id,
            page=1,
            width=600,
            now=NOW,
        )
        assert image
        assert media_type.startswith("image/")
    text = envelope_files.envelope_paragraphs(
        made.db, made.vault, made.pdf, acting=made.world.client, envelope_id=envelope_id, page=2, now=NOW
    )
    assert "part 2" in " ".join(text)
    assert len(opened.sizes) == 2
    assert made.world.entries().count(("envelope:read", envelope_id)) == 1


@pytest.mark.promise(74)
def test_every_deed_is_one_entry(made):
    before = len(made.world.entries())
    envelope_id = signing.sent(made)
    void(made, envelope_id)
    kinds = [kind for kind, subject in made.world.entries()[before:] if subject == envelope_id]
    assert kinds == ["envelope:created", "envelope:fields:placed", "envelope:sent", "envelope:voided"]


@pytest.mark.promise(28)
@pytest.mark.promise(19)
def test_a_sender_from_whom_the_client_was_taken_loses_the_envelope_and_a_colleague_runs_it(made):
    world = made.world
    envelope_id = signing.draft(made)
    colleague = person(made.db, "Cleo Colleague", Role.ACCOUNT_MANAGER, world.operator, clients=[world.acme])
    with made.db.transaction() as tx:
        organisations.unassign(tx, world.administrator, world.manager.person_id, world.acme, NOW)
    former = replace(world.manager, clients=frozenset())
    with pytest.raises(NotFound):
        show(made, envelope_id, former)
    with pytest.raises(NotFound):
        void(made, envelope_id, former)
    assert envelope_id not in [one.id for one in envelopes.list_envelopes(made.db, acting=former).items]
    void(made, envelope_id, colleague)
    assert show(made, envelope_id, colleague).state is State.VOIDED
