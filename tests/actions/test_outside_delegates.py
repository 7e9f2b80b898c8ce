"""A part goes to somebody without an account: with what the sender asks of it, and never with another's code."""

import re
from dataclasses import replace
from datetime import timedelta

import pypdfium2
import pytest
from sqlalchemy import func, select

from docvault.actions import access_codes, deadlines, delegations, drafts, envelope_life, envelopes
from docvault.actions.delegations import CannotBeAsked, DelegationForbidden
from docvault.audit.kinds import Kind
from docvault.credentials.refusals import LinkRefused, Throttled
from docvault.database import audit_trail, messages, sessions, tables
from docvault.database import outsiders as link_rows
from docvault.database import people as people_rows
from docvault.database.people import PersonState
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden, Policy
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import EnvelopeIncomplete, EnvelopeRefused, NotReady, Part, State
from docvault.rules.outsiders import CodesWrong, Outsider
from docvault.values import NotFound

from . import envelope_world as signing
from . import outside
from .world import NOW, POLICIES, person

CODE = "1234 5678"
DORA = Outsider("Dora Delegate", "dora@outside.example")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def pdf():
    with Workers(1) as workers:
        yield workers


@pytest.fixture
def both(tmp_path, pdf, database_url):
    """Run a test on SQLite and on PostgreSQL."""
    yield from signing.standing(tmp_path, pdf, database_url)


@pytest.fixture
def made(tmp_path, pdf):
    yield from signing.standing(tmp_path, pdf, None)


def sent(made, *asked, outside_too=True, may=True):
    envelope_id = drafts.create_envelope(
        made.db,
        made.vault,
        made.pdf,
        acting=made.world.manager,
        document_ids=[signing.add_document(made)],
        title="Services agreement",
        message="Please sign.",
        recipients=asked or [drafts.NewRecipient(made.world.client.person_id, 1)],
        wishes=drafts.Wishes(NOW + 10 * DAY, 3, may, may_delegate_outside=outside_too),
        now=NOW,
    )
    signing.place(made, envelope_id)
    signing.send(made, envelope_id)
    return envelope_id


def guest(made, code="", host=""):
    return drafts.NewOutsider(Outsider("Olga Outside", outside.OLGA, code, host), 1)


def hand(made, acting, envelope_id, to=DORA, reason="On leave until June"):
    delegations.delegate_part(
        made.db, made.vault, acting=acting, envelope_id=envelope_id, to=to, reason=reason, now=NOW
    )


def show(made, envelope_id):
    return envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)


def doras(made, envelope_id):
    return next(one for one in show(made, envelope_id).recipients if one.email == DORA.email)


def mailed(made, template, to=DORA.email):
    """Return the values of every message of a kind to an address, newest first."""
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records, limit=200).items
    return [one.values for one in found if (one.template, one.recipient) == (template, to)]


def link(made, template="part_handed_outside", to=DORA.email):
    return mailed(made, template, to)[0]["path"].partition("#")[2]


def doras_phone(made, access_code=""):
    return outside.enrol(made, outside.give(made, outside.knock(made, link(made)), None, access_code))


def make_code(made, envelope_id, recipient_id, acting=None):
    return access_codes.set_access_code(
        made.db,
        made.vault,
        acting=acting or made.world.manager,
        envelope_id=envelope_id,
        recipient_id=recipient_id,
        now=NOW,
    )


def known_already(made):
    """Let Dora in as somebody who signed something else here before."""
    with made.db.transaction() as tx:
        person = people_rows.by_email(tx, DORA.email)
        people_rows.set_state(tx, person, PersonState.ACTIVE, by=None, now=NOW)
        about = {"kind": "full", "factors": "mail+totp", "source": outside.PHONE, "now": NOW}
        return sessions.start(tx, person, **about).acting


def people_known(made):
    with made.db.reading() as tx:
        return tx.connection.execute(select(func.count()).select_from(tables.people)).scalar_one()


def words_of(pdf):
    with pypdfium2.PdfDocument(pdf) as opened:
        return " ".join(" ".join(page.get_textpage().get_text_bounded().split()) for page in opened)


def test_a_colleague_without_an_account_signs_and_everything_names_both(both):
    made = both
    client = made.world.client
    envelope_id = sent(made)
    assert delegations.choice(made.db, acting=client, envelope_id=envelope_id).anybody
    hand(made, client, envelope_id, replace(DORA, email=" Dora@Outside.EXAMPLE "))
    assert doras(made, envelope_id).state == "notified"
    assert signing.ceremony(made, client, envelope_id).state == "copy"
    told = mailed(made, "part_handed_on", made.world.manager.email)[0]
    assert (told["to"], told["reason"]) == ("Dora Delegate (dora@outside.example)", "On leave until June")
    phone = doras_phone(made)
    signing.sign(made, phone.acting, envelope_id)
    signing.advance(made, envelope_id)
    assert show(made, envelope_id).state is State.COMPLETED
    said = words_of(signing.content(made, made.world.manager, envelope_id, "certificate"))
    assert "Acts for Clara Client since" in said
    assert "Has no account of this portal. Known by the code mailed to dora@outside.example" in said
    with made.db.reading() as tx:
        trail = audit_trail.object_trail(tx, "envelope", envelope_id)
    (entry,) = [each for each in trail if each.kind == Kind.ENVELOPE_DELEGATED]
    assert entry.sentence.endswith("to Dora Delegate, who has no account: On leave until June")
    assert (entry.facts["without_account"], entry.private["email"]) == (True, DORA.email)


