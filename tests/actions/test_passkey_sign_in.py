from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import select

from credentials.authenticator import UP, Authenticator, lying
from docvault.actions import freezing, passkey_sign_in, people, sessions
from docvault.credentials.passkeys import Signed
from docvault.credentials.refusals import (
    ChallengeOver,
    CodeRefused,
    FactorStopped,
    NotFresh,
    PasskeyNeeded,
    PasskeyRefused,
    SignInRefused,
    Throttled,
)
from docvault.database import messages, tables
from docvault.database.people import PersonState
from docvault.policy.vocabulary import Role

from .keyholders import PARTY, KeyHolder, requiring_passkeys
from .members import SOURCE, accept, enrol, invite, join, with_mail
from .test_sessions import dump
from .world import set_state


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def holder(world):
    """Somebody with an authenticator app and a passkey, who is not signed in."""
    holder = KeyHolder(join(world))
    session = holder.member.sign_in()
    holder.add()
    sessions.sign_out(world.db, acting=session.acting, now=holder.member.now)
    holder.member.later()
    return holder


def told(world):
    with world.db.reading() as tx:
        return [message.values.get("what", "") for message in messages.newest(tx, world.vault.records).items]


def counter(world):
    with world.db.reading() as tx:
        return tx.connection.execute(select(tables.passkeys.c.sign_count)).scalar_one()


@pytest.mark.promise(2)
@pytest.mark.asvs("6.3.3")
def test_a_passkey_alone_opens_a_full_session(holder):
    session = holder.sign_in()
    assert (session.kind, session.acting.factors) == ("full", "passkey")
    signed = sessions.authenticate(holder.world.db, token=session.token, source=SOURCE, now=holder.member.now)
    assert signed.acting == session.acting
    assert holder.world.entries()[-2][0] == "session:started"  # and a device that is new


@pytest.mark.promise(2)
@pytest.mark.asvs("6.3.3")
def test_a_passkey_is_the_factor_after_the_password(holder):
    challenge = holder.member.challenge()
    owed = sessions.factors_owed(holder.world.db, challenge_token=challenge, now=holder.member.now)
    assert owed == ("passkey", "totp", "recovery")
    session = holder.give_factor(challenge)
    assert (session.kind, session.acting.factors) == ("full", "password+passkey")
    with pytest.raises(ChallengeOver):
        holder.give_factor(challenge)


LIES = {
    "another origin": lying(origin="https://evil.example"),
    "another portal": lying(rp_id="evil.example"),
    "another challenge": lying(challenge=bytes(32)),
    "no user verification": lying(flags=UP),
    "somebody else's handle": lying(handle=b"somebody"),
    "no signature": lying(signature=b"\x00"),
    "a registration": lying(type="webauthn.create"),
}


@pytest.mark.promise(1)
@pytest.mark.promise(6)
@pytest.mark.parametrize("lie", LIES)
def test_a_wrong_answer_opens_nothing_and_writes_only_counters_and_events(holder, lie):
    challenge = holder.member.challenge()
    before = dump(holder.world)
    refusals = set()
    for give in (lambda: holder.sign_in(LIES[lie]), lambda: holder.give_factor(challenge, LIES[lie])):
        with pytest.raises(PasskeyRefused) as refusal:
            give()
        refusals.add(str(refusal.value))
        assert holder.world.entries()[-1][0] == "session:refused"
    assert len(refusals) == 1
    after = dump(holder.world)
    # One try less, and a mail to the owner with its "not me" link, because the password was right.
    changed = {name for name in before if before[name] != after[name]}
    assert changed <= {"challenges", "messages", "invitations"}
    assert len(after["messages"]) == len(before["messages"]) + 1


@pytest.mark.promise(1)
@pytest.mark.asvs("6.7.2")
def test_an_answer_counts_once_in_its_own_browser_for_its_purpose_and_five_minutes(holder):
    member = holder.member
    wanted, mine = holder.ask()
    _, others = holder.ask()
    signed = holder.device.sign(wanted)
    challenge = member.challenge()
    passkey_sign_in.begin_passkey_factor(*holder.given, challenge_token=challenge, now=member.now)
    for refused in (
        lambda: holder.finish(others, signed),  # the ceremony of another browser
        lambda: holder.finish("made up", signed),
        lambda: holder.finish_factor(challenge, signed),  # another purpose
        lambda: holder.finish(challenge, signed),
    ):
        with pytest.raises(PasskeyRefused):
            refused()
    assert holder.finish(mine, signed).kind == "full"
    with pytest.raises(PasskeyRefused):
        holder.finish(mine, signed)
    wanted, late = holder.ask()
    member.later(minutes=5)
    with pytest.raises(PasskeyRefused):
        holder.finish(late, holder.device.sign(wanted))


