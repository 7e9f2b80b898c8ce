"""The ceremony: consent, reading, signing once with a code for this very document, declining."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from docvault.actions import ceremonies, envelopes
from docvault.database import tables
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.rules import answers as answer_rules
from docvault.rules import envelopes as rules
from docvault.rules.answers import Filled, PictureSignature
from docvault.rules.consents import ConsentUnknown
from docvault.rules.fields import FieldKind
from docvault.values import NotFound

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


@pytest.fixture
def envelope_id(made):
    return signing.sent(made)


@pytest.fixture
def client(made):
    return made.world.client


def state(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id).state


def unchanged(made, call, refusal, match=None):
    """Expect a refusal that leaves every row as it was."""
    before = made.world.rows()
    with pytest.raises(refusal, match=match) as caught:
        call()
    assert made.world.rows() == before
    return caught.value


def test_a_signer_sees_their_own_fields_and_what_they_agree_to(made, client, envelope_id):
    seen = signing.ceremony(made, client, envelope_id)
    assert seen.state == "your-turn"
    assert {field.recipient_id for field in seen.fields} == {seen.recipient.id}
    assert seen.fields[0].kind is FieldKind.INITIALS  # reading order: page 1 comes first
    assert (seen.consented, seen.seen_pages) == (False, ())
    assert seen.consent.sha256
    assert len(seen.digest) == 64


def test_looking_is_recorded_the_first_time(made, client, envelope_id):
    for _ in range(3):
        signing.ceremony(made, client, envelope_id)
    assert made.world.entries().count(("envelope:viewed", envelope_id)) == 1


def test_those_of_a_later_turn_wait(made, envelope_id):
    manager = made.world.manager
    assert signing.ceremony(made, manager, envelope_id).state == "waiting"
    unchanged(made, lambda: signing.sign(made, manager, envelope_id), rules.NotYourTurn)


def test_signing_asks_the_next_turn_and_starts_the_work(made, client, envelope_id):
    signing.sign(made, client, envelope_id)
    assert signing.ceremony(made, client, envelope_id).state == "signed"
    assert signing.ceremony(made, made.world.manager, envelope_id).state == "your-turn"
    assert ("sign_request", made.world.manager.email) in signing.mails(made)
    assert signing.queued(made).count("advance_envelope") == 1
    assert made.world.entries().count(("envelope:recipient:signed", envelope_id)) == 1


def test_last_signature_completes_the_envelope(made, client, envelope_id):
    signing.sign(made, client, envelope_id)
    signing.sign(made, made.world.manager, envelope_id, signature=signing.TYPED)
    assert state(made, envelope_id) is rules.State.COMPLETING


@pytest.mark.promise(56)
def test_answers_and_evidence_are_sealed_and_complete(made, client, envelope_id):
    signing.sign(made, client, envelope_id)
    with made.db.reading() as tx:
        chosen = select(tables.recipients).where(tables.recipients.c.person_id == client.person_id)
        row = tx.connection.execute(chosen).one()
    for sealed in (row.answers, row.evidence):
        assert b"CFO" not in sealed
        assert client.email.encode() not in sealed
    filled = Filled.load(made.vault.records.open(f"answers:{row.id}", row.answers))
    assert filled.signature == signing.DRAWN
    assert "Żaneta Ølsen, CFO" in filled.answers.values()
    assert client.address in made.vault.records.open(f"evidence:{row.id}", row.evidence).decode()


@pytest.mark.promise(62)
def test_signing_twice_is_refused(made, client, envelope_id):
    signing.sign(made, client, envelope_id)
    unchanged(made, lambda: signing.sign(made, client, envelope_id), rules.AlreadySigned, "already signed")


@pytest.mark.promise(63)
def test_signing_without_consent_or_with_pages_unseen_is_refused(made, client, envelope_id):
    seen = signing.ceremony(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)

    def sign():
        ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=client,
            envelope_id=envelope_id,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=proof,
            now=NOW,
        )

    unchanged(made, sign, rules.ConsentMissing)
    ceremonies.give_consent(
        made.db,
        acting=client,
        envelope_id=envelope_id,
        consent_id=seen.consent.id,
        consent_sha256=seen.consent.sha256,
        now=NOW,
    )
    ceremonies.pages_seen(made.db, acting=client, envelope_id=envelope_id, pages=[2], now=NOW)
    unchanged(made, sign, rules.PagesNotSeen, "1 page was not shown")
    ceremonies.pages_seen(made.db, acting=client, envelope_id=envelope_id, pages=[1, 2], now=NOW)
    sign()


def test_a_field_left_out_is_refused(made, client, envelope_id):
    seen = signing.read_and_agree(made, client, envelope_id)
    answers = signing.answers_for(seen)
    text = next(field.id for field in seen.fields if field.kind is FieldKind.TEXT)
    del answers[text]
    proof = signing.step_up(made, client, seen.digest)
    unchanged(
        made,
        lambda: signing.sign(made, client, envelope_id, answers=answers, proof=proof),
        rules.FieldsMissing,
        "1 required field",
    )


def test_an_answer_for_somebody_else_is_refused(made, client, envelope_id):
    other = signing.ceremony(made, made.world.manager, envelope_id)
    seen = signing.read_and_agree(made, client, envelope_id)
    answers = signing.answers_for(seen) | {other.fields[0].id: "XX"}
    proof = signing.step_up(made, client, seen.digest)
    unchanged(
        made,
        lambda: signing.sign(made, client, envelope_id, answers=answers, proof=proof),
        answer_rules.AnswerRefused,
    )


def test_a_picture_that_is_none_is_refused(made, client, envelope_id):
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)
    unchanged(
        made,
        lambda: signing.sign(made, client, envelope_id, signature=PictureSignature(b"<svg>"), proof=proof),
        answer_rules.SignatureRefused,
    )


PROOFS = {
    "for another document": lambda made, acting, _seen: signing.step_up(made, acting, "0" * 64),
    "for another purpose": lambda made, acting, seen: signing.step_up(
        made, acting, seen.digest, purpose="audit:export"
    ),
    "of another person": lambda made, _acting, seen: signing.step_up(made, made.world.manager, seen.digest),
    "too old": lambda made, acting, seen: signing.step_up(
        made, acting, seen.digest, NOW - timedelta(hours=1)
    ),
    "made up": lambda _made, _acting, _seen: "a" * 26,
}


@pytest.mark.promise(17)
@pytest.mark.promise(62)
@pytest.mark.parametrize("kind", PROOFS)
def test_a_code_given_for_something_else_does_not_sign(made, client, envelope_id, kind):
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = PROOFS[kind](made, client, seen)
    unchanged(made, lambda: signing.sign(made, client, envelope_id, proof=proof), StepUpInvalid)


@pytest.mark.promise(17)
def test_a_document_swapped_after_the_code_is_not_signed(made, client, envelope_id):
    """Time of check, time of use: the code is bound to the digest that was shown."""
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)
    with made.db.transaction() as tx:
        tx.connection.execute(update(tables.envelopes).values(digest="f" * 64))
    unchanged(made, lambda: signing.sign(made, client, envelope_id, proof=proof), StepUpInvalid)


@pytest.mark.promise(17)
def test_a_code_is_not_used_up_by_a_refusal_and_used_up_by_a_signature(made, client):
    first, second = signing.sent(made), signing.sent(made)
    seen = signing.read_and_agree(made, client, first)
    proof = signing.step_up(made, client, seen.digest)
    with pytest.raises(rules.FieldsMissing):
        signing.sign(made, client, first, answers={}, proof=proof)
    signing.sign(made, client, first, proof=proof)
    with made.db.transaction() as tx:  # the same bytes, so the same digest, in another envelope
        tx.connection.execute(
            update(tables.envelopes).where(tables.envelopes.c.id == second).values(digest=seen.digest)
        )
    signing.read_and_agree(made, client, second)
    unchanged(made, lambda: signing.sign(made, client, second, proof=proof), StepUpInvalid)


@pytest.mark.promise(62)
@pytest.mark.parametrize("who", ["officer", "administrator", "manager", "other_manager", "other_client"])
def test_nobody_signs_for_somebody_else(made, client, who):
    """Not even with the signer's own proof in hand."""
    envelope_id = signing.sent(made, (client, 1))
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)

    def sign():
        ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=made.world.everybody[who],
            envelope_id=envelope_id,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=proof,
            now=NOW,
        )

    unchanged(made, sign, (Forbidden, NotFound))


