"""Two people, one device: a host who vouches, a signer who proves themselves, and neither does the other's part."""

from datetime import timedelta

import pytest

from docvault.actions import (
    ceremonies,
    drafts,
    envelopes,
    in_person,
    outsiders,
    sessions,
    step_ups,
)
from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, LinkRefused
from docvault.database import audit_trail, challenges, people
from docvault.database import sessions as session_rows
from docvault.database.people import PersonState
from docvault.database.step_ups import StepUpInvalid
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.rules.envelopes import EnvelopeIncomplete, Part, State
from docvault.rules.in_person import Checked, InPersonOnly, NotNow
from docvault.rules.outsiders import CodesWrong, Outsider
from docvault.values import NotFound
from docvault.vault import evidence

from . import envelope_world as signing
from . import outside
from .world import NOW

DEVICE = session_rows.Source("203.0.113.9", "Tablet")


@pytest.fixture(scope="module")
def pdf():
    with Workers(2) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf, database_url):
    built = signing.build_signing(tmp_path, pdf, database_url)
    yield built
    built.vault.close()
    built.db.close()


def ask(made, *, code="", host=None, part=Part.SIGNER, turn=1, others=(), email=outside.OLGA):
    host = host or made.world.manager
    return drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[signing.add_document(made)],
        title="Services agreement",
        message="Please sign.",
        recipients=[
            drafts.NewOutsider(Outsider("Olga Outside", email, code, host.person_id), turn, part),
            *others,
        ],
        now=NOW,
    )


def send(made, **about):
    envelope_id = ask(made, **about)
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id


def signed_in(made, acting, now=NOW):
    """Open a session of the host that is in the database, as a request would have it."""
    with made.db.transaction() as tx:
        person = people.by_id(tx, acting.person_id)
        return session_rows.start(tx, person, kind="full", factors="password+totp", source=DEVICE, now=now)


def olga_in(made, envelope_id):
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    return next(one for one in view.recipients if one.email == outside.OLGA)


def hand_over(made, envelope_id, checked=Checked.PASSPORT, host=None, proof=None, now=NOW):
    """Vouch and hand the device over; return what the browser holds, and the mailed code."""
    session = signed_in(made, host or made.world.manager, now)
    recipient = olga_in(made, envelope_id)
    hosted = in_person.show(made.db, acting=session.acting, recipient_id=recipient.id)
    proof = proof or signing.step_up(
        made, session.acting, hosted.digests[checked], now, in_person.STEP_UP, "totp"
    )
    before = outside._codes(made)
    handed = in_person.hand_over(
        made.db,
        made.vault.records,
        acting=session.acting,
        recipient_id=recipient.id,
        checked=checked,
        step_up_id=proof,
        source=DEVICE,
        now=now,
    )
    return session, handed, newest_code(made, before)


def newest_code(made, before):
    (new,) = outside._codes(made).keys() - before.keys()
    return outside._codes(made)[new]


def begin(made, envelope_id, access_code="", now=NOW, **about):
    """Hand over, and let the signer give the code; return the way back and the signer."""
    _, handed, code = hand_over(made, envelope_id, now=now, **about)
    entered = outside.give(made, outside.Knocked(handed.asked, code), None, access_code, now)
    return handed, entered.session.acting


def prove(made, signer, digest, now=NOW, wrong=False):
    """Confirm with a code from the signer's mail, as the last page does; return proof and the new secret."""
    before = outside._codes(made)
    secret = in_person.mail_signing_code(made.db, made.vault.records, acting=signer, source=DEVICE, now=now)
    code = newest_code(made, before)
    return in_person.confirm(
        made.db,
        made.vault.records,
        acting=signer,
        secret=secret,
        code="00000000" if wrong else code,
        purpose="envelope:sign",
        digest=digest,
        source=DEVICE,
        now=now,
    )


def kinds(made, envelope_id):
    with made.db.reading() as tx:
        return [entry.kind for entry in audit_trail.object_trail(tx, "envelope", envelope_id)]


