"""Completion: every signature in the document, the seal, our own validation, the certificate; exactly once."""

import io
from dataclasses import replace
from datetime import timedelta

import pikepdf
import pypdfium2
import pytest
from pyhanko.pdf_utils.reader import PdfFileReader
from sqlalchemy import func, select

from docvault.actions import ceremonies, completions, envelopes
from docvault.audit.verifier import verify
from docvault.database import audit, messages, retention, tables
from docvault.database import envelopes as envelopes_table
from docvault.mail.sender import Mailer
from docvault.pdf import validate
from docvault.pdf.errors import CannotSign
from docvault.pdf.reasons import Verdict
from docvault.rules.envelopes import State
from docvault.rules.retention import fate
from docvault.values import NotFound

from . import envelope_world as signing
from .world import NOW


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def show(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def test_the_whole_way_to_a_completed_envelope(made):
    client, manager = made.world.client, made.world.manager
    envelope_id = signing.sent(made)
    signing.sign(made, client, envelope_id)
    signing.advance(made, envelope_id)
    assert show(made, envelope_id).state is State.SENT
    signing.sign(made, manager, envelope_id, signature=signing.TYPED)
    signing.advance(made, envelope_id)
    seen = show(made, envelope_id)
    assert (seen.state, seen.trouble) == (State.COMPLETED, None)
    assert seen.has_signed
    assert seen.has_certificate
    with signing.as_scratch(signing.content(made, client, envelope_id, "signed")) as signed:
        report = validate.validate(made.pdf, signed, roots=made.authority.roots)
    assert report.verdict is Verdict.VALID
    assert [one.signer for one in report.signatures if one.kind == "signature"] == [
        "Clara Client",
        "Maya Manager",
        made.authority.seal_name(),
    ]


def completed(made, envelope_id=None, signers=None):
    envelope_id = envelope_id or signing.sent(made)
    for signer in signers or (made.world.client, made.world.manager):
        drawn = signing.DRAWN if signer == made.world.client else signing.TYPED
        signing.sign(made, signer, envelope_id, signature=drawn)
    signing.advance(made, envelope_id)
    return envelope_id


@pytest.mark.promise(64)
def test_the_first_signature_certifies_and_the_seal_closes(made):
    signed = signing.content(made, made.world.client, completed(made), "signed")
    reader = PdfFileReader(io.BytesIO(signed))
    first, second, seal = reader.embedded_regular_signatures
    assert reader.root["/Perms"]["/DocMDP"].get_object() == first.sig_object
    assert (first.docmdp_level.value, second.docmdp_level, seal.docmdp_level.value) == (2, None, 1)


@pytest.mark.promise(71)
def test_the_certificate_proves_the_signing_offline(made):
    """Its attachments are the signed file byte for byte, and a trail that the offline verifier accepts."""
    envelope_id = completed(made)
    signed = signing.content(made, made.world.client, envelope_id, "signed")
    certificate = signing.content(made, made.world.client, envelope_id, "certificate")
    with pikepdf.open(io.BytesIO(certificate)) as opened:
        attached = {name: spec.get_file().read_bytes() for name, spec in opened.attachments.items()}
    assert attached["signed.pdf"] == signed
    assert b"envelope:recipient:signed" in attached["audit.json"]
    verdict = verify(io.BytesIO(attached["audit-trail.zip"]), key=made.log_key.public)
    assert (verdict.trusted, verdict.filters["object"]) == (True, envelope_id)
    with signing.as_scratch(certificate) as source:
        assert validate.validate(made.pdf, source, roots=made.authority.roots).verdict is Verdict.VALID


@pytest.mark.promise(71)
def test_the_certificate_says_until_when_the_documents_are_kept(made):
    """The day that the schedules then say, by which they are destroyed one day."""
    envelope_id = completed(made)
    with made.db.reading() as tx:
        document_id = envelopes_table.for_completion(tx, envelope_id).documents[0].document_id
        life = retention.of(tx, [document_id], NOW)[document_id].life
        day = fate(life, tx.policy.numbers.retention).kept_until
    pages = pypdfium2.PdfDocument(signing.content(made, made.world.client, envelope_id, "certificate"))
    assert f"{day.day} {day:%B %Y}" in pages[0].get_textpage().get_text_bounded()
    pages.close()


@pytest.mark.promise(71)
def test_the_certificate_says_who_confirmed_with_a_passkey_and_who_with_a_code(made):
    envelope_id = signing.sent(made)
    client = made.world.client
    seen = signing.read_and_agree(made, client, envelope_id)
    proof = signing.step_up(made, client, seen.digest, factor="passkey")
    signing.sign(made, client, envelope_id, proof=proof)
    completed(made, envelope_id, signers=(made.world.manager,))
    certificate = signing.content(made, client, envelope_id, "certificate")
    pages = pypdfium2.PdfDocument(certificate)
    text = " ".join(page.get_textpage().get_text_bounded() for page in pages).replace("\r\n", " ")
    assert text.count("confirmed this document with a passkey") == 1
    assert text.count("confirmed this document with a one") == 1  # the line breaks at the hyphen
    assert text.count("Signed, confirmed with a passkey") == 1


@pytest.mark.promise(61)
def test_a_certificate_is_in_the_log_before_its_key_is_used(made, monkeypatch):
    envelope_id = signing.sent(made)
    honest, logged = type(made.authority).sign, []

    def watched(authority, workers, source, key, **options):
        with made.db.reading() as tx:
            entries = audit.object_trail(tx, "envelope", envelope_id)
        logged.append(key.sha256 in {entry.facts.get("certificate") for entry in entries} and not key.used)
        return honest(authority, workers, source, key, **options)

    monkeypatch.setattr(type(made.authority), "sign", watched)
    completed(made, envelope_id)
    assert logged == [True, True]
    kinds = [kind for kind, subject in made.world.entries() if subject == envelope_id]
    wanted = ("envelope:certificate:issued", "envelope:signature:applied", "envelope:completed")
    assert [kind for kind in kinds if kind in wanted] == [*wanted[:2], *wanted[:2], wanted[2]]


def test_done_twice_is_done_once(made):
    envelope_id = completed(made)
    before = made.world.rows()
    signing.advance(made, envelope_id)
    assert made.world.rows() == before


def test_an_envelope_that_ended_gets_no_signatures(made):
    envelope_id = signing.sent(made)
    signing.sign(made, made.world.client, envelope_id)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="Mistake", now=NOW
    )
    signing.advance(made, envelope_id)
    assert ("envelope:certificate:issued", envelope_id) not in made.world.entries()


