"""People who do not sign: approvers, viewers and those who receive a copy; and witnesses and counter-signers."""

from io import BytesIO

import pikepdf
import pytest

from docvault.actions import ceremonies, drafts, envelopes, placed_fields
from docvault.audit.kinds import Kind
from docvault.database import audit_trail
from docvault.database.step_ups import StepUpInvalid
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import Part, State
from docvault.rules.fields import FieldKind

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def sent(made, *asked):
    """Send an envelope to people, each with a turn and a part; who signs has one signature field."""
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[signing.add_document(made)],
        title="Deal",
        recipients=[drafts.NewRecipient(person.person_id, turn, part) for person, turn, part in asked],
        now=NOW,
    )
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    placed = [
        placed_fields.NewField(None, one.id, FieldKind.SIGNATURE, 2, 60, 500 + 60 * row, 170, 44)
        for row, one in enumerate(view.recipients)
        if one.part in rules.SIGNING
    ]
    placed_fields.place_fields(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, fields=placed, now=NOW
    )
    signing.send(made, envelope_id)
    return envelope_id


def see_all(made, acting, envelope_id):
    seen = signing.ceremony(made, acting, envelope_id)
    ceremonies.pages_seen(
        made.db, acting=acting, envelope_id=envelope_id, pages=list(range(1, seen.pages + 1)), now=NOW
    )
    return seen


def approve(made, acting, envelope_id, proof=None):
    ceremonies.approve_envelope(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, step_up_id=proof, now=NOW
    )


def kinds(made, envelope_id):
    with made.db.reading() as tx:
        return [entry.kind for entry in audit_trail.object_trail(tx, "envelope", envelope_id)]


def test_an_approval_needs_the_second_factor_for_exactly_these_documents(made):
    client = made.world.client
    envelope_id = sent(made, (client, 1, Part.APPROVER), (made.world.manager, 2, Part.SIGNER))
    assert ("approve_request", client.email) in signing.mails(made)
    seen = see_all(made, client, envelope_id)
    for wrong in (
        None,
        signing.step_up(made, client, "00" * 32),
        signing.step_up(made, made.world.manager, seen.digest),
    ):
        with pytest.raises(StepUpInvalid):
            approve(made, client, envelope_id, wrong)
    assert ("sign_request", made.world.manager.email) not in signing.mails(made)
    approve(made, client, envelope_id, signing.step_up(made, client, seen.digest))
    assert ("sign_request", made.world.manager.email) in signing.mails(made)
    assert kinds(made, envelope_id).count(Kind.ENVELOPE_APPROVED) == 1


def test_an_approval_that_comes_last_completes_the_envelope_with_one_signature_in_the_file(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = sent(made, (manager, 1, Part.SIGNER), (client, 2, Part.APPROVER))
    signing.sign(made, manager, envelope_id, answers={})
    signing.advance(made, envelope_id)
    seen = see_all(made, client, envelope_id)
    approve(made, client, envelope_id, signing.step_up(made, client, seen.digest))
    assert "advance_envelope" in " ".join(signing.queued(made))
    signing.advance(made, envelope_id)
    view = envelopes.show_envelope(made.db, acting=manager, envelope_id=envelope_id)
    assert view.state is State.COMPLETED
    assert [one.state for one in view.recipients] == ["signed", "approved"]
    with pikepdf.open(BytesIO(signing.content(made, manager, envelope_id, "signed"))) as signed:
        values = [
            field for field in signed.Root.AcroForm.Fields if field.get("/FT") == "/Sig" and "/V" in field
        ]
    assert len(values) == 3  # hers, the seal and the timestamp


def test_a_viewer_confirms_without_a_code_but_only_after_every_page(made):
    client = made.world.client
    envelope_id = sent(made, (client, 1, Part.VIEWER), (made.world.manager, 2, Part.SIGNER))
    signing.ceremony(made, client, envelope_id)
    with pytest.raises(rules.PagesNotSeen):
        approve(made, client, envelope_id)
    see_all(made, client, envelope_id)
    approve(made, client, envelope_id)
    assert kinds(made, envelope_id).count(Kind.ENVELOPE_READ_THROUGH) == 1
    with pytest.raises(rules.AlreadySigned):
        approve(made, client, envelope_id)


def test_somebody_who_receives_a_copy_is_told_twice_and_never_awaited(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = sent(made, (manager, 1, Part.SIGNER), (client, 1, Part.COPY))
    assert ("copy_notice", client.email) in signing.mails(made)
    assert signing.ceremony(made, client, envelope_id).state == "copy"
    with pytest.raises(rules.NotYourPart):
        approve(made, client, envelope_id)
    signing.sign(made, manager, envelope_id, answers={})
    signing.advance(made, envelope_id)
    assert ("envelope_completed", client.email) in signing.mails(made)


def test_a_counter_signature_says_that_it_is_one(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = sent(made, (client, 1, Part.SIGNER), (manager, 2, Part.COUNTER_SIGNER))
    for person in (client, manager):
        signing.sign(made, person, envelope_id, answers={})
        signing.advance(made, envelope_id)
    with pikepdf.open(BytesIO(signing.content(made, manager, envelope_id, "signed"))) as signed:
        reasons = [
            str(field.V.get("/Reason", ""))
            for field in signed.Root.AcroForm.Fields
            if field.get("/FT") == "/Sig" and "/V" in field
        ]
    assert reasons.count("Counter-signature") == 1


def test_an_envelope_in_which_nobody_signs_is_refused(made):
    with pytest.raises(rules.EnvelopeIncomplete):
        sent(made, (made.world.client, 1, Part.APPROVER))