@pytest.mark.promise(17)
@pytest.mark.promise(71)
def test_both_are_in_the_evidence_and_no_more_is_claimed_than_it_carries(made, monkeypatch):
    found, collect = [], evidence.collect
    monkeypatch.setattr(evidence, "collect", lambda *given: found.append(collect(*given)) or found[-1])
    envelope_id = send(made, code="1234 5678")
    _, signer = begin(made, envelope_id, "12345678")
    later = NOW + timedelta(minutes=5)
    digest = signing.ceremony(made, signer, envelope_id).digest
    signing.sign(made, signer, envelope_id, proof=prove(made, signer, digest, later).id, now=later)
    signing.advance(made, envelope_id, later)
    (known,) = found[0].facts.signers
    manager = made.world.manager
    told = (
        "the code mailed to olga@outside.example at 2026-03-02 09:35:00 UTC",
        "the access code that the sender told them at 2026-03-02 09:30:00 UTC",
        f"Signed in person at the device of {manager.name} ({manager.email}), who vouched at",
        "2026-03-02 09:30:00 UTC to have checked who they are by their passport",
        "confirmed that with a one-time code for exactly these documents",
    )
    assert all(words in known.identity for words in told)
    assert known.authentication == (
        "Signed in with code from a mail and the word of a host; confirmed this document with a code from a"
        " mail at 2026-03-02 09:35:00 UTC."
    )
    assert known.level == "simple"
    assert "The host vouched for them and handed over the device" in {deed.what for deed in known.deeds}
    with made.db.reading() as tx:
        trail = audit_trail.object_trail(tx, "envelope", envelope_id)
    vouched = next(entry for entry in trail if entry.kind == Kind.ENVELOPE_HOSTED)
    signed = next(entry for entry in trail if entry.kind == Kind.ENVELOPE_SIGNED)
    assert (vouched.actor_id, vouched.facts["checked"], vouched.facts["digest"]) == (
        manager.person_id,
        "passport",
        digest,
    )
    assert (signed.actor_id, signed.facts["host"]) == (signer.person_id, manager.person_id)
    assert signed.facts["host_step_up"] == vouched.facts["step_up"] != signed.facts["step_up"]
    assert (signed.facts["confirmed_with"], signed.facts["factors"]) == ("mail", "mail+host")


@pytest.mark.promise(62)
def test_a_host_never_signs_alone(made):
    envelope_id = send(made)
    host, handed, code = hand_over(made, envelope_id)
    assert sessions.authenticate(made.db, token=host.token, source=DEVICE, now=NOW) is None  # parked
    with pytest.raises(CodesWrong):
        outside.give(made, outside.Knocked(handed.asked, code), "00000000")
    with pytest.raises(Forbidden):
        signing.ceremony(made, made.world.manager, envelope_id)
    entered = outside.give(made, outside.Knocked(handed.asked, code))
    signer = entered.session.acting
    digest = signing.ceremony(made, signer, envelope_id).digest
    hosts = signing.step_up(made, made.world.manager, digest)
    with pytest.raises(StepUpInvalid):  # the host's own proof, for the signer's signature
        signing.sign(made, signer, envelope_id, proof=hosts)
    with pytest.raises(CodesWrong):
        prove(made, signer, digest, wrong=True)
    with pytest.raises(Forbidden):  # no factor but the mail is asked for at the device of somebody else
        step_ups.confirm_step_up(
            made.db,
            made.vault.records,
            acting=signer,
            purpose="envelope:sign",
            digest=digest,
            code="123456",
            now=NOW,
        )
    assert Kind.ENVELOPE_SIGNED not in kinds(made, envelope_id)