def test_everybody_is_told_once(made):
    completed(made)
    told = [address for template, address in signing.mails(made) if template == "envelope_completed"]
    assert sorted(told) == sorted([made.world.client.email, made.world.manager.email])


BREAKS = {
    "before the first signature": ("sign", CannotSign("The worker died.")),
    "before the seal": ("seal", CannotSign("The timestamp authority does not answer.")),
    "in the check": ("validate", CannotSign("The check failed.")),
}


@pytest.mark.promise(85)
@pytest.mark.parametrize("step", BREAKS)
def test_a_failure_is_said_recorded_and_overcome(made, monkeypatch, step):
    name, error = BREAKS[step]

    def fail(*_args, **_more):
        raise error

    envelope_id = signing.sent(made)
    signing.sign(made, made.world.client, envelope_id)
    signing.sign(made, made.world.manager, envelope_id)
    with monkeypatch.context() as broken:
        broken.setattr(type(made.authority), name, fail)
        for _ in range(2):
            with pytest.raises(CannotSign):
                signing.advance(made, envelope_id)
    seen = show(made, envelope_id)
    assert (seen.state, seen.trouble) == (State.COMPLETING, str(error))
    assert made.world.entries().count(("envelope:completion:failed", envelope_id)) == 1
    assert signing.mails(made).count(("completion_trouble", made.world.manager.email)) == 1
    signing.advance(made, envelope_id)
    assert (show(made, envelope_id).state, show(made, envelope_id).trouble) == (State.COMPLETED, None)


@pytest.mark.promise(60)
def test_what_does_not_pass_its_own_check_is_never_called_completed(made, monkeypatch):
    envelope_id = signing.sent(made, (made.world.client, 1))
    signing.sign(made, made.world.client, envelope_id)
    real = type(made.authority).validate

    def doubt(self, workers, source):
        return replace(real(self, workers, source), verdict=Verdict.MODIFIED)

    monkeypatch.setattr(type(made.authority), "validate", doubt)
    with pytest.raises(completions.CompletionFailed):
        signing.advance(made, envelope_id)
    seen = show(made, envelope_id)
    assert seen.state is State.COMPLETING
    assert not seen.has_signed


