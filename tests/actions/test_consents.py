"""Paper instead, and consent taken back: an act of the signer, told to the sender, in the trail (promise 72)."""

import io
import json
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
from sqlalchemy import select, update

from docvault.actions import ceremonies, consents, deadlines, drafts, envelopes
from docvault.audit.kinds import Kind
from docvault.database import audit_trail, messages, tables
from docvault.mail.sender import Mailer
from docvault.pdf.workers import Workers
from docvault.rules.consents import TEXTS, in_language
from docvault.rules.envelopes import (
    AlreadySigned,
    ConsentMissing,
    EnvelopeClosed,
    EnvelopeIncomplete,
    NotYourTurn,
    State,
)
from docvault.rules.languages import LANGUAGES
from docvault.values import NotFound

from . import envelope_world as signing
from .world import NOW

MAILER = Mailer("", "portal@example.com", "https://vault.example.com", "DocVault")


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf):
    yield from signing.standing(tmp_path, pdf, None)


def withdraw(made, acting, envelope_id, note="", now=NOW):
    consents.prefer_paper(made.db, made.vault, acting=acting, envelope_id=envelope_id, note=note, now=now)


def told(made):
    """Return what the sender was written about paper, newest first."""
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records, limit=100).items
    mine = [one for one in found if one.template == "paper_wished"]
    assert {one.recipient for one in mine} <= {made.world.manager.email}
    return [MAILER.render(one.template, one.values) for one in mine]


def kinds(made, envelope_id):
    with made.db.reading() as tx:
        return [entry.kind for entry in audit_trail.object_trail(tx, "envelope", envelope_id)]


def recipient(made, envelope_id, acting):
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    return next(one for one in seen.recipients if one.person_id == acting.person_id)


@pytest.mark.promise(72)
def test_who_asks_for_paper_is_heard_and_does_not_sign_unless_they_agree(made):
    client = made.world.client
    envelope_id = signing.sent(made)
    withdraw(made, client, envelope_id, " Please post it. ")
    withdraw(made, client, envelope_id, "Please post it.")
    (mail,) = told(made)
    assert mail.subject == "Clara Client would rather sign on paper"
    assert "Please post it." in mail.text
    assert client.email in mail.text
    assert kinds(made, envelope_id)[-1] == Kind.ENVELOPE_PAPER_ASKED
    assert recipient(made, envelope_id, client).wished_at == NOW
    seen = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    assert (seen.state, seen.history[-1].note) == (State.SENT, "Please post it.")
    with pytest.raises(ConsentMissing):
        sign_without_agreeing(made, client, envelope_id)
    signing.sign(made, client, envelope_id)
    assert recipient(made, envelope_id, client).wished_at is None
    with pytest.raises(AlreadySigned):
        withdraw(made, client, envelope_id)


def sign_without_agreeing(made, acting, envelope_id):
    seen = signing.ceremony(made, acting, envelope_id)
    pages = list(range(1, seen.pages + 1))
    ceremonies.pages_seen(made.db, acting=acting, envelope_id=envelope_id, pages=pages, now=NOW)
    ceremonies.sign_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=acting,
        envelope_id=envelope_id,
        answers=signing.answers_for(seen),
        signature=signing.DRAWN,
        step_up_id=signing.step_up(made, acting, seen.digest),
        now=NOW,
    )