@pytest.mark.promise(41)
def test_an_access_code_counts_for_nobody_but_whom_it_was_told_to(both):
    made = both
    envelope_id = sent(made, guest(made, CODE))
    phone = outside.come_in(made, envelope_id, CODE)
    old_link = outside.link(made, envelope_id)
    hand(made, phone.acting, envelope_id)
    waiting = doras(made, envelope_id)
    assert (waiting.state, waiting.owes_code) == ("needs-code", True)
    assert mailed(made, "part_handed_outside") == []  # nobody invites her yet
    (needed,) = mailed(made, "access_code_needed", made.world.manager.email)
    assert needed["path"] == f"/envelopes/{envelope_id}/recipients/{waiting.id}/access-code"
    with made.db.transaction() as tx:
        row = delegations.envelopes.for_completion(tx, envelope_id)
        hers = next(one for one in row.recipients if one.id == waiting.id)
        early = link_rows.path(tx, hers, NOW).partition("#")[2]
    for nowhere in (old_link, early):
        with pytest.raises(LinkRefused):
            outside.knock(made, nowhere)
    # Until the code is there the sender is reminded, and she is told nothing, not even of an end.
    deadlines.look_after(made.db, made.vault.records, now=NOW + 4 * DAY)
    assert len(mailed(made, "access_code_needed", made.world.manager.email)) == 2
    first = make_code(made, envelope_id, waiting.id)
    second = make_code(made, envelope_id, waiting.id)
    assert re.fullmatch(r"\d{8}", first)
    assert len(mailed(made, "part_handed_outside")) == 1  # invited once, by the first
    knocked = outside.knock(made, link(made))
    for wrong in {CODE, first, ""} - {second}:
        with pytest.raises(CodesWrong):
            outside.give(made, knocked, None, wrong)
    entered = outside.give(made, knocked, None, second)
    signing.sign(made, outside.enrol(made, entered).acting, envelope_id)
    with pytest.raises(EnvelopeRefused):
        make_code(made, envelope_id, waiting.id)
    signing.advance(made, envelope_id)
    said = words_of(signing.content(made, made.world.manager, envelope_id, "certificate"))
    assert "the access code that the sender told them at" in said
    # Olga, who handed it on, keeps a copy and a link of her own to it.
    assert outside.knock(made, link(made, "copy_notice", outside.OLGA)).secret
    view = envelopes.show_envelope(made.db, acting=phone.acting, envelope_id=envelope_id)
    assert [one.part for one in view.recipients if one.email == outside.OLGA] == [Part.COPY]


def test_the_envelope_does_not_get_stuck_on_a_code_that_nobody_makes(made):
    carl = person(made.db, "Carl Colleague", Role.CLIENT, made.world.acme)
    envelope_id = sent(made, guest(made, CODE))
    hand(made, outside.come_in(made, envelope_id, CODE).acting, envelope_id)
    waiting = doras(made, envelope_id)
    dora = known_already(made)
    assert envelopes.list_envelopes(made.db, acting=dora).items == []
    with pytest.raises(NotFound):
        signing.ceremony(made, dora, envelope_id)
    with pytest.raises(EnvelopeIncomplete, match="Set the access code for Dora Delegate first"):
        drafts.correct_envelope(
            made.db, made.vault, made.pdf, acting=made.world.manager, envelope_id=envelope_id, now=NOW
        )
    for acting in (made.world.client, made.world.officer, made.world.other_manager):
        with pytest.raises((Forbidden, NotFound)):
            make_code(made, envelope_id, waiting.id, acting)
    envelope_life.correct_recipient(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        recipient_id=waiting.id,
        person_id=carl.person_id,
        reason="Known here",
        now=NOW,
    )
    assert mailed(made, "sign_request", carl.email)
    with pytest.raises(NotReady):
        make_code(made, envelope_id, waiting.id)
    signing.sign(made, carl, envelope_id)
    assert show(made, envelope_id).state is State.COMPLETING
    assert mailed(made, "part_handed_outside") == []