def test_consent_to_other_words_is_refused(made, client, envelope_id):
    def agree(consent_id, sha256):
        ceremonies.give_consent(
            made.db,
            acting=client,
            envelope_id=envelope_id,
            consent_id=consent_id,
            consent_sha256=sha256,
            now=NOW,
        )

    unchanged(made, lambda: agree("en-1", "0" * 64), ConsentUnknown)
    unchanged(made, lambda: agree("en-0", "0" * 64), ConsentUnknown)


def test_consent_is_recorded_with_its_words_and_once(made, client, envelope_id):
    for minutes in (0, 5):
        signing.read_and_agree(made, client, envelope_id, NOW + timedelta(minutes=minutes))
    with made.db.reading() as tx:
        chosen = select(tables.recipients).where(tables.recipients.c.person_id == client.person_id)
        row = tx.connection.execute(chosen).one()
    assert (row.consented_at, row.consent_text) == (NOW, "en-2")
    assert made.world.entries().count(("envelope:recipient:consented", envelope_id)) == 1


def test_declining_ends_the_envelope_and_everybody_who_was_asked_reads_why(made, client, envelope_id):
    ceremonies.decline_envelope(
        made.db, made.vault, acting=client, envelope_id=envelope_id, reason="Too dear", now=NOW
    )
    assert state(made, envelope_id) is rules.State.DECLINED
    assert ("envelope_declined", made.world.manager.email) in signing.mails(made)
    assert ("envelope_declined", client.email) not in signing.mails(made)
    assert signing.ceremony(made, client, envelope_id).state == "declined"
    unchanged(made, lambda: signing.sign(made, client, envelope_id), rules.EnvelopeClosed, "declined")


def test_declining_needs_a_reason(made, client, envelope_id):
    def decline():
        ceremonies.decline_envelope(
            made.db, made.vault, acting=client, envelope_id=envelope_id, reason=" ", now=NOW
        )

    unchanged(made, decline, rules.EnvelopeIncomplete)


def test_signing_after_a_void_is_refused_in_plain_words(made, client, envelope_id):
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="Mistake", now=NOW
    )

    def sign():
        ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=client,
            envelope_id=envelope_id,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=proof,
            now=NOW,
        )

    unchanged(made, sign, rules.EnvelopeClosed, "voided")


def test_a_page_that_does_not_exist_was_not_seen(made, client, envelope_id):
    def see(*pages):
        ceremonies.pages_seen(made.db, acting=client, envelope_id=envelope_id, pages=pages, now=NOW)

    unchanged(made, lambda: see(3), rules.EnvelopeIncomplete)


@pytest.mark.promise(1)
def test_a_half_authenticated_signer_sees_nothing(made, client, envelope_id):
    with pytest.raises(Exception, match="could not find"):
        signing.ceremony(made, replace(client, session_kind="enrol"), envelope_id)
