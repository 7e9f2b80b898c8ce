"""Changing what lets one in takes both factors at that moment, and everybody concerned hears of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import account, freezing, people, sessions, step_ups
from docvault.credentials.refusals import (
    LinkRefused,
    PasswordRefused,
    PasswordWrong,
    SignInRefused,
    Throttled,
    TooBusy,
)
from docvault.database import messages, tables
from docvault.database import people as rows
from docvault.database import step_ups as step_up_rows
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.rules.languages import LanguageUnknown
from docvault.rules.people import PersonRefused
from docvault.rules.time_zones import TimeZoneUnknown

from .members import HASHER, PASSWORD, SOURCE, invite, join, with_mail
from .world import everything, half_signed_in

NEW_PASSWORD = "seven lanterns over a quiet pond"
NEW = "nora.newer@example.com"


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    member = join(world)
    session = member.sign_in()
    member.source = replace(SOURCE, devices=(session.device,))
    member.later()
    return member


def mail(world, template="security_notice", what=None):
    with world.db.reading() as tx:
        found = messages.newest(tx, world.vault.records, limit=200).items
    return [each for each in found if each.template == template and what in (None, each.values.get("what"))]


def row(member):
    with member.world.db.reading() as tx:
        return rows.by_id(tx, member.acting.person_id)


def prove(member, digest):
    proof = step_ups.confirm_step_up(
        member.world.db,
        member.world.vault.records,
        acting=member.acting,
        purpose=account.STEP_UP,
        digest=digest,
        code=member.code(),
        now=member.now,
    )
    member.later()
    return proof


def proven(member, digest):
    """A proof of this very moment, without waiting for the app's next code."""
    with member.world.db.transaction() as tx:
        made = step_up_rows.add(tx, member.acting, purpose=account.STEP_UP, digest=digest, now=member.now)
    return step_ups.StepUp(made, "none")


def change(member, password=PASSWORD, new=NEW_PASSWORD, proof=None, source=None):
    proof_id = proof.id if proof else prove(member, account.PASSWORD).id
    return account.change_password(
        member.world.db,
        HASHER,
        member.world.vault.records,
        acting=member.acting,
        password=password,
        new=new,
        step_up_id=proof_id,
        source=source or member.source,
        now=member.now,
    )


def move(member, email=NEW, password=PASSWORD, proof=None):
    proof_id = proof.id if proof else prove(member, account.email_digest(email)).id
    account.start_email_change(
        member.world.db,
        HASHER,
        member.world.vault.records,
        acting=member.acting,
        email=email,
        password=password,
        step_up_id=proof_id,
        source=member.source,
        now=member.now,
    )


def token(world):
    return mail(world, "email_change")[0].values["path"].removeprefix("/confirm-email#")


def confirm(member, link):
    account.confirm_email_change(
        member.world.db, member.world.vault.records, token=link, source=SOURCE, now=member.now
    )


def alive(member, session_token):
    found = sessions.authenticate(member.world.db, token=session_token, source=SOURCE, now=member.now)
    return found is not None


# --- password ---


@pytest.mark.promise(13)
@pytest.mark.promise(19)
@pytest.mark.asvs("6.2.2", "6.2.3", "7.4.3")
def test_a_new_password_ends_everything_else_and_keeps_this_session(world, member):
    mine = member.acting
    other = member.sign_in()
    member.acting = mine
    member.later()
    challenge = member.challenge()
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    link = mail(world, "password_reset")[0].values["path"].removeprefix("/reset#")
    proof = prove(member, account.PASSWORD)
    assert change(member, proof=proof) == 2  # that of joining, and the other
    assert alive(member, proof.token)
    assert not alive(member, other.token)
    with pytest.raises(SignInRefused):
        member.give_code(challenge)
    with pytest.raises(LinkRefused):
        people.reset_details(world.db, token=link, now=member.now)
    with pytest.raises(SignInRefused):
        member.challenge(PASSWORD)
    assert member.challenge(NEW_PASSWORD)
    assert [each.recipient for each in mail(world, what="password-changed")] == [member.email]
    assert ("person:password:set", member.acting.person_id) in world.entries()


@pytest.mark.promise(17)
@pytest.mark.asvs("7.5.1", "6.2.3")
def test_neither_the_password_nor_the_second_factor_alone_changes_anything(world, member):
    before = row(member)
    with pytest.raises(StepUpInvalid):
        change(member, proof=prove(member, "ab" * 32))
    with pytest.raises(PasswordWrong):
        change(member, password="not the password I have")
    with pytest.raises(StepUpInvalid):
        move(member, proof=prove(member, account.email_digest("another@example.com")))
    with pytest.raises(PasswordWrong):
        move(member, password="not the password I have")
    assert row(member) == before
    assert mail(world, "email_change") == []
    assert mail(world, what="password-changed") == []