@pytest.mark.promise(39)
def test_who_cannot_take_it_is_refused_in_words_and_nothing_is_done(made):
    world = made.world
    policy = Policy.load(POLICIES)
    domains = replace(policy.numbers.signing, refused_domains=("never.example",))
    policy.numbers = replace(policy.numbers, signing=domains)
    made.db.policy = policy
    envelope_id = sent(made, guest(made), drafts.NewRecipient(world.client.person_id, 1))
    olga = outside.come_in(made, envelope_id).acting
    assert delegations.choice(made.db, acting=olga, envelope_id=envelope_id).colleagues == []
    with made.db.transaction() as tx:
        locked = drafts.envelope_people.Named(Outsider("Lou", "lou@outside.example"), None, is_outside=True)
        lou = drafts.envelope_people.add(tx, world.manager, world.acme, locked)
        out = people_rows.by_id(tx, lou)
        people_rows.set_state(tx, out, PersonState.DISABLED, by=None, now=NOW)
    known = people_known(made)
    refused = {
        "own address": outside.OLGA,
        "of the sender": world.manager.email,
        "on this envelope already": world.client.email,
        "complete e-mail address": "dora",
        "cannot be asked here": world.other_client.email,
    }
    for words, email in refused.items():
        with pytest.raises(EnvelopeIncomplete, match=words):
            hand(made, olga, envelope_id, Outsider("Somebody", email))
    for email in ("x@never.example", "x@mail.never.example", "lou@outside.example"):
        with pytest.raises((CannotBeAsked, Throttled)):  # like an account elsewhere
            hand(made, world.client, envelope_id, Outsider("Somebody", email))
    with pytest.raises(EnvelopeIncomplete, match="name of 1 to"):
        hand(made, olga, envelope_id, Outsider(" ", DORA.email))
    with pytest.raises(EnvelopeIncomplete, match="organisation"):
        hand(made, olga, envelope_id, world.client.person_id)
    assert people_known(made) == known
    assert show(made, envelope_id).handovers == ()


def test_addresses_are_not_tried_one_after_the_other(made):
    envelope_id = sent(made, guest(made))
    olga = outside.come_in(made, envelope_id).acting
    with pytest.raises(Throttled):
        for _ in range(10):
            with pytest.raises(CannotBeAsked):
                hand(made, olga, envelope_id, Outsider("Somebody", made.world.other_client.email))
    client = made.world.client
    for number in range(6):  # whoever hands on much is not kept waiting
        hand(made, client, sent(made), replace(DORA, email=f"dora{number}@outside.example"))


def test_only_where_the_sender_and_the_policy_let_people_name_anybody(made):
    client, colleague = made.world.client, person(made.db, "Carl Colleague", Role.CLIENT, made.world.acme)
    only_accounts, nobody = sent(made, outside_too=False), sent(made, may=False)
    offered = delegations.choice(made.db, acting=client, envelope_id=only_accounts)
    assert ([one.name for one in offered.colleagues], offered.anybody) == (["Carl Colleague"], False)
    for envelope_id in (only_accounts, nobody):
        with pytest.raises(DelegationForbidden):
            hand(made, client, envelope_id)
    anybody = sent(made)
    policy = Policy.load(POLICIES)
    none = replace(policy.numbers.signing, may_delegate_outside=False)
    made.db.policy, policy.numbers = policy, replace(policy.numbers, signing=none)
    with pytest.raises(DelegationForbidden):
        hand(made, client, anybody)
    hand(made, client, only_accounts, colleague.person_id)
    # Whoever was to sign beside a host is not let go to sign alone, or to send somebody else.
    hosted = sent(made, guest(made, host=made.world.manager.person_id))
    assert not show(made, hosted).recipients[0].owes_code
    with made.db.reading() as tx:
        row = delegations.envelopes.for_completion(tx, hosted)
        assert not delegations._is_allowed(tx, row, row.recipients[0])


def test_an_address_with_an_account_asks_the_account_and_a_part_goes_on_only_so_often(made):
    carl = person(made.db, "Carl Colleague", Role.CLIENT, made.world.acme)
    envelope_id = sent(made, guest(made, CODE))
    hand(made, outside.come_in(made, envelope_id, CODE).acting, envelope_id, Outsider("C", carl.email))
    assert mailed(made, "part_handed_to_you", carl.email)
    assert not any(one.owes_code for one in show(made, envelope_id).recipients)
    hand(made, carl, envelope_id)  # no code is asked of the part any more
    phone = doras_phone(made)
    hand(made, phone.acting, envelope_id, Outsider("Eve", "eve@outside.example"))
    eve = outside.enrol(made, outside.give(made, outside.knock(made, link(made, to="eve@outside.example"))))
    with pytest.raises(EnvelopeRefused, match="too often"):
        hand(made, eve.acting, envelope_id, Outsider("Finn", "finn@outside.example"))
    signing.sign(made, eve.acting, envelope_id)
    assert show(made, envelope_id).state is State.COMPLETING
