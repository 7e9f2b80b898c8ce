"""What happens to sent envelopes by the clock, and what their people can still do: time, other people, corrections."""

from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import text, update

from docvault.actions import account, deadlines, delegations, drafts, envelope_files, envelope_life, envelopes
from docvault.actions.delegations import DelegationForbidden
from docvault.audit.kinds import Kind
from docvault.database import envelope_deadlines, messages, tables
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules import envelopes as rules
from docvault.rules.envelope_life import AlreadyOpened
from docvault.rules.envelopes import EnvelopeClosed, EnvelopeFrozen, EnvelopeIncomplete, Part, State
from docvault.rules.languages import LanguageUnknown
from docvault.values import NotFound
from docvault.vault import evidence, sending

from . import envelope_world as signing
from .world import NOW, person

DAY = timedelta(days=1)
MORNING = NOW.replace(hour=9)


@pytest.fixture(scope="module")
def pdf():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def sent(made, *people, wishes=None, placed=True):
    """Make and send an envelope to these; return its id."""
    asked = people or (
        drafts.NewRecipient(made.world.client.person_id, 1),
        drafts.NewRecipient(made.world.manager.person_id, 2),
    )
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[signing.add_document(made)],
        title="Services agreement",
        message="Please sign.",
        recipients=asked,
        wishes=wishes or drafts.Wishes(MORNING + 10 * DAY, 3),
        now=MORNING,
    )
    if placed:
        signing.place(made, envelope_id, MORNING)
    signing.send(made, envelope_id, MORNING)
    return envelope_id


def look(made, now):
    return deadlines.look_after(made.db, made.vault.records, now=now)


def show(made, envelope_id, acting=None):
    return envelopes.show_envelope(made.db, acting=acting or made.world.manager, envelope_id=envelope_id)


def written(made, template):
    """Return to whom a template went."""
    return [address for name, address in signing.mails(made) if name == template]


def values_of(made, template):
    with made.db.reading() as tx:
        every = messages.newest(tx, made.vault.records, limit=100).items
    return [one.values for one in every if one.template == template]


def kinds(made):
    return [kind for kind, _ in made.world.entries()]


@pytest.fixture
def addresses(made):
    return made.world.client.email, made.world.manager.email


def colleague(made, name="Carl Colleague"):
    """Return somebody else of the client's organisation."""
    return person(made.db, name, Role.CLIENT, made.world.acme)


# --- by the clock ---


def test_people_are_reminded_and_warned_and_then_it_expires(made, addresses):
    clara, maya = addresses
    envelope_id = sent(made)
    seen = []
    for hours in range(0, 24 * 12, 6):
        look(made, MORNING + timedelta(hours=hours))
        seen.append((hours / 24, len(signing.mails(made))))
    assert written(made, "sign_reminder") == [clara] * 2  # after 3 and 6 days; the warning is the third
    assert written(made, "envelope_expiring") == [clara]
    assert written(made, "envelope_expiring_sender") == [maya]
    assert written(made, "envelope_expired") == [clara]
    assert written(made, "envelope_expired_sender") == [maya]
    assert values_of(made, "envelope_expired_sender")[0]["waiting"] == "Clara Client"
    view = show(made, envelope_id)
    assert view.state is State.EXPIRED
    assert [kind for kind in kinds(made) if kind.startswith("envelope:")][-4:] == [
        Kind.ENVELOPE_REMINDED,
        Kind.ENVELOPE_REMINDED,
        Kind.ENVELOPE_WARNED,
        Kind.ENVELOPE_EXPIRED,
    ]
    assert {item.kind for item in view.history} >= {Kind.ENVELOPE_WARNED, Kind.ENVELOPE_EXPIRED}


def test_nothing_is_looked_at_before_it_is_due(made):
    sent(made)
    assert look(made, MORNING) == 1  # everything that changed is looked at once
    assert look(made, MORNING + 2 * DAY) == 0
    assert look(made, MORNING + 3 * DAY) == 1
    assert look(made, MORNING + 3 * DAY) == 0


def test_what_is_due_is_found_by_an_index(made):
    if made.db.url.startswith("sqlite"):
        question = (
            "EXPLAIN QUERY PLAN SELECT id FROM envelopes WHERE next_at <= '2099' ORDER BY next_at LIMIT 9"
        )
        with made.db.reading() as tx:
            plan = tx.connection.execute(text(question)).all()
        assert any("ix_envelopes_next_at" in row[3] for row in plan), plan