@pytest.mark.promise(72)
def test_consent_taken_back_counts_no_more_and_both_are_in_the_evidence(made):
    client = made.world.client
    envelope_id = signing.sent(made, (client, 1))
    agreed = signing.read_and_agree(made, client, envelope_id)
    withdraw(made, client, envelope_id)
    assert not signing.ceremony(made, client, envelope_id).consented
    with made.db.reading() as tx:
        (kept,) = tx.connection.execute(select(tables.recipients.c.consent_text)).scalars()
    assert kept is None
    with pytest.raises(ConsentMissing):
        sign_without_agreeing(made, client, envelope_id)
    assert "They wrote to you" not in told(made)[0].text
    with made.db.reading() as tx:
        entry = audit_trail.object_trail(tx, "envelope", envelope_id)[-1]
    assert (entry.kind, entry.facts["consent_sha256"]) == (
        Kind.ENVELOPE_CONSENT_WITHDRAWN,
        agreed.consent.sha256,
    )
    signing.sign(made, client, envelope_id, now=NOW + timedelta(hours=1))
    signing.advance(made, envelope_id, NOW + timedelta(hours=1))
    certificate = signing.content(made, client, envelope_id, "certificate")
    with pikepdf.open(io.BytesIO(certificate)) as opened:
        entries = json.loads(opened.attachments["audit.json"].get_file().read_bytes())["entries"]
    said = [one["kind"] for one in entries if "consent" in one["kind"]]
    assert said == [Kind.ENVELOPE_CONSENTED, Kind.ENVELOPE_CONSENT_WITHDRAWN, Kind.ENVELOPE_CONSENTED]
    pages = pypdfium2.PdfDocument(certificate)
    text = " ".join(page.get_textpage().get_text_bounded() for page in pages)
    pages.close()
    assert "Took back the consent to sign electronically" in " ".join(text.split())


@pytest.mark.promise(72)
def test_only_who_signs_and_now_can_ask_for_paper(made):
    manager, client = made.world.manager, made.world.client
    envelope_id = signing.sent(made)
    with pytest.raises(NotYourTurn):
        withdraw(made, manager, envelope_id)
    with pytest.raises(NotFound):
        withdraw(made, made.world.other_client, envelope_id)
    with pytest.raises(EnvelopeIncomplete, match="at most 1000 characters"):
        withdraw(made, client, envelope_id, "x" * 1001)
    assert told(made) == []
    envelopes.void_envelope(
        made.db, made.vault, acting=manager, envelope_id=envelope_id, reason="Signed by hand", now=NOW
    )
    with pytest.raises(EnvelopeClosed):
        withdraw(made, client, envelope_id)


@pytest.mark.promise(72)
def test_a_later_wording_asks_again_and_the_earlier_one_is_no_consent(made):
    client = made.world.client
    envelope_id = signing.sent(made)
    signing.read_and_agree(made, client, envelope_id)
    older = {"consent_text": "en-1", "consent_sha256": TEXTS["en-1"].sha256}
    with made.db.transaction() as tx:
        mine = tables.recipients.c.person_id == client.person_id
        tx.connection.execute(update(tables.recipients).where(mine).values(**older))
    assert not signing.ceremony(made, client, envelope_id).consented
    with pytest.raises(ConsentMissing):
        sign_without_agreeing(made, client, envelope_id)
    signing.sign(made, client, envelope_id)
    with made.db.reading() as tx:
        (kept,) = tx.connection.execute(select(tables.recipients.c.consent_text).where(mine)).scalars()
    assert kept == in_language("en").id != "en-1"


@pytest.mark.promise(72)
@pytest.mark.parametrize("code", LANGUAGES)
def test_the_text_names_the_ways_of_the_page_and_the_earlier_version_is_kept(code):
    later, earlier = in_language(code), TEXTS[f"{code}-1"]
    assert later.id == f"{code}-2"
    assert TEXTS[later.id] is later
    assert later.text != earlier.text
    assert later.text.count("\n\n") == earlier.text.count("\n\n")


def test_nobody_is_reminded_who_asked_for_paper(made):
    client = made.world.client
    envelope_ids = [reminded(made), reminded(made)]
    withdraw(made, client, envelope_ids[0])
    deadlines.look_after(made.db, made.vault.records, now=NOW + timedelta(days=5, hours=1))
    said = [Kind.ENVELOPE_REMINDED in kinds(made, one) for one in envelope_ids]
    assert said == [False, True]


def reminded(made):
    """Return an envelope, sent, whose signer is reminded each day."""
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[signing.add_document(made)],
        title="Papers",
        recipients=[drafts.NewRecipient(made.world.client.person_id, 1)],
        wishes=drafts.Wishes(reminder_days=1),
        now=NOW,
    )
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id