def test_a_wrong_password_is_recorded_and_leaves_the_proof_unspent(world, member):
    proof = prove(member, account.PASSWORD)
    with pytest.raises(PasswordWrong, match="not your current password"):
        change(member, password="a slip of my fingers", proof=proof)
    assert world.entries()[-1] == ("person:password:wrong", member.acting.person_id)
    change(member, proof=proof)
    with pytest.raises(StepUpInvalid):
        change(member, password=NEW_PASSWORD, new="thirteen bright copper kettles", proof=proof)


@pytest.mark.promise(7)
@pytest.mark.promise(8)
@pytest.mark.asvs("6.3.1")
def test_guessing_the_current_password_is_throttled_like_at_the_door(world, member):
    proof = prove(member, account.email_digest(NEW))
    for _ in range(5):
        with pytest.raises(PasswordWrong):
            move(member, password="a guess of somebody", proof=proof)
    with pytest.raises(Throttled):
        move(member, proof=proof)
    with pytest.raises(Throttled):
        member.challenge(source=member.source)  # the same counter
    assert member.challenge()  # and not that of everywhere else
    member.later(hours=1)
    change(member)


def test_a_try_that_was_not_judged_does_not_count(world, member, monkeypatch):
    def busy(*_):
        raise TooBusy

    proof = prove(member, account.PASSWORD)
    with monkeypatch.context() as patched:
        patched.setattr(type(HASHER), "verify", busy)
        for _ in range(9):
            with pytest.raises(TooBusy):
                change(member, proof=proof)
    change(member, proof=proof)


@pytest.mark.promise(11)
@pytest.mark.parametrize("new", ["short", "password1234", "x" * 300, PASSWORD])
def test_a_password_that_may_not_be_chosen_is_refused_and_the_proof_kept(world, member, new):
    proof = prove(member, account.PASSWORD)
    with pytest.raises(PasswordRefused):
        change(member, new=new, proof=proof)
    change(member, proof=proof)


@pytest.mark.asvs("6.2.8")
@pytest.mark.parametrize(
    "typed",
    [f" {NEW_PASSWORD}", f"{NEW_PASSWORD} ", NEW_PASSWORD.upper(), f"{NEW_PASSWORD}\x00", NEW_PASSWORD[:-1]],
)
def test_a_password_counts_exactly_as_it_was_chosen(world, member, typed):
    change(member)
    with pytest.raises(SignInRefused):
        member.challenge(typed)
    assert member.challenge(NEW_PASSWORD)


def test_a_session_that_ends_while_the_password_is_hashed_changes_nothing(world, member, monkeypatch):
    hashing, proof = type(HASHER).hash, prove(member, account.PASSWORD)

    def meanwhile(self, password):
        sessions.sign_out(world.db, acting=member.acting, now=member.now)
        return hashing(self, password)

    monkeypatch.setattr(type(HASHER), "hash", meanwhile)
    before = row(member).password_hash
    with pytest.raises(PasswordWrong):
        change(member, proof=proof)
    assert row(member).password_hash == before


def test_two_windows_change_the_password_once(world, member, monkeypatch):
    hashing, proof = type(HASHER).hash, prove(member, account.PASSWORD)
    second = prove(member, account.PASSWORD)

    def meanwhile(self, password):
        monkeypatch.undo()
        change(member, proof=second, new="thirteen bright copper kettles")
        return hashing(self, password)

    monkeypatch.setattr(type(HASHER), "hash", meanwhile)
    with pytest.raises(PasswordWrong):
        change(member, proof=proof)
    assert member.challenge("thirteen bright copper kettles")


# --- e-mail address ---


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.7", "7.5.1")
def test_an_address_changes_when_its_holder_confirms_and_old_and_new_hear_of_it(world, member):
    old = member.email
    move(member, email="Nora.Newer@Example.com")
    assert row(member).email == old
    (asked,) = mail(world, "email_change")
    assert asked.recipient == NEW
    assert [each.recipient for each in mail(world, what="email-change-started")] == [old]
    confirm(member, token(world))
    assert row(member).email == NEW
    assert {each.recipient for each in mail(world, what="email-changed")} == {old, NEW}
    assert world.entries()[-1] == ("person:email:changed", member.acting.person_id)
    with pytest.raises(SignInRefused):
        member.challenge()
    member.email = NEW
    assert member.challenge()


@pytest.mark.promise(9)
def test_an_address_in_use_gets_a_mail_and_the_asker_the_same_answer(world, member):
    move(member)
    started = world.entries()[-1]
    assert move(member, email=world.client.email) is None
    assert world.entries()[-1] == started
    (told,) = mail(world, "email_in_use")
    assert (told.recipient, told.values["name"]) == (world.client.email, world.client.name)
    assert len(mail(world, "email_change")) == 1
    with pytest.raises(LinkRefused):
        confirm(member, token(world))  # a later wish voids the earlier


@pytest.mark.promise(38)
def test_the_link_works_once_for_a_day_and_for_nothing_else(world, member):
    move(member)
    link = token(world)
    for act in (people.reset_details, people.invitation_details):
        with pytest.raises(LinkRefused):
            act(world.db, token=link, now=member.now)
    member.now += timedelta(hours=24)
    with pytest.raises(LinkRefused):
        confirm(member, link)
    member.now -= timedelta(minutes=1)
    confirm(member, link)
    with pytest.raises(LinkRefused):
        confirm(member, link)