def test_after_signing_nobody_is_reminded_but_whose_turn_comes(made, addresses):
    envelope_id = sent(made)
    signing.sign(made, made.world.client, envelope_id, now=MORNING + DAY)
    look(made, MORNING + DAY)
    look(made, MORNING + 4 * DAY)
    assert written(made, "sign_reminder") == [addresses[1]]


@pytest.mark.parametrize("end", ["void", "decline"])
def test_an_envelope_that_ended_is_never_looked_at_again(made, end):
    envelope_id = sent(made)
    if end == "void":
        envelopes.void_envelope(
            made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="No", now=MORNING
        )
    else:
        signing.ceremonies.decline_envelope(
            made.db, made.vault, acting=made.world.client, envelope_id=envelope_id, reason="No", now=MORNING
        )
    before = len(signing.mails(made))
    assert look(made, MORNING + 20 * DAY) == 0
    assert len(signing.mails(made)) == before


def test_somebody_who_was_switched_off_is_not_reminded(made):
    sent(made)
    with made.db.transaction() as tx:
        clara = tables.people.c.id == made.world.client.person_id
        tx.connection.execute(update(tables.people).where(clara).values(state="disabled"))
    look(made, MORNING + 4 * DAY)
    assert written(made, "sign_reminder") == []


@pytest.mark.promise(25)
def test_a_reminder_does_not_leave_once_the_sender_lost_the_right(made):
    from docvault.database import causes

    sent(made)
    look(made, MORNING + 3 * DAY)
    with made.db.transaction() as tx:
        maya = tables.people.c.id == made.world.manager.person_id
        tx.connection.execute(update(tables.people).where(maya).values(state="disabled"))
    with made.db.reading() as tx:
        reminder = next(
            one for one in messages.newest(tx, made.vault.records).items if one.template == "sign_reminder"
        )
        assert causes.objection(tx, reminder, MORNING + 3 * DAY) is not None


def test_one_envelope_that_fails_keeps_no_other_from_its_turn(made, monkeypatch):
    bad, good = sent(made), sent(made)
    original = deadlines.envelopes.for_completion

    def failing(tx, envelope_id, **more):
        if envelope_id == bad:
            raise RuntimeError("broken")
        return original(tx, envelope_id, **more)

    monkeypatch.setattr(deadlines.envelopes, "for_completion", failing)
    late = MORNING + 11 * DAY
    look(made, late)
    assert show(made, good).state is State.EXPIRED
    monkeypatch.undo()
    assert look(made, late) == 0
    assert look(made, late + envelope_deadlines.AGAIN) == 1
    assert show(made, bad).state is State.EXPIRED


def test_a_reminder_waits_for_the_morning_where_its_reader_is(made, addresses):
    account.choose_time_zone(made.db, acting=made.world.client, zone="America/Los_Angeles", now=MORNING)
    sent(made)
    look(made, MORNING)
    look(made, MORNING + 3 * DAY)  # one o'clock in the night there
    assert written(made, "sign_reminder") == []
    look(made, MORNING + 3 * DAY + timedelta(hours=7))  # eight in the morning
    assert written(made, "sign_reminder") == [addresses[0]]


# --- a hard end, and more time ---


def test_nobody_can_sign_after_the_day_even_before_the_portal_has_noted_it(made):
    envelope_id = sent(made)
    seen = signing.read_and_agree(made, made.world.client, envelope_id, MORNING)
    late = MORNING + 10 * DAY
    assert signing.ceremony(made, made.world.client, envelope_id, late).state == "expired"
    with pytest.raises(EnvelopeClosed, match="has passed"):
        signing.ceremonies.sign_envelope(
            made.db,
            made.vault,
            made.pdf,
            acting=made.world.client,
            envelope_id=envelope_id,
            answers=signing.answers_for(seen),
            signature=signing.DRAWN,
            step_up_id=signing.step_up(made, made.world.client, seen.digest, late),
            now=late,
        )
    assert show(made, envelope_id).signed == 0


def test_an_earlier_day_of_one_person_ends_the_envelope_for_all(made):
    envelope_id = sent(
        made,
        drafts.NewRecipient(made.world.client.person_id, 1, due_at=MORNING + 2 * DAY),
        drafts.NewRecipient(made.world.manager.person_id, 1),
    )
    assert show(made, envelope_id).ends_at == MORNING + 2 * DAY
    assert signing.ceremony(made, made.world.client, envelope_id, MORNING).due_at == MORNING + 2 * DAY
    assert signing.ceremony(made, made.world.manager, envelope_id, MORNING).due_at == MORNING + 10 * DAY
    look(made, MORNING + 2 * DAY)
    assert show(made, envelope_id).state is State.EXPIRED