@pytest.mark.promise(1)
def test_twenty_answers_at_the_same_moment_open_one_session(holder):
    wanted, browser = holder.ask()
    signed = holder.device.sign(wanted)

    def finish(_):
        try:
            return holder.finish(browser, signed).kind
        except (SignInRefused, Throttled):
            return None

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(finish, range(20))).count("full") == 1


@pytest.mark.promise(1)
def test_a_challenge_takes_no_passkey_of_another_person(holder):
    other = KeyHolder(join(holder.world, "other@example.com"))
    other.member.sign_in()
    other.add()
    challenge = holder.member.challenge()
    wanted = passkey_sign_in.begin_passkey_factor(
        *holder.given, challenge_token=challenge, now=holder.member.now
    )
    signed = other.device.sign(wanted, key=other.device.keys[0])
    with pytest.raises(PasskeyRefused):
        holder.finish_factor(challenge, signed)
    with pytest.raises(PasskeyRefused):  # nor one that only says that it is theirs
        holder.finish_factor(challenge, replace(signed, handle=holder.device.keys[0].handle))


@pytest.mark.promise(9)
def test_what_a_browser_is_asked_for_says_nothing_about_anybody(holder):
    one, _ = holder.ask()
    two, _ = KeyHolder(join(holder.world, "without@example.com")).ask()
    assert (one.party, one.allowed) == (two.party, two.allowed) == (PARTY, ())
    assert len(one.challenge) == len(two.challenge) == 32
    assert one.challenge != two.challenge


STATES = {"disabled": PersonState.DISABLED, "frozen": PersonState.FROZEN, "invited": PersonState.INVITED}


@pytest.mark.promise(9)
@pytest.mark.promise(15)
@pytest.mark.parametrize("state", STATES)
def test_unknown_passkeys_and_people_without_rights_get_one_answer(holder, state):
    stranger = KeyHolder(holder.member, device=Authenticator())
    wanted, browser = holder.ask()
    signed = stranger.device.sign(wanted, key=_made_elsewhere(stranger.device))
    with pytest.raises(PasskeyRefused) as unknown:
        holder.finish(browser, signed)
    with holder.world.db.transaction() as tx:
        set_state(tx, holder.member.acting.person_id, STATES[state])
    with pytest.raises(PasskeyRefused) as known:
        holder.sign_in()
    assert (type(known.value), str(known.value)) == (type(unknown.value), str(unknown.value))


def _made_elsewhere(device):
    from docvault.credentials.passkeys import Creation

    device.make(Creation(PARTY, bytes(32), b"x", "x", "x", ()))
    return device.keys[0]


@pytest.mark.promise(15)
def test_somebody_disabled_on_the_way_does_not_get_in(holder):
    wanted, browser = holder.ask()
    challenge = holder.member.challenge()
    people.disable_person(
        holder.world.db,
        acting=holder.world.administrator,
        person_id=holder.member.acting.person_id,
        now=holder.member.now,
    )
    with pytest.raises(PasskeyRefused):
        holder.finish(browser, holder.device.sign(wanted))
    with pytest.raises(ChallengeOver):
        holder.give_factor(challenge)


@pytest.mark.promise(16)
def test_a_frozen_account_that_was_enabled_wants_a_new_password_before_any_passkey(holder):
    member, db = holder.member, holder.world.db
    with db.reading() as tx:
        found = messages.newest(tx, holder.world.vault.records).items
    mine = [each for each in found if each.values.get("what") == "passkey-added"]
    token = mine[0].values["path"].removeprefix("/not-me#")
    freezing.freeze_account(db, holder.world.vault.records, token=token, source=SOURCE, now=member.now)
    with pytest.raises(PasskeyRefused):
        holder.sign_in()
    with db.reading() as tx:  # it was added with the notice that was answered
        assert tx.connection.execute(select(tables.passkeys)).all() == []
    person_id = member.acting.person_id
    people.enable_person(db, acting=holder.world.administrator, person_id=person_id, now=member.now)
    with pytest.raises(PasskeyRefused):
        holder.sign_in()