def test_an_address_that_somebody_else_took_meanwhile_stays_theirs(world, member):
    move(member)
    link = token(world)
    invite(world, NEW)
    with pytest.raises(LinkRefused):
        confirm(member, link)
    assert row(member).email == member.email


@pytest.mark.promise(16)
def test_freezing_voids_an_open_change_of_address(world, member):
    move(member)
    link = token(world)
    not_me = mail(world, what="email-change-started")[0].values["path"].removeprefix("/not-me#")
    freezing.freeze_account(world.db, world.vault.records, token=not_me, source=SOURCE, now=member.now)
    person_id = member.acting.person_id
    people.enable_person(world.db, acting=world.administrator, person_id=person_id, now=member.now)
    with pytest.raises(LinkRefused):
        confirm(member, link)


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "two@at@example.com", "x@example.com\r\nBcc: y@z.org"]
)
def test_what_is_no_address_is_refused(world, member, email):
    with pytest.raises(PersonRefused, match="complete e-mail address"):
        account.email_digest(email)


def test_ones_own_address_is_said_to_be_that(world, member):
    with pytest.raises(PersonRefused, match="already"):
        move(member, email=member.email)


@pytest.mark.promise(37)
def test_the_new_address_lies_sealed_until_it_is_confirmed(world, member):
    move(member)
    with world.db.reading() as tx:
        details = tx.connection.execute(select(tables.invitations.c.detail)).scalars().all()
    assert not any(NEW.encode() in detail for detail in details if detail)
    assert token(world).encode() not in everything(world.db)


def test_mails_to_strange_addresses_are_few(world, member):
    for number in range(6):
        email = f"stranger{number}@example.com"
        proof = proven(member, account.email_digest(email))
        if number < 5:
            move(member, email=email, proof=proof)
    with pytest.raises(Throttled):
        move(member, email=email, proof=proof)
    assert len(mail(world, "email_change")) == 5


# --- name and language ---


@pytest.mark.asvs("6.3.7")
def test_a_name_changes_and_its_owner_and_the_trail_know_both(world, member):
    account.change_name(
        world.db,
        world.vault.records,
        acting=member.acting,
        name="  Nora   Later ",
        source=SOURCE,
        now=member.now,
    )
    assert row(member).name == "Nora Later"
    assert world.entries()[-1] == ("person:renamed", member.acting.person_id)
    assert len(mail(world, what="name-changed")) == 1
    with pytest.raises(PersonRefused):
        account.change_name(
            world.db, world.vault.records, acting=member.acting, name="", source=SOURCE, now=member.now
        )


def test_mail_comes_in_the_language_that_was_chosen(world, member):
    account.choose_language(world.db, acting=member.acting, language="fa", now=member.now)
    assert world.entries()[-1] == ("person:language:chosen", member.acting.person_id)
    change(member)
    assert mail(world, what="password-changed")[0].values["language"] == "fa"
    with pytest.raises(LanguageUnknown):
        account.choose_language(world.db, acting=member.acting, language="tlh", now=member.now)
    assert account.own_account(world.db, acting=member.acting).language == "fa"


def test_people_say_where_their_day_begins_and_can_take_it_back(world, member):
    for zone in ("Europe/Helsinki", None):
        account.choose_time_zone(world.db, acting=member.acting, zone=zone, now=member.now)
        assert account.own_account(world.db, acting=member.acting).time_zone == zone
    assert world.entries()[-1] == ("person:time-zone:chosen", member.acting.person_id)
    with pytest.raises(TimeZoneUnknown):
        account.choose_time_zone(world.db, acting=member.acting, zone="Mars/Olympus", now=member.now)


def test_whoever_accepts_an_invitation_says_in_which_language(world):
    people.accept_invitation(
        world.db,
        HASHER,
        token=invite(world, "jyri@example.com").token,
        password=PASSWORD,
        source=SOURCE,
        now=world.client.at,
        language="fi",
    )
    with world.db.reading() as tx:
        assert rows.by_email(tx, "jyri@example.com").language == "fi"


@pytest.mark.promise(1)
def test_half_a_sign_in_changes_nothing_about_an_account(world, member):
    half = half_signed_in(member.acting)
    member.acting = half
    deeds = [
        lambda: account.own_account(world.db, acting=half),
        lambda: account.choose_language(world.db, acting=half, language="de", now=member.now),
        lambda: account.choose_time_zone(world.db, acting=half, zone=None, now=member.now),
        lambda: account.change_name(
            world.db, world.vault.records, acting=half, name="X Y", source=SOURCE, now=member.now
        ),
        lambda: change(member, proof=half_proof()),
        lambda: move(member, proof=half_proof()),
    ]
    for deed in deeds:
        with pytest.raises(Forbidden):
            deed()


def half_proof():
    return step_ups.StepUp("none", "none")