def extend(made, envelope_id, now, due_at=None, acting=None):
    return envelope_life.extend_envelope(
        made.db,
        made.vault,
        acting=acting or made.world.manager,
        envelope_id=envelope_id,
        due_at=due_at,
        now=now,
    )


def test_one_click_lets_an_expired_envelope_go_on_with_what_was_signed(made, addresses):
    envelope_id = sent(made)
    signing.sign(made, made.world.client, envelope_id, now=MORNING + DAY)
    late = MORNING + 12 * DAY
    look(made, late)
    assert extend(made, envelope_id, late) == late + 14 * DAY
    view = show(made, envelope_id)
    assert (view.state, view.signed, view.due_at) == (State.SENT, 1, late + 14 * DAY)
    assert written(made, "envelope_extended") == [addresses[1]]
    assert kinds(made)[-1] == Kind.ENVELOPE_EXTENDED
    signing.sign(made, made.world.manager, envelope_id, now=late + DAY)
    assert show(made, envelope_id).state is State.COMPLETING


def test_whoever_was_warned_is_warned_again_of_the_new_day(made, addresses):
    envelope_id = sent(made)
    look(made, MORNING + 8 * DAY)
    extend(made, envelope_id, MORNING + 8 * DAY, MORNING + 20 * DAY)
    look(made, MORNING + 18 * DAY)
    assert written(made, "envelope_expiring") == [addresses[0]] * 2
    assert show(made, envelope_id).state is State.SENT


@pytest.mark.parametrize("who", ["client", "officer", "administrator", "other_manager"])
def test_only_who_runs_the_envelope_gives_more_time_or_corrects_it(made, who):
    envelope_id = sent(made)
    acting = made.world.everybody[who]
    recipient = show(made, envelope_id).recipients[1]
    for deed in (
        lambda: extend(made, envelope_id, MORNING, MORNING + 30 * DAY, acting),
        lambda: correct(made, envelope_id, acting=acting),
        lambda: instead(made, envelope_id, recipient.id, made.world.client, acting=acting),
    ):
        with pytest.raises((Forbidden, NotFound)):
            deed()


# --- delegating ---


def delegate(made, envelope_id, to, acting=None, reason="On leave until June", now=MORNING):
    delegations.delegate_part(
        made.db,
        made.vault,
        acting=acting or made.world.client,
        envelope_id=envelope_id,
        to=to.person_id,
        reason=reason,
        now=now,
    )


def test_a_colleague_signs_instead_and_the_evidence_names_both_and_the_reason(made, addresses):
    carl = colleague(made)
    envelope_id = sent(made)
    signing.read_and_agree(made, made.world.client, envelope_id, MORNING)
    offered = delegations.choice(made.db, acting=made.world.client, envelope_id=envelope_id)
    assert ([one.name for one in offered.colleagues], offered.anybody) == (["Carl Colleague"], False)
    delegate(made, envelope_id, carl)
    assert written(made, "part_handed_to_you") == [carl.email]
    assert written(made, "part_handed_on") == [addresses[1]]
    people = [(one.name, one.part, one.state) for one in show(made, envelope_id).recipients]
    assert ("Carl Colleague", Part.SIGNER, "notified") in people
    assert ("Clara Client", Part.COPY, "copy") in people
    assert signing.ceremony(made, made.world.client, envelope_id).state == "copy"
    signing.sign(made, carl, envelope_id, now=MORNING)
    signing.sign(made, made.world.manager, envelope_id, now=MORNING)
    with made.db.reading() as tx:
        row = signing.ceremonies.envelopes.for_completion(tx, envelope_id)
        passed = evidence.handovers.of_envelope(tx, envelope_id)
        carls = row.recipient_of(carl.person_id)
        said = " ".join(evidence._passed_on(carls, passed))
    assert "Acts for Clara Client since" in said
    assert "On leave until June" in said


def test_the_certificate_of_completion_says_for_whom_somebody_acted(made):
    carl = colleague(made)
    envelope_id = sent(made)
    delegate(made, envelope_id, carl)
    signing.sign(made, carl, envelope_id, now=MORNING)
    signing.sign(made, made.world.manager, envelope_id, now=MORNING)
    signing.advance(made, envelope_id, MORNING)
    view = show(made, envelope_id)
    assert view.state is State.COMPLETED
    assert view.handovers[0].from_name == "Clara Client"
    words = _words(signing.content(made, made.world.manager, envelope_id, "certificate"))
    assert "Acts for Clara Client since" in words
    assert "On leave until June" in words


