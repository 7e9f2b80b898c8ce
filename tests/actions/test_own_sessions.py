"""Every session and device is seen by its owner, and ended with one fresh factor (ASVS 7.5.2)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from docvault.actions import own_sessions, person_sessions, sessions, step_ups
from docvault.credentials.refusals import SignInRefused
from docvault.database import devices as device_rows
from docvault.database import messages
from docvault.database.sessions import Source
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.people import PersonRefused
from docvault.values import NotFound

from .members import SOURCE, join, with_mail
from .world import half_signed_in

FIREFOX = Source("198.51.100.4", "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0")


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return join(world)


def sign_in(member, source=SOURCE):
    session = sessions.finish_sign_in(
        member.world.db,
        member.world.vault.records,
        challenge_token=member.challenge(source=source),
        code=member.code(),
        source=source,
        now=member.now,
    )
    member.acting = session.acting
    member.later()
    return session


def prove(member, digest, purpose=own_sessions.STEP_UP):
    proof = step_ups.confirm_step_up(
        member.world.db,
        member.world.vault.records,
        acting=member.acting,
        purpose=purpose,
        digest=digest,
        code=member.code(),
        now=member.now,
    )
    member.later()
    return proof


def listed(member):
    return own_sessions.list_sessions(member.world.db, acting=member.acting, now=member.now)


def end(member, session_id, proof_id):
    own_sessions.end_session(
        member.world.db, acting=member.acting, session_id=session_id, step_up_id=proof_id, now=member.now
    )


def alive(member, token, source=SOURCE):
    found = sessions.authenticate(member.world.db, token=token, source=source, now=member.now)
    return found is not None


@pytest.mark.asvs("7.5.2")
def test_a_person_sees_every_session_of_theirs_in_plain_words_this_one_first(world, member):
    first = sign_in(member, FIREFOX)
    second = sign_in(member)
    join(world, "somebody.else@example.com").sign_in()
    here, there, joined = listed(member)
    assert (here.id, here.current) == (second.acting.session_id, True)
    assert (there.id, there.browser, there.network) == (
        first.acting.session_id,
        "Firefox on Windows",
        "the internet",
    )
    assert (there.address, there.factors, there.current) == ("198.51.100.4", "password+totp", False)
    assert not joined.current


def test_what_has_ended_rested_or_grown_old_is_not_listed(world, member):
    first = sign_in(member, FIREFOX)
    sessions.sign_out(world.db, acting=first.acting, now=member.now)
    second = sign_in(member)
    assert {each.id for each in listed(member)} >= {second.acting.session_id}
    assert first.acting.session_id not in {each.id for each in listed(member)}
    member.later(minutes=61)
    assert listed(member) == []


@pytest.mark.promise(19)
@pytest.mark.asvs("7.5.2", "7.4.1")
def test_ending_a_session_takes_a_proof_for_exactly_that_and_counts_at_once(world, member):
    stranger = sign_in(member, FIREFOX)
    other = sign_in(member)
    mine = sign_in(member)
    for digest in (own_sessions.OTHERS, own_sessions.digest_of(other.acting.session_id)):
        with pytest.raises(StepUpInvalid):
            end(member, stranger.acting.session_id, prove(member, digest).id)
    assert alive(member, stranger.token, FIREFOX)
    proof = prove(member, own_sessions.digest_of(stranger.acting.session_id))
    end(member, stranger.acting.session_id, proof.id)
    assert not alive(member, stranger.token, FIREFOX)
    assert alive(member, other.token)
    assert world.entries()[-1] == ("session:revoked", member.acting.person_id)
    with pytest.raises(NotFound):
        end(member, stranger.acting.session_id, proof.id)
    assert not alive(member, mine.token)  # the proof gave this session a new secret
    assert alive(member, proof.token)


@pytest.mark.promise(21)
def test_somebody_elses_session_and_device_are_not_there(world, member):
    sign_in(member)
    other = join(world, "somebody.else@example.com")
    theirs = sign_in(other).acting.session_id
    proof = prove(member, own_sessions.digest_of(theirs))
    for session_id in (theirs, "no-such-session"):
        with pytest.raises(NotFound):
            end(member, session_id, proof.id)
    with world.db.reading() as tx:
        device = device_rows.of_person(tx, other.acting.person_id)[0].id
    with pytest.raises(NotFound):
        own_sessions.forget_device(world.db, acting=member.acting, device_id=device, now=member.now)


def test_the_session_that_asks_is_signed_out_not_ended(world, member):
    mine = sign_in(member).acting.session_id
    proof = prove(member, own_sessions.digest_of(mine))
    with pytest.raises(PersonRefused, match="Sign out instead"):
        end(member, mine, proof.id)


@pytest.mark.promise(19)
@pytest.mark.asvs("7.4.3", "7.5.2")
def test_all_others_end_together_and_this_one_goes_on(world, member):
    others = [sign_in(member, FIREFOX), sign_in(member)]
    sign_in(member)
    proof = prove(member, own_sessions.OTHERS)
    ended = own_sessions.end_other_sessions(
        world.db, acting=member.acting, step_up_id=proof.id, now=member.now
    )
    assert ended == 3  # the one of joining too
    assert not any(alive(member, session.token) for session in others)
    assert alive(member, proof.token)
    assert world.entries()[-1] == ("session:all-revoked", member.acting.person_id)


@pytest.mark.asvs("7.1.2")
def test_one_session_too_many_ends_the_oldest(world, member):
    most = world.db.policy.numbers.sessions.at_once
    begun = [sign_in(member, FIREFOX) for _ in range(most)]
    assert all(alive(member, session.token) for session in begun)
    assert len(listed(member)) == most
    one_more = sign_in(member)
    assert not alive(member, begun[0].token)
    assert all(alive(member, session.token) for session in [*begun[1:], one_more])
    assert ("session:revoked", member.acting.person_id) in world.entries()


@pytest.mark.promise(16)
def test_a_forgotten_browser_is_new_the_next_time(world, member):
    device = sign_in(member, FIREFOX).device
    known = replace(FIREFOX, devices=(device,))
    mine = own_sessions.list_devices(world.db, acting=member.acting, source=known)
    (here,) = [each for each in mine if each.current]
    assert here.browser == "Firefox on Windows"
    assert sign_in(member, known).device is None
    own_sessions.forget_device(world.db, acting=member.acting, device_id=here.id, now=member.now)
    assert world.entries()[-1] == ("session:device:forgotten", member.acting.person_id)
    assert sign_in(member, known).device is not None
    with pytest.raises(NotFound):
        own_sessions.forget_device(world.db, acting=member.acting, device_id=here.id, now=member.now)


@pytest.mark.promise(1)
def test_half_a_sign_in_sees_and_ends_nothing(world, member):
    half = half_signed_in(sign_in(member).acting)
    with pytest.raises(Forbidden):
        own_sessions.list_sessions(world.db, acting=half, now=member.now)
    with pytest.raises(Forbidden):
        own_sessions.list_devices(world.db, acting=half, source=SOURCE)
    with pytest.raises(Forbidden):
        own_sessions.end_other_sessions(world.db, acting=half, step_up_id="x", now=member.now)


@pytest.mark.asvs("7.3.1", "7.3.2")
@pytest.mark.parametrize(
    ("role", "idle", "absolute"),
    [
        (Role.ADMINISTRATOR, 15, 12),
        (Role.COMPLIANCE_OFFICER, 15, 12),
        (Role.ACCOUNT_MANAGER, 60, 24),
        (Role.CLIENT, 60, 24),
    ],
)
def test_a_session_ends_by_idleness_and_by_age_as_its_role_says(world, role, idle, absolute):
    member = join(world, "timed@example.com", role)
    token = member.sign_in().token
    begun = member.now
    member.later(minutes=idle - 1)
    assert alive(member, token)
    member.later(minutes=idle)
    assert not alive(member, token)
    token, begun = member.sign_in().token, member.now
    while member.now + timedelta(minutes=idle - 1) < begun + timedelta(hours=absolute):
        member.later(minutes=idle - 1)
        assert alive(member, token)
    member.now = begun + timedelta(hours=absolute)
    assert not alive(member, token)


# --- administrators ---


def end_theirs(world, person_id, acting=None):
    return person_sessions.end_persons_sessions(
        world.db,
        world.vault.records,
        acting=acting or world.administrator,
        person_id=person_id,
        now=world.administrator.at,
    )


@pytest.mark.promise(19)
@pytest.mark.asvs("7.4.5")
def test_an_administrator_ends_every_session_of_a_person_who_is_told(world, member):
    begun = sign_in(member)
    challenge = member.challenge()
    other = sign_in(join(world, "somebody.else@example.com"))
    assert end_theirs(world, member.acting.person_id) == 2
    assert not alive(member, begun.token)
    assert alive(member, other.token)
    assert ("session:all-revoked", member.acting.person_id) in world.entries()
    with pytest.raises(SignInRefused):
        member.give_code(challenge)
    with world.db.reading() as tx:
        newest = messages.newest(tx, world.vault.records).items
    assert [each.recipient for each in newest if each.values.get("what") == "sessions-ended"] == [
        member.email
    ]


@pytest.mark.asvs("7.4.5")
def test_nobody_else_ends_the_sessions_of_others(world, member):
    begun = sign_in(member)
    for name, acting in world.everybody.items():
        if name != "administrator":
            with pytest.raises(Forbidden):
                end_theirs(world, member.acting.person_id, acting)
            with pytest.raises(Forbidden):
                person_sessions.end_everybodys_sessions(
                    world.db, acting=acting, step_up_id="x", now=member.now
                )
    assert alive(member, begun.token)
    with pytest.raises(PersonRefused, match="your account"):
        end_theirs(world, world.administrator.person_id)
    with pytest.raises(NotFound):
        end_theirs(world, "nobody")


@pytest.mark.promise(17, 19)
@pytest.mark.asvs("7.4.5")
def test_everybody_is_signed_out_with_a_proof_for_it_and_the_administrator_stays(world, member):
    begun = sign_in(member)
    administrator = join(world, "second.administrator@example.com", Role.ADMINISTRATOR)
    sign_in(administrator)

    def end_all(proof):
        return person_sessions.end_everybodys_sessions(
            world.db, acting=administrator.acting, step_up_id=proof.id, now=administrator.now
        )

    with pytest.raises(StepUpInvalid):
        end_all(prove(administrator, own_sessions.OTHERS))
    assert alive(member, begun.token)
    proof = prove(administrator, person_sessions.EVERYBODY, person_sessions.STEP_UP)
    assert end_all(proof) > 2
    assert not alive(member, begun.token)
    assert alive(administrator, proof.token)
    with pytest.raises(StepUpInvalid):
        end_all(proof)