@pytest.mark.promise(17)
def test_the_host_vouches_for_one_person_one_way_and_these_documents(made):
    envelope_id = send(made)
    session = signed_in(made, made.world.manager)
    digests = in_person.show(
        made.db, acting=session.acting, recipient_id=olga_in(made, envelope_id).id
    ).digests
    assert len(set(digests.values())) == len(Checked)
    for purpose, digest in (
        (in_person.STEP_UP, digests[Checked.KNOWN]),
        ("envelope:sign", digests[Checked.PASSPORT]),
    ):
        proof = signing.step_up(made, session.acting, digest, NOW, purpose)
        with pytest.raises(StepUpInvalid):
            in_person.hand_over(
                made.db,
                made.vault.records,
                acting=session.acting,
                recipient_id=olga_in(made, envelope_id).id,
                checked=Checked.PASSPORT,
                step_up_id=proof,
                source=DEVICE,
                now=NOW,
            )
    assert sessions.authenticate(made.db, token=session.token, source=DEVICE, now=NOW)
    assert Kind.ENVELOPE_HOSTED not in kinds(made, envelope_id)


def test_only_the_host_begins_and_only_when_it_is_their_turn(made):
    others = [drafts.NewRecipient(made.world.client.person_id, 1)]
    envelope_id = send(made, host=made.world.client, turn=2, others=others)
    recipient = olga_in(made, envelope_id)
    for stranger in (made.world.manager, made.world.other_client, made.world.administrator):
        with pytest.raises(NotFound):
            in_person.show(made.db, acting=stranger, recipient_id=recipient.id)
    assert in_person.waiting(made.db, acting=made.world.client) == []
    with pytest.raises(NotNow):
        hand_over(made, envelope_id, host=made.world.client)
    signing.sign(made, made.world.client, envelope_id)
    (waiting,) = in_person.waiting(made.db, acting=made.world.client)
    assert (waiting.name, waiting.recipient_id) == ("Olga Outside", recipient.id)
    assert ("host_request", made.world.client.email) in signing.mails(made)
    assert "outside_request" not in {template for template, _ in signing.mails(made)}


def test_taking_the_device_back_ends_what_the_signer_could_do_and_asks_the_hosts_factor(made):
    envelope_id = send(made)
    _, handed, code = hand_over(made, envelope_id)
    entered = outside.give(made, outside.Knocked(handed.asked, code))
    before = outside._codes(made)
    pending = in_person.mail_signing_code(
        made.db, made.vault.records, acting=entered.session.acting, source=DEVICE, now=NOW
    )
    challenge = in_person.take_back(made.db, secret=handed.back, now=NOW)
    with made.db.reading() as tx:
        assert challenges.of_token(tx, challenge, NOW) == made.world.manager.person_id
        assert challenges.proven(tx, challenge) == "password"
    assert sessions.authenticate(made.db, token=entered.session.token, source=DEVICE, now=NOW) is None
    with pytest.raises(ChallengeOver):  # a code that was on its way opens nothing any more
        outside.give(made, outside.Knocked(pending, newest_code(made, before)))
    with pytest.raises(ChallengeOver):
        in_person.take_back(made.db, secret=handed.back, now=NOW)
    assert Kind.ENVELOPE_HANDED_BACK in kinds(made, envelope_id)
    _, again = begin(made, envelope_id)  # and it goes on another time
    assert signing.ceremony(made, again, envelope_id).state == "your-turn"


def test_the_way_back_and_the_signers_session_do_not_last(made):
    envelope_id = send(made)
    _, handed, code = hand_over(made, envelope_id)
    entered = outside.give(made, outside.Knocked(handed.asked, code))
    later = NOW + timedelta(minutes=made.db.policy.numbers.sessions.in_person_minutes)
    with pytest.raises(ChallengeOver):
        in_person.take_back(made.db, secret=handed.back, now=later)
    assert sessions.authenticate(made.db, token=entered.session.token, source=DEVICE, now=later) is None
    with pytest.raises(LinkRefused):
        in_person.mail_signing_code(
            made.db, made.vault.records, acting=entered.session.acting, source=DEVICE, now=later
        )


def test_a_second_handing_over_ends_the_first(made):
    envelope_id = send(made)
    _, first, code = hand_over(made, envelope_id)
    signer = outside.give(made, outside.Knocked(first.asked, code)).session
    hand_over(made, envelope_id)
    assert sessions.authenticate(made.db, token=signer.token, source=DEVICE, now=NOW) is None
    with pytest.raises(ChallengeOver):
        in_person.whose_code(made.db, secret=first.back, now=NOW)