@pytest.mark.promise(16)
def test_freezing_keeps_the_passkeys_that_are_older_than_the_notice(holder):
    member, db = holder.member, holder.world.db
    member.later()
    holder.sign_in()  # from a browser that is not known: a notice
    with db.reading() as tx:
        found = messages.newest(tx, holder.world.vault.records).items
    mine = [each for each in found if each.values.get("what") == "new-device"]
    token = mine[0].values["path"].removeprefix("/not-me#")
    freezing.freeze_account(db, holder.world.vault.records, token=token, source=SOURCE, now=member.now)
    person_id = member.acting.person_id
    people.enable_person(db, acting=holder.world.administrator, person_id=person_id, now=member.now)
    with db.reading() as tx:
        assert len(tx.connection.execute(select(tables.passkeys)).all()) == 1
    with pytest.raises(PasskeyRefused):
        holder.sign_in()  # the password is chosen first


@pytest.mark.promise(16)
def test_a_counter_that_goes_back_is_refused_and_told_to_the_owner(holder):
    holder.sign_in()
    holder.sign_in()
    kept = counter(holder.world)
    for count in (kept, kept - 1, 0):
        with pytest.raises(PasskeyRefused) as refusal:
            holder.sign_in(lying(count=count))
        assert str(refusal.value) == str(PasskeyRefused())
    assert counter(holder.world) == kept
    warned = "passkey-copied"
    assert told(holder.world).count(warned) == 3
    assert holder.sign_in(lying(count=kept + 5)).kind == "full"
    assert counter(holder.world) == kept + 5


def test_a_synced_passkey_without_a_counter_signs_in_again_and_again(world):
    holder = KeyHolder(join(world), device=Authenticator(counts=False, synced=True))
    holder.member.sign_in()
    assert holder.add().synced
    for _ in range(3):
        assert holder.sign_in().kind == "full"


def guess(holder, **given):
    """Name somebody's passkey and sign nothing with it."""
    wanted, browser = holder.ask()
    right = holder.device.sign(wanted)
    holder.device.keys[0].count -= 1
    wrong = Signed(
        right.credential_id, right.client_data, right.authenticator_data, b"\x30\x00", right.handle
    )
    return holder.finish(browser, wrong, **given)


@pytest.mark.promise(7)
@pytest.mark.asvs("6.3.1")
def test_failures_with_a_passkey_are_slowed_down_and_stop_at_a_hundred(holder):
    for _ in range(5):
        with pytest.raises(PasskeyRefused):
            guess(holder)
    with pytest.raises(Throttled):
        guess(holder)
    entries = len(holder.world.entries())
    with pytest.raises(Throttled):
        holder.sign_in()
    assert len(holder.world.entries()) == entries
    for number in range(95):
        holder.member.later(hours=1, seconds=number)
        with pytest.raises(PasskeyRefused):
            guess(holder, source=sessions.Source(f"198.51.100.{number}", "x"))
    holder.member.later(hours=2)
    with pytest.raises(FactorStopped):
        holder.sign_in()


@pytest.mark.promise(8)
@pytest.mark.asvs("6.3.1")
def test_a_stranger_with_the_password_cannot_stop_the_factors_on_a_known_device(holder):
    member = holder.member
    first = member.give_code(member.challenge())
    home = replace(SOURCE, devices=(first.device,))
    for number in range(100):
        member.later(hours=1, seconds=1)
        source = sessions.Source(f"198.51.100.{number}", "x")
        challenge = member.challenge(source=source)
        with pytest.raises(CodeRefused):
            member.give_code(challenge, member.wrong_code())
        with pytest.raises(PasskeyRefused):
            guess(holder, source=source)
    member.later(hours=2)
    with pytest.raises(FactorStopped):
        member.give_code(member.challenge())
    with pytest.raises(FactorStopped):
        holder.sign_in()
    holder.source = home
    assert holder.sign_in().kind == "full"
    session = sessions.finish_sign_in(
        holder.world.db,
        holder.world.vault.records,
        challenge_token=member.challenge(source=home),
        code=member.code(),
        source=home,
        now=member.now,
    )
    assert session.kind == "full"
    renewed = enrol(holder.world, session.acting, member.now)  # and a new app ends the stop everywhere
    renewed.later()
    assert renewed.sign_in().kind == "full"


