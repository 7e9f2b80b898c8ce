"""Somebody without an account is asked by mail, proves two things, and sees nothing but what asks them."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from docvault.actions import (
    ceremonies,
    drafts,
    envelopes,
    factors,
    inbox,
    organisations,
    outsiders,
    people,
    sessions,
    sharing,
)
from docvault.audit.kinds import Kind
from docvault.credentials.refusals import ChallengeOver, LinkRefused, SignInRefused, Throttled
from docvault.database import audit_trail, tables
from docvault.database import people as people_rows
from docvault.database.people import PersonState
from docvault.pdf.workers import Workers
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.envelopes import EnvelopeIncomplete, Part, State
from docvault.rules.outsiders import CodesWrong
from docvault.rules.people import PersonRefused
from docvault.values import NotFound
from docvault.vault import evidence

from . import envelope_world as signing
from . import outside
from .members import HASHER
from .world import NOW

CODE = "1234 5678"


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


def rows(made, table):
    with made.db.reading() as tx:
        return tx.connection.execute(select(func.count()).select_from(table)).scalar_one()


def kinds(made, envelope_id):
    with made.db.reading() as tx:
        return [entry.kind for entry in audit_trail.object_trail(tx, "envelope", envelope_id)]


def wrong(knocked):
    return f"{(int(knocked.code.replace(' ', '')) + 1) % 10**8:08d}"


def olga(made):
    with made.db.reading() as tx:
        return people_rows.by_email(tx, outside.OLGA)


def test_somebody_without_an_account_signs_and_the_evidence_says_how_they_are_known(made, monkeypatch):
    found, collect = [], evidence.collect
    monkeypatch.setattr(evidence, "collect", lambda *given: found.append(collect(*given)) or found[-1])
    envelope_id = outside.send(made, code=CODE)
    phone = outside.come_in(made, envelope_id, CODE)
    signing.sign(made, phone.acting, envelope_id)
    signing.advance(made, envelope_id)
    view = envelopes.show_envelope(made.db, acting=phone.acting, envelope_id=envelope_id)
    assert (view.state, phone.acting.factors) == (State.COMPLETED, "mail+totp")
    assert outside.mailed(made, "envelope_completed")["path"].startswith("/asked#")
    (known,) = [one.identity for one in found[0].facts.signers]
    for words in (
        "the code mailed to olga@outside.example at 2026-03-02 09:30:00 UTC",
        "the access code that the sender told them at 2026-03-02 09:30:00 UTC",
        "the one-time code set up at 2026-03-02 09:30:00 UTC",
    ):
        assert words in known
    with made.db.reading() as tx:
        row = audit_trail.object_trail(tx, "envelope", envelope_id)
        signed = next(entry for entry in row if entry.kind == Kind.ENVELOPE_SIGNED)
    assert signed.facts["mail_code_at"] == signed.facts["access_code_at"] == NOW.isoformat()


@pytest.mark.promise(41)
def test_right_codes_never_open_more_than_setting_up_or_giving_a_factor(made):
    envelope_id = outside.send(made)
    first = outside.enter(made, envelope_id)
    assert (first.session.kind, first.challenge) == ("enrol", None)
    with pytest.raises(NotFound):
        signing.ceremony(made, first.session.acting, first.envelope_id)
    phone = outside.enrol(made, first)
    again = outside.enter(made, envelope_id)
    assert again.session is None
    later = NOW + timedelta(minutes=1)
    second = sessions.finish_sign_in(
        made.db,
        made.vault.records,
        challenge_token=again.challenge,
        code=phone.code(later),
        source=outside.PHONE,
        now=later,
    )
    assert second.acting.person_id == phone.acting.person_id
    assert factors.own_factors(made.db, acting=second.acting, now=later).owned.app
    with pytest.raises(Forbidden):
        factors.begin_enrolment(made.db, made.vault.records, acting=second.acting, now=later)
    assert rows(made, tables.totp_factors) == 1  # the next envelope asks for the same factor


@pytest.mark.promise(39)
def test_every_link_that_leads_nowhere_answers_alike_and_mails_nothing(made):
    envelope_id = outside.send(made)
    token = outside.link(made, envelope_id)
    mails = rows(made, tables.messages)
    late = NOW + timedelta(days=61)
    for unknown, when in (("x", NOW), (token[:-1], NOW), (token, late)):
        with pytest.raises(LinkRefused):
            outside.knock(made, unknown, now=when)
    envelopes.void_envelope(
        made.db, made.vault, acting=made.world.manager, envelope_id=envelope_id, reason="Wrong", now=NOW
    )
    assert "path" not in outside.mailed(made, "envelope_voided")
    with pytest.raises(LinkRefused):
        outside.knock(made, token)
    assert rows(made, tables.messages) == mails + 1  # the news that it was voided


@pytest.mark.promise(19)
def test_a_voided_envelope_is_gone_at_the_next_request_and_so_is_everything_for_the_disabled(made):
    envelope_id, other = outside.send(made), outside.send(made)
    phone = outside.come_in(made, envelope_id)
    waiting = outside.knock(made, outside.link(made, envelope_id))
    about = {"acting": made.world.manager, "envelope_id": envelope_id, "reason": "Wrong", "now": NOW}
    envelopes.void_envelope(made.db, made.vault, **about)
    with pytest.raises(NotFound):
        signing.ceremony(made, phone.acting, envelope_id)
    seen = envelopes.list_envelopes(made.db, acting=phone.acting)
    assert [one.id for one in seen.items] == [other]
    people.disable_person(made.db, acting=made.world.administrator, person_id=phone.acting.person_id, now=NOW)
    found = sessions.authenticate(made.db, token=phone.session.token, source=outside.PHONE, now=NOW)
    assert found is None
    with pytest.raises(ChallengeOver):
        outside.give(made, waiting)
    with pytest.raises(EnvelopeIncomplete, match="locked out"):
        outside.ask(made)


@pytest.mark.promise(41)
def test_a_code_has_five_tries_in_one_browser_for_ten_minutes_once(made):
    envelope_id = outside.send(made)
    token = outside.link(made, envelope_id)
    knocked = outside.knock(made, token)
    assert len(knocked.code.replace(" ", "")) == 8
    with pytest.raises(ChallengeOver):
        outside.give(made, replace(knocked, secret="another browser"))
    with pytest.raises(ChallengeOver):
        outside.give(made, knocked, now=NOW + timedelta(minutes=10))
    for _ in range(5):
        with pytest.raises(CodesWrong):
            outside.give(made, knocked, wrong(knocked))
    with pytest.raises(ChallengeOver):
        outside.give(made, knocked)
    again = outside.knock(made, token)
    with pytest.raises(Throttled):  # a new mail does not start the tries anew
        outside.give(made, again)
    rested = NOW + timedelta(minutes=2)
    used = outside.knock(made, token, now=rested)
    assert outside.give(made, used, now=rested).session
    with pytest.raises(ChallengeOver):
        outside.give(made, used, now=rested)


def test_the_same_code_given_twice_at_the_same_moment_counts_once(made):
    envelope_id = outside.send(made)
    knocked = outside.knock(made, outside.link(made, envelope_id))

    def once(_):
        try:
            return outside.give(made, knocked).session is not None
        except ChallengeOver:
            return False

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(once, range(2))) == [False, True]


def test_a_mailbox_is_not_flooded_with_codes(made):
    envelope_id = outside.send(made)
    token = outside.link(made, envelope_id)
    for _ in range(5):
        outside.knock(made, token)
    with pytest.raises(Throttled):
        outside.knock(made, token)


def test_the_access_code_is_asked_before_its_envelope_knows_them_also_in_another_session(made):
    plain = outside.send(made)
    phone = outside.come_in(made, plain)
    guarded = outside.send(made, code=CODE)
    with pytest.raises(NotFound):  # they are in, but this envelope asks for more
        signing.ceremony(made, phone.acting, guarded)
    assert [one.id for one in envelopes.list_envelopes(made.db, acting=phone.acting).items] == [plain]
    knocked = outside.knock(made, outside.link(made, guarded))
    assert outsiders.what_is_asked(made.db, secret=knocked.secret, now=NOW)
    for told in ("", "8765 4321"):
        with pytest.raises(CodesWrong):
            outside.give(made, knocked, access_code=told)
    assert outside.give(made, knocked, access_code="12345678").challenge
    assert signing.ceremony(made, phone.acting, guarded).state == "your-turn"


@pytest.mark.promise(62)
def test_the_sender_gets_no_further_with_the_signers_link(made):
    envelope_id = outside.send(made)
    knocked = outside.knock(made, outside.link(made, envelope_id))
    with pytest.raises(CodesWrong):
        outside.give(made, knocked, wrong(knocked))
    with pytest.raises(Forbidden):
        signing.read_and_agree(made, made.world.manager, envelope_id)
    assert made.world.manager.email not in [to for kind, to in signing.mails(made) if kind == "mail_code"]


def test_they_belong_to_the_client_are_a_member_of_nothing_and_get_no_folder(made):
    envelope_id = outside.send(made)
    phone = outside.come_in(made, envelope_id)
    assert (olga(made).organisation_id, olga(made).role) == (made.world.acme, Role.OUTSIDER)
    assert phone.acting.organisations == frozenset()
    with made.db.reading() as tx:
        folder = tx.connection.execute(select(tables.folders.c.id)).scalars().first()
    with pytest.raises(NotFound):
        sharing.share_folder(
            made.db,
            acting=made.world.manager,
            folder_id=folder,
            person_id=phone.acting.person_id,
            role="viewer",
            now=NOW,
        )
    with pytest.raises(PersonRefused):
        organisations.add_member(
            made.db,
            acting=made.world.administrator,
            person_id=phone.acting.person_id,
            organisation_id=made.world.acme,
            now=NOW,
        )
    assert inbox.inbox(made.db, acting=phone.acting, now=NOW).recent_documents == ()


def test_an_address_with_an_account_asks_the_account_and_only_where_it_may_sign(made):
    client = made.world.client
    envelope_id = outside.ask(made, email=client.email.upper(), name="Whatever")
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    assert [(one.person_id, one.name) for one in view.recipients] == [(client.person_id, client.name)]
    before = rows(made, tables.envelopes), rows(made, tables.people)
    for about, words in (
        ({"email": made.world.other_client.email}, "cannot be asked"),
        ({"email": client.email, "code": CODE}, "Leave the access code out"),
        ({"email": "nobody"}, "complete e-mail address"),
        ({"code": "123"}, "8 digits"),
        ({"others": [drafts.NewOutsider(outside.Outsider("Olga", outside.OLGA), 2)]}, "only once"),
    ):
        with pytest.raises(EnvelopeIncomplete, match=words):
            outside.ask(made, **about)
    assert (rows(made, tables.envelopes), rows(made, tables.people)) == before


def test_nobody_signs_in_with_a_password_or_gets_one_without_being_invited(made):
    envelope_id = outside.send(made)
    outside.come_in(made, envelope_id)
    with pytest.raises(SignInRefused):
        sessions.begin_sign_in(
            made.db, HASHER, email=outside.OLGA, password="", source=outside.PHONE, now=NOW
        )
    people.request_password_reset(
        made.db, made.vault.records, email=outside.OLGA, source=outside.PHONE, now=NOW
    )
    assert ("password_reset", outside.OLGA) not in signing.mails(made)
    administrator = made.world.administrator
    with pytest.raises(PersonRefused):
        people.start_password_reset(
            made.db, made.vault.records, acting=administrator, person_id=olga(made).id, now=NOW
        )


def test_an_invitation_makes_them_a_full_account_that_keeps_what_they_signed(made):
    envelope_id = outside.send(made, code=CODE)
    phone = outside.come_in(made, envelope_id, CODE)
    signing.sign(made, phone.acting, envelope_id)
    later = outside.send(made, code=CODE)
    people.invite_person(
        made.db,
        made.vault.records,
        acting=made.world.administrator,
        email=outside.OLGA,
        name="Olga Outside",
        role=Role.CLIENT,
        organisation_id=made.world.acme,
        now=NOW,
    )
    joined = olga(made)
    assert (joined.id, joined.role, joined.state) == (
        phone.acting.person_id,
        Role.CLIENT,
        PersonState.ACTIVE,
    )
    assert ("password_reset", outside.OLGA) in signing.mails(made)
    found = sessions.authenticate(made.db, token=phone.session.token, source=outside.PHONE, now=NOW)
    assert found is None  # what began under the old role has ended
    with pytest.raises(LinkRefused):
        outside.knock(made, outside.link(made, envelope_id))
    full = replace(phone.acting, role=Role.CLIENT, organisations=frozenset({made.world.acme}))
    assert signing.ceremony(made, full, envelope_id).state == "signed"
    assert signing.ceremony(made, full, later).state == "your-turn"


def test_who_never_came_is_invited_like_anybody(made):
    outside.send(made)
    about = {"acting": made.world.administrator, "email": outside.OLGA, "name": "Olga", "now": NOW}
    place = {"role": Role.CLIENT, "organisation_id": made.world.acme}
    invited = people.invite_person(made.db, made.vault.records, **about, **place)
    assert invited.token
    assert people.invitation_details(made.db, token=invited.token, now=NOW).email == outside.OLGA


def test_an_approver_without_an_account_confirms_with_their_factor(made):
    other = drafts.NewRecipient(made.world.client.person_id, 2)
    envelope_id = outside.ask(made, part=Part.APPROVER, others=[other])
    view = envelopes.show_envelope(made.db, acting=made.world.manager, envelope_id=envelope_id)
    signing.placed_fields.place_fields(
        made.db,
        made.vault,
        acting=made.world.manager,
        envelope_id=envelope_id,
        fields=signing.all_kinds(view.recipients[1].id),
        now=NOW,
    )
    signing.send(made, envelope_id)
    phone = outside.come_in(made, envelope_id)
    assert outsiders.next_envelope(made.db, acting=phone.acting) == envelope_id
    seen = signing.ceremony(made, phone.acting, envelope_id)
    ceremonies.pages_seen(made.db, acting=phone.acting, envelope_id=envelope_id, pages=[1, 2], now=NOW)
    ceremonies.approve_envelope(
        made.db,
        made.vault,
        acting=phone.acting,
        envelope_id=envelope_id,
        step_up_id=signing.step_up(made, phone.acting, seen.digest),
        now=NOW,
    )
    assert outsiders.next_envelope(made.db, acting=phone.acting) is None
    assert Kind.ENVELOPE_APPROVED in kinds(made, envelope_id)