def test_the_session_at_the_device_is_about_this_envelope_alone(made):
    other = outside.send(made)
    own = outside.come_in(made, other)
    envelope_id = send(made)
    _, signer = begin(made, envelope_id)
    with pytest.raises(NotFound):
        signing.ceremony(made, signer, other)
    with pytest.raises(NotFound):
        envelopes.show_envelope(made.db, acting=signer, envelope_id=other)
    with pytest.raises(InPersonOnly, match=made.world.manager.name):  # nor does their own device do here
        signing.ceremony(made, own.acting, envelope_id)
    assert outsiders.next_envelope(made.db, acting=own.acting) == other


def test_nobody_hosts_somebody_who_was_locked_out(made):
    envelope_id = send(made)
    _, handed, code = hand_over(made, envelope_id)
    signer = outside.give(made, outside.Knocked(handed.asked, code)).session
    with made.db.transaction() as tx:
        person = people.by_id(tx, signer.acting.person_id)
        people.set_state(tx, person, PersonState.DISABLED, by=None, now=NOW)
    assert sessions.authenticate(made.db, token=signer.token, source=DEVICE, now=NOW) is None
    with pytest.raises(LinkRefused):
        hand_over(made, envelope_id)
    with pytest.raises(NotFound):
        in_person.show(made.db, acting=made.world.manager, recipient_id="nobody")


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"part": Part.COPY}, "only receives a copy"),
        ({"email": "clara@acme.example"}, "has an account here and signs with it, without a host"),
    ],
)
def test_what_makes_no_sense_in_person_is_refused(made, about, said):
    others = [drafts.NewRecipient(made.world.manager.person_id, 1)]
    about = {key: (made.world.client.email if key == "email" else value) for key, value in about.items()}
    with pytest.raises(EnvelopeIncomplete, match=said):
        ask(made, others=others, **about)


def test_a_host_must_be_somebody_who_may_be_asked_here(made):
    with pytest.raises(EnvelopeIncomplete, match="The host of Olga Outside cannot be asked"):
        ask(made, host=made.world.other_client)


def test_an_approver_approves_in_person(made):
    others = [drafts.NewRecipient(made.world.client.person_id, 1)]
    envelope_id = ask(made, part=Part.APPROVER, others=others)
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    signer = next(one for one in view.recipients if one.part is Part.SIGNER)
    signing.placed_fields.place_fields(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        fields=signing.all_kinds(signer.id),
        now=NOW,
    )
    signing.send(made, envelope_id)
    _, approver = begin(made, envelope_id)
    seen = signing.ceremony(made, approver, envelope_id)
    ceremonies.pages_seen(made.db, acting=approver, envelope_id=envelope_id, pages=[1, 2], now=NOW)
    ceremonies.approve_envelope(
        made.db,
        made.vault,
        acting=approver,
        envelope_id=envelope_id,
        step_up_id=prove(made, approver, seen.digest).id,
        now=NOW,
    )
    with made.db.reading() as tx:
        trail = audit_trail.object_trail(tx, "envelope", envelope_id)
    approved = next(entry for entry in trail if entry.kind == Kind.ENVELOPE_APPROVED)
    assert approved.facts["host_checked"] == "passport"
    assert view.state is State.DRAFT


def test_a_corrected_envelope_keeps_who_has_no_account_their_code_and_their_host(made):
    envelope_id = send(made, code="1234 5678")
    draft_id = drafts.correct_envelope(
        made.db, made.vault, made.pdf, acting=made.world.manager, envelope_id=envelope_id, now=NOW
    )
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=draft_id)
    (olga,) = view.recipients
    assert (olga.email, olga.host_id) == (outside.OLGA, made.world.manager.person_id)
    assert {field.recipient_id for field in view.fields} == {olga.id}
    signing.send(made, draft_id)
    _, handed, code = hand_over(made, draft_id)
    with pytest.raises(CodesWrong):  # the access code that was told is still asked
        outside.give(made, outside.Knocked(handed.asked, code))
    _, signer = begin(made, draft_id, "12345678")
    assert signing.ceremony(made, signer, draft_id).state == "your-turn"