def _words(pdf):
    """Return the text of a PDF on one line."""
    with pypdfium2.PdfDocument(pdf) as opened:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in opened)


@pytest.mark.parametrize("why", ["the sender said no", "another organisation", "nobody who may sign"])
def test_a_part_goes_only_to_whom_it_may(made, why):
    carl = colleague(made)
    wishes = drafts.Wishes(None, None, may_delegate=why != "the sender said no")
    envelope_id = sent(made, wishes=wishes)
    to = {"another organisation": made.world.other_client, "nobody who may sign": made.world.officer}
    refusal = DelegationForbidden if why == "the sender said no" else EnvelopeIncomplete
    with pytest.raises(refusal):
        delegate(made, envelope_id, to.get(why, carl))
    if why == "the sender said no":
        offered = delegations.choice(made.db, acting=made.world.client, envelope_id=envelope_id)
        assert (offered.colleagues, offered.anybody) == ([], False)
    assert show(made, envelope_id).handovers == ()
    with pytest.raises(EnvelopeIncomplete):
        delegate(made, envelope_id, carl, reason=" ")


def test_nobody_hands_on_what_is_not_theirs_or_not_their_turn(made):
    carl = colleague(made)
    envelope_id = sent(made)
    with pytest.raises((Forbidden, NotFound)):
        delegate(made, envelope_id, carl, acting=carl)
    with pytest.raises((rules.NotYourTurn, EnvelopeIncomplete)):
        delegate(made, envelope_id, carl, acting=made.world.manager)


# --- another person in somebody's place ---


def instead(made, envelope_id, recipient_id, to, acting=None, reason="Wrong address"):
    envelope_life.correct_recipient(
        made.db,
        made.vault,
        acting=acting or made.world.manager,
        envelope_id=envelope_id,
        recipient_id=recipient_id,
        person_id=to.person_id,
        reason=reason,
        now=MORNING,
    )


@pytest.mark.promise(19)
def test_who_was_asked_by_mistake_loses_the_envelope_and_is_told_nothing_more(made, addresses):
    carl = colleague(made)
    envelope_id = sent(made)
    clara = next(one for one in show(made, envelope_id).recipients if one.name == "Clara Client")
    instead(made, envelope_id, clara.id, carl)
    assert written(made, "sign_request") == sorted([addresses[0], carl.email])
    with pytest.raises((Forbidden, NotFound)):
        signing.ceremony(made, made.world.client, envelope_id)
    look(made, MORNING + 3 * DAY)
    look(made, MORNING + 11 * DAY)
    for template in ("sign_reminder", "envelope_expiring", "envelope_expired"):
        assert addresses[0] not in written(made, template)
    assert kinds(made)[-1] != Kind.ENVELOPE_SIGNED
    assert show(made, envelope_id).handovers[0].reason == "Wrong address"


@pytest.mark.parametrize("how", ["ceremony", "pages", "download"])
def test_after_somebody_opened_the_envelope_in_any_way_nobody_takes_their_place(made, how):
    carl = colleague(made)
    envelope_id = sent(made)
    client = made.world.client
    if how == "ceremony":
        signing.ceremony(made, client, envelope_id)
    elif how == "pages":
        envelope_files.envelope_pages(made.db, acting=client, envelope_id=envelope_id, now=MORNING)
    else:
        signing.content(made, client, envelope_id, "sent")
    clara = next(one for one in show(made, envelope_id).recipients if one.name == "Clara Client")
    assert not clara.correctable
    with pytest.raises(AlreadyOpened):
        instead(made, envelope_id, clara.id, carl)


def test_only_people_who_can_be_asked_take_a_place(made):
    envelope_id = sent(made)
    clara, maya = show(made, envelope_id).recipients
    for wrong in (made.world.other_client, made.world.manager, made.world.officer):
        with pytest.raises(EnvelopeIncomplete):
            instead(made, envelope_id, clara.id, wrong)
    with pytest.raises(NotFound):
        instead(made, envelope_id, "0" * 26, colleague(made))
    assert maya.person_id == made.world.manager.person_id


# --- correct and send again ---


def correct(made, envelope_id, acting=None, now=MORNING):
    return drafts.correct_envelope(
        made.db, made.vault, made.pdf, acting=acting or made.world.manager, envelope_id=envelope_id, now=now
    )


