"""What an owner is told, to which addresses, and how they stop a thief with the link in it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from docvault.actions import freezing, people, sessions
from docvault.credentials.refusals import CodeRefused, LinkRefused, SignInRefused
from docvault.database import addresses, devices, identities, messages, notices, tables
from docvault.database import people as people_rows
from docvault.database.sessions import Source
from docvault.policy.vocabulary import Role
from docvault.rules.notices import Notice

from .members import HASHER, PASSWORD, SOURCE, join, with_mail
from .world import everything, refuse, set_state

NEW_PASSWORD = "seven lanterns over a quiet pond"
FIREFOX = Source("198.51.100.4", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return join(world)


def mail(world, template="security_notice", what=None):
    with world.db.reading() as tx:
        found = messages.newest(tx, world.vault.records, limit=200).items
    return [each for each in found if each.template == template and what in (None, each.values.get("what"))]


def told(world, what):
    return len(mail(world, what=what.value))


def link(world, what, email="new.person@example.com"):
    mine = [each for each in mail(world, what=what.value) if each.recipient == email]
    return mine[0].values["path"].removeprefix("/not-me#")


def freeze(world, token, now, source=SOURCE):
    freezing.freeze_account(world.db, world.vault.records, token=token, source=source, now=now)


def reset(world, member):
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    people.finish_password_reset(
        world.db,
        HASHER,
        world.vault.records,
        token=mail(world, "password_reset")[0].values["path"].removeprefix("/reset#"),
        password=NEW_PASSWORD,
        source=SOURCE,
        now=member.now,
    )


def enable(world, member):
    people.enable_person(
        world.db, acting=world.administrator, person_id=member.acting.person_id, now=member.later()
    )


def sign_in(member, source, password=PASSWORD):
    return sessions.finish_sign_in(
        member.world.db,
        member.world.vault.records,
        challenge_token=member.challenge(password, source),
        code=member.code(),
        source=source,
        now=member.now,
    )


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.5")
@pytest.mark.asvs("8.2.4")
def test_a_new_device_is_told_with_what_it_is_and_a_known_one_is_not(world, member):
    session = sign_in(member, FIREFOX)
    assert told(world, Notice.NEW_DEVICE) == 1
    assert mail(world, what="new-device")[0].values["where"] == "Firefox · Windows · 198.51.100.4"
    member.later()
    again = sign_in(member, replace(FIREFOX, address="198.51.100.9", devices=(session.device,)))
    assert told(world, Notice.NEW_DEVICE) == 1
    assert again.device is None


@pytest.mark.promise(16)
def test_joining_makes_the_browser_known_without_a_notice(world, member):
    assert told(world, Notice.NEW_DEVICE) == 0
    with world.db.reading() as tx:
        assert len(devices.of_person(tx, member.acting.person_id)) == 1


@pytest.mark.promise(16)
def test_a_secret_that_somebody_else_planted_makes_no_device_known(world, member):
    stranger = join(world, "stranger@example.com")
    planted = sign_in(stranger, FIREFOX).device
    sign_in(member, replace(FIREFOX, devices=(planted, "x" * 43)))
    assert told(world, Notice.NEW_DEVICE) == 2


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.5")
def test_a_right_password_without_a_right_code_is_told_once_an_hour(world, member):
    token = member.challenge()
    for _ in range(3):
        with pytest.raises(CodeRefused):
            member.give_code(token, member.wrong_code())
    assert told(world, Notice.FACTOR_FAILED) == 1
    member.later(minutes=59)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), member.wrong_code())
    assert told(world, Notice.FACTOR_FAILED) == 1
    member.later(minutes=2)
    with pytest.raises(CodeRefused):
        member.recover(member.challenge(), "not-a-code")
    assert told(world, Notice.FACTOR_FAILED) == 2


def test_a_wrong_password_tells_nobody_so_no_stranger_fills_a_mailbox(world, member):
    before = len(mail(world))
    for _ in range(5):
        with pytest.raises(SignInRefused):
            member.challenge("not the password at all")
    assert len(mail(world)) == before


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.5")
def test_a_sign_in_after_a_run_of_failures_is_told_and_after_a_slip_is_not(world, member):
    with pytest.raises(SignInRefused):
        member.challenge("a slip of the finger")
    known = replace(SOURCE, devices=(sign_in(member, SOURCE).device,))
    assert told(world, Notice.AFTER_FAILURES) == 0
    stranger = replace(SOURCE, address="192.0.2.66")
    for _ in range(5):
        with pytest.raises(SignInRefused):
            member.challenge("a guess of somebody", stranger)
    member.later()
    sign_in(member, known)
    assert told(world, Notice.AFTER_FAILURES) == 1
    member.later()
    sign_in(member, known)
    assert told(world, Notice.AFTER_FAILURES) == 1


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.7")
def test_notices_go_to_the_former_address_too_for_a_month(world, member):
    old = member.email
    with world.db.transaction() as tx:
        person = people_rows.by_id(tx, member.acting.person_id)
        addresses.replaced(tx, person, member.now)
        people_rows.rename(tx, person.id, email="new@example.com", name=person.name)

    def reached(now):
        with world.db.transaction() as tx:
            row = people_rows.by_id(tx, member.acting.person_id)
            notices.tell(tx, world.vault.records, row, Notice.NAME_CHANGED, now)
        newest = mail(world, what="name-changed")
        return {each.recipient for each in newest if each.created_at == now}

    assert reached(member.now) == {old, "new@example.com"}
    assert reached(member.now + timedelta(days=29)) == {old, "new@example.com"}
    assert reached(member.now + timedelta(days=31)) == {"new@example.com"}


@pytest.mark.promise(16, 19)
def test_not_me_ends_everything_and_tells_owner_and_administrators(world, member):
    session = sign_in(member, FIREFOX)
    challenge = member.challenge()
    other = join(world, "other@example.com")
    others = other.sign_in()
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    reset_link = mail(world, "password_reset")[0].values["path"].removeprefix("/reset#")
    freeze(world, link(world, Notice.NEW_DEVICE), member.now)
    assert world.entries()[-1] == ("person:frozen", member.acting.person_id)
    assert sessions.authenticate(world.db, token=session.token, source=FIREFOX, now=member.now) is None
    with pytest.raises(SignInRefused):
        member.give_code(challenge)
    with pytest.raises(SignInRefused, match="The e-mail address or the password is not right"):
        member.challenge()
    with pytest.raises(LinkRefused):
        people.reset_details(world.db, token=reset_link, now=member.now)
    with world.db.reading() as tx:
        assert devices.of_person(tx, member.acting.person_id) == []
        assert people_rows.by_id(tx, member.acting.person_id).state == "frozen"
    assert [each.recipient for each in mail(world, "account_frozen")] == [member.email]
    (warned,) = mail(world, "person_frozen")
    assert (warned.recipient, warned.values["who"]) == (world.administrator.email, "Nora Newcomer")
    assert sessions.authenticate(world.db, token=others.token, source=SOURCE, now=other.now)


@pytest.mark.promise(16)
def test_a_thief_who_resets_the_password_does_not_void_the_owners_link(world, member):
    sign_in(member, FIREFOX)
    earlier = link(world, Notice.NEW_DEVICE)
    reset(world, member)
    assert told(world, Notice.PASSWORD_CHANGED) == 1
    freeze(world, earlier, member.now)
    with pytest.raises(SignInRefused):
        member.challenge(NEW_PASSWORD)


@pytest.mark.promise(16)
def test_each_link_works_for_a_week_and_once(world, member):
    sign_in(member, FIREFOX)
    token = link(world, Notice.NEW_DEVICE)
    with pytest.raises(LinkRefused):
        freeze(world, token, member.now + timedelta(days=7))
    freeze(world, token, member.now + timedelta(days=6, hours=23))
    with pytest.raises(LinkRefused):
        freeze(world, token, member.now + timedelta(days=6, hours=23))


@pytest.mark.parametrize("state", ["invited", "disabled", "frozen"])
def test_an_account_that_is_not_open_is_not_frozen(world, member, state):
    token = link(world, Notice.APP_CONNECTED)
    with world.db.transaction() as tx:
        set_state(tx, member.acting.person_id, people_rows.PersonState(state))
    before = world.rows()
    with pytest.raises(LinkRefused):
        freeze(world, token, member.now)
    assert world.rows() == before


def test_a_link_of_another_purpose_freezes_nothing(world, member):
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    path = mail(world, "password_reset")[0].values["path"]
    for token in (path.removeprefix("/reset#"), "", "x" * 43):
        with pytest.raises(LinkRefused):
            freeze(world, token, member.now)
    with pytest.raises(LinkRefused):
        people.reset_details(world.db, token=link(world, Notice.APP_CONNECTED), now=member.now)


@pytest.mark.promise(16)
def test_a_frozen_account_comes_back_by_an_administrator_and_a_new_password_only(world, member):
    freeze(world, link(world, Notice.APP_CONNECTED), member.now)
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    assert mail(world, "password_reset") == []
    enable(world, member)
    with pytest.raises(SignInRefused):
        member.challenge()
    reset(world, member)
    assert member.give_code(member.challenge(NEW_PASSWORD)).kind == "full"


@pytest.mark.promise(16)
def test_freezing_ends_single_sign_on(world, member):
    with world.db.transaction() as tx:
        identities.connect(tx, "https://id.example", "nora", member.acting.person_id, member.now)
    freeze(world, link(world, Notice.APP_CONNECTED), member.now)
    with world.db.reading() as tx:
        assert identities.person_of(tx, "https://id.example", "nora") is None


@pytest.mark.promise(37)
def test_the_token_of_a_notice_is_kept_as_a_hash_only(world, member):
    token = link(world, Notice.APP_CONNECTED)
    assert token.encode() not in everything(world.db)
    freeze(world, token, member.now)
    assert token.encode() not in everything(world.db)


def test_a_freeze_that_cannot_be_recorded_does_not_happen(world, member):
    token = link(world, Notice.APP_CONNECTED)
    with world.db.transaction() as tx:
        refuse(tx, "INSERT", "messages")
    with pytest.raises(Exception, match="no room"):
        freeze(world, token, member.now)
    with world.db.reading() as tx:
        row = people_rows.by_id(tx, member.acting.person_id)
        assert (row.state, row.password_hash is None) == ("active", False)
        chosen = select(tables.sessions.c.id).where(tables.sessions.c.ended_at.is_(None))
        assert tx.connection.execute(chosen).all()


def test_every_administrator_who_is_here_is_warned_and_no_other(world, member):
    second = join(world, "second.administrator@example.com", Role.ADMINISTRATOR)
    gone = join(world, "gone.administrator@example.com", Role.ADMINISTRATOR)
    with world.db.transaction() as tx:
        set_state(tx, gone.acting.person_id, people_rows.PersonState.DISABLED)
        mine = tables.people.c.id == second.acting.person_id
        tx.connection.execute(update(tables.people).where(mine).values(language="de"))
    freeze(world, link(world, Notice.APP_CONNECTED), member.now)
    warned = {each.recipient: each.values["language"] for each in mail(world, "person_frozen")}
    assert warned == {world.administrator.email: "en", second.email: "de"}