def test_an_unforeseen_error_is_told_without_its_words(made, monkeypatch):
    def fail(*_args, **_more):
        raise KeyError("the signer's secret")

    envelope_id = signing.sent(made, (made.world.client, 1))
    signing.sign(made, made.world.client, envelope_id)
    monkeypatch.setattr(type(made.authority), "sign", fail)
    with pytest.raises(KeyError):
        signing.advance(made, envelope_id)
    assert show(made, envelope_id).trouble == completions.UNEXPECTED


def test_two_at_once_do_not_fork_the_document(made, monkeypatch):
    """While one signs, another gets ahead: the slower one's revision is thrown away, and it looks again."""
    envelope_id = signing.sent(made)
    signing.sign(made, made.world.client, envelope_id)
    real = type(made.authority).sign
    overtaken = []

    def slow(self, *args, **more):
        if not overtaken:
            overtaken.append(True)
            signing.advance(made, envelope_id)
        return real(self, *args, **more)

    monkeypatch.setattr(type(made.authority), "sign", slow)
    signing.advance(made, envelope_id)
    assert made.world.entries().count(("envelope:signature:applied", envelope_id)) == 1
    with made.db.reading() as tx:
        chosen = select(func.count()).where(tables.versions.c.purpose == "working")
        assert tx.connection.execute(chosen).scalar_one() == 1


def test_a_completion_that_rests_is_asked_for_again(made):
    envelope_id = signing.sent(made, (made.world.client, 1))
    signing.sign(made, made.world.client, envelope_id)
    assert completions.retry_stuck(made.db, now=NOW + timedelta(seconds=30)) == 0
    assert completions.retry_stuck(made.db, now=NOW + timedelta(minutes=5)) == 1
    signing.advance(made, envelope_id)
    assert completions.retry_stuck(made.db, now=NOW + timedelta(minutes=9)) == 0


@pytest.mark.promise(66)
def test_nobody_gets_a_half_signed_document(made):
    envelope_id = signing.sent(made)
    signing.sign(made, made.world.client, envelope_id)
    signing.advance(made, envelope_id)
    sent = signing.content(made, made.world.manager, envelope_id, "sent")
    with signing.as_scratch(sent) as source:
        assert source.sha256() == show(made, envelope_id).digest
    with pytest.raises(NotFound):
        signing.content(made, made.world.manager, envelope_id, "signed")


def test_an_optional_field_left_out_does_not_keep_it_from_completing(made):
    envelope_id = signing.sent(made, (made.world.client, 1))
    seen = signing.read_and_agree(made, made.world.client, envelope_id)
    given = signing.answers_for(seen)
    optional = {field.id for field in seen.fields if not field.required}
    answers = {field_id: answer for field_id, answer in given.items() if field_id not in optional}
    signing.sign(made, made.world.client, envelope_id, answers=answers)
    signing.advance(made, envelope_id)
    assert show(made, envelope_id).state is State.COMPLETED


def test_every_mail_of_an_envelopes_life_can_be_written(made, monkeypatch):
    mailer = Mailer("", "docvault@example.com", "https://vault.example.com", "DocVault")
    manager, client = made.world.manager, made.world.client
    completed(made)
    stuck = signing.sent(made, (client, 1))
    signing.sign(made, client, stuck)
    with monkeypatch.context() as broken:
        broken.setattr(type(made.authority), "seal", lambda *_args, **_more: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            signing.advance(made, stuck)
    ended = {"voided": signing.sent(made), "declined": signing.sent(made)}
    envelopes.remind_recipients(
        made.db, made.vault, acting=manager, envelope_id=ended["voided"], now=NOW + timedelta(days=1)
    )
    envelopes.void_envelope(
        made.db, made.vault, acting=manager, envelope_id=ended["voided"], reason="Mistake", now=NOW
    )
    ceremonies.decline_envelope(
        made.db, made.vault, acting=client, envelope_id=ended["declined"], reason="Too dear", now=NOW
    )
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records, limit=100).items
    said = {message.template: mailer.render(message.template, message.values) for message in found}
    assert said.keys() == {
        "sign_request",
        "sign_reminder",
        "envelope_completed",
        "envelope_declined",
        "envelope_voided",
        "completion_trouble",
    }
    assert all(rendered.link for rendered in said.values())
    assert "Too dear" in said["envelope_declined"].text
    assert "Clara Client declined to sign" in said["envelope_declined"].subject