@pytest.mark.promise(65)
def test_a_corrected_envelope_takes_over_everything_and_voids_the_old_one_when_sent(made, addresses):
    envelope_id = sent(made)
    signing.sign(made, made.world.client, envelope_id, now=MORNING)
    draft = correct(made, envelope_id)
    old, new = show(made, envelope_id), show(made, draft)
    assert (old.state, new.state) == (State.SENT, State.DRAFT)
    assert (new.replaces_id, old.replaced_by_id) == (envelope_id, draft)
    assert [(one.kind, one.page, one.x, one.label) for one in new.fields] == [
        (one.kind, one.page, one.x, one.label) for one in old.fields
    ]
    assert [(one.name, one.turn) for one in new.recipients] == [(o.name, o.turn) for o in old.recipients]
    assert correct(made, envelope_id) == draft  # asked twice, there is one
    signing.send(made, draft, MORNING)
    old = show(made, envelope_id)
    assert (old.state, old.reason) == (State.VOIDED, sending.REPLACED)
    assert written(made, "envelope_replaced") == [addresses[0]]
    with pytest.raises(EnvelopeClosed):
        signing.sign(made, made.world.manager, envelope_id, now=MORNING)
    with pytest.raises(rules.EnvelopeRefused, match="already"):
        correct(made, envelope_id)


@pytest.mark.parametrize("state", ["declined", "expired", "voided"])
def test_what_has_ended_can_be_corrected_and_sent_again(made, state):
    envelope_id = sent(made)
    if state == "declined":
        signing.ceremonies.decline_envelope(
            made.db, made.vault, acting=made.world.client, envelope_id=envelope_id, reason="No", now=MORNING
        )
    elif state == "voided":
        envelopes.void_envelope(
            made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="No", now=MORNING
        )
    late = MORNING + 11 * DAY
    look(made, late)
    draft = correct(made, envelope_id, now=late)
    assert show(made, draft).due_at is None  # that day has passed
    signing.send(made, draft, late)
    expected = State.VOIDED if state == "expired" else State(state)
    assert show(made, envelope_id).state is expected


@pytest.mark.promise(65)
def test_an_envelope_that_everybody_signed_meanwhile_is_not_replaced(made):
    envelope_id = sent(made)
    draft = correct(made, envelope_id)
    signing.sign(made, made.world.client, envelope_id, now=MORNING)
    signing.sign(made, made.world.manager, envelope_id, now=MORNING)
    with pytest.raises(EnvelopeClosed):
        signing.send(made, draft, MORNING)
    assert show(made, envelope_id).state is State.COMPLETING
    assert show(made, draft).state is State.DRAFT


@pytest.mark.promise(65)
def test_what_was_sent_stays_frozen_also_while_a_correction_is_drafted(made):
    envelope_id = sent(made)
    correct(made, envelope_id)
    with pytest.raises(EnvelopeFrozen):
        signing.place(made, envelope_id, MORNING)


# --- for one person alone ---


def test_a_private_message_is_read_by_its_reader_and_the_sender_alone(made):
    envelope_id = sent(
        made,
        drafts.NewRecipient(made.world.client.person_id, 1, message="The discount is in § 4."),
        drafts.NewRecipient(made.world.manager.person_id, 1),
    )
    asked = {one["name"]: one["message"] for one in values_of(made, "sign_request")}
    assert asked == {
        "Clara Client": "Please sign.\n\nThe discount is in § 4.",
        "Maya Manager": "Please sign.",
    }
    assert "§ 4" in signing.ceremony(made, made.world.client, envelope_id).message
    carl = colleague(made)
    for acting, seen in (
        (made.world.manager, True),
        (made.world.client, True),
        (made.world.officer, False),
        (carl, False),
    ):
        try:
            view = show(made, envelope_id, acting)
        except NotFound:
            continue
        assert any("§ 4" in one.message for one in view.recipients) is seen


def test_mail_about_an_envelope_comes_in_the_language_chosen_for_it(made):
    envelope_id = sent(made, drafts.NewRecipient(made.world.client.person_id, 1, language="fi"))
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="No", now=MORNING
    )
    for template in ("sign_request", "envelope_voided"):
        assert [one["language"] for one in values_of(made, template)] == ["fi"]
    with pytest.raises(LanguageUnknown):
        sent(made, drafts.NewRecipient(made.world.client.person_id, 1, language="xx"))