@pytest.mark.promise(7)
def test_a_known_device_has_an_end_of_tries_of_its_own(holder):
    member = holder.member
    home = replace(SOURCE, devices=(member.give_code(member.challenge()).device,))
    holder.source = home
    for _ in range(5):
        with pytest.raises(PasskeyRefused):
            guess(holder)
    with pytest.raises(Throttled):
        holder.sign_in()
    holder.source = SOURCE
    assert holder.sign_in().kind == "full"


# --- roles that must use a passkey ---------------------------------------------------------------------------------

WITH_ACCOUNTS = [role for role in Role if role is not Role.OUTSIDER]
ROLES = [role for role in WITH_ACCOUNTS if role is not Role.CLIENT] + [Role.CLIENT]


@pytest.mark.promise(2)
@pytest.mark.asvs("6.3.3", "6.3.4")
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("needed", [True, False])
@pytest.mark.parametrize("owns", [False, True])
@pytest.mark.asvs("8.4.2")
def test_what_each_role_signs_in_with(world, role, needed, owns):
    """Role x factor: whoever must use a passkey gets in with one, and with a code only to add the first one."""
    holder = KeyHolder(join(world, "somebody@example.com", role))
    if owns:
        holder.member.sign_in()
        holder.add()
        holder.member.later()
    if needed:
        world.db.policy = requiring_passkeys(role)
    challenge = holder.member.challenge()
    owed = sessions.factors_owed(world.db, challenge_token=challenge, now=holder.member.now)
    assert ("totp" in owed) == (not (needed and owns))
    if needed and owns:
        with pytest.raises(PasskeyNeeded, match="Please use your passkey"):
            holder.member.give_code(challenge)
    else:
        session = holder.member.give_code(challenge)
        assert session.kind == ("enrol" if needed else "full")
    if owns:
        assert holder.give_factor(holder.member.challenge()).kind == "full"
        assert holder.sign_in().kind == "full"


@pytest.mark.promise(2)
@pytest.mark.promise(5)
def test_a_code_of_somebody_who_must_use_a_passkey_only_leads_to_adding_one(world):
    holder = KeyHolder(join(world, "officer2@example.com", Role.COMPLIANCE_OFFICER))
    world.db.policy = requiring_passkeys(Role.COMPLIANCE_OFFICER)
    session = holder.member.give_code(holder.member.challenge())
    with pytest.raises(PasskeyNeeded):  # another app is no way round
        enrol(world, session.acting, holder.member.now)
    _, full = holder.enrol(session)
    assert full.acting.factors == "password+passkey"
    assert holder.sign_in().kind == "full"


@pytest.mark.promise(2)
def test_an_invited_person_who_must_use_a_passkey_begins_with_one(world):
    world.db.policy = requiring_passkeys(Role.CLIENT)
    opened = accept(world, invite(world).token)
    with pytest.raises(PasskeyNeeded):
        enrol(world, opened.acting)
    holder = KeyHolder(join_nobody(world, opened))
    codes, session = holder.enrol(opened)
    assert (len(codes), session.kind) == (10, "full")
    assert holder.sign_in().kind == "full"


def join_nobody(world, opened):
    from .members import Member

    return Member(world, opened.acting.email, b"", [], opened.acting)


@pytest.mark.promise(2)
@pytest.mark.promise(19)
def test_a_session_that_began_with_a_code_ends_when_the_role_must_use_a_passkey(world):
    holder = KeyHolder(join(world))
    by_code = holder.member.sign_in()
    holder.add()
    by_passkey = holder.sign_in()
    world.db.policy = requiring_passkeys(Role.CLIENT)
    now = holder.member.now
    assert sessions.authenticate(world.db, token=by_code.token, source=SOURCE, now=now) is None
    assert sessions.authenticate(world.db, token=by_passkey.token, source=SOURCE, now=now)


@pytest.mark.promise(5)
def test_a_half_session_is_as_old_as_it_is(world):
    holder = KeyHolder(join(world))
    session = holder.member.recover(holder.member.challenge(), holder.member.recovery_codes[0])
    sessions.sign_out(world.db, acting=session.acting, now=holder.member.now)
    with pytest.raises(NotFresh):
        holder.enrol(session)
