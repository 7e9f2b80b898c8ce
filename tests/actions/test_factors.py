from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from docvault.actions import factors, people, sessions
from docvault.credentials import totp
from docvault.credentials.refusals import ChallengeOver, CodeRefused, NotFresh, SignInRefused, Throttled
from docvault.database import factors as factor_rows
from docvault.database import messages, tables
from docvault.database import people as people_rows

from .members import PASSWORD, SOURCE, accept, enrol, invite, join, with_mail
from .world import NOW, set_state


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return join(world)


def begin(world, acting, now=NOW):
    return factors.begin_enrolment(world.db, world.vault.records, acting=acting, now=now)


def confirm(world, acting, code, now=NOW):
    return factors.confirm_enrolment(world.db, world.vault.records, acting=acting, code=code, now=now)


def code_of(enrolment, now=NOW):
    return totp.code_at(enrolment.seed, totp.step_at(now))


def state_of(world, person_id):
    with world.db.reading() as tx:
        table = tables.people
        return tx.connection.execute(select(table.c.state).where(table.c.id == person_id)).scalar_one()


def test_an_invited_person_joins_by_proving_their_app(world):
    opened = accept(world, invite(world).token)
    begun = begin(world, opened.acting)
    assert totp.spoken(begun.seed) == begun.secret
    assert begun.secret in begun.uri
    assert begun.qr_svg.startswith("<svg")
    assert state_of(world, opened.acting.person_id) == "invited"
    codes, session = confirm(world, opened.acting, code_of(begun))
    assert len(codes) == 10
    assert (session.kind, session.acting.factors) == ("full", "password+totp")
    assert state_of(world, opened.acting.person_id) == "active"
    assert [kind for kind, _ in world.entries()][-5:] == [
        "person:factor:enrolment-started",
        "session:device:added",
        "person:joined",
        "person:factor:enrolled",
        "person:recovery-codes:issued",
    ]


def test_what_is_secret_about_an_enrolment_is_not_in_its_repr(world):
    begun = begin(world, accept(world, invite(world).token).acting)
    assert begun.secret not in repr(begun)
    assert repr(begun.seed) not in repr(begun)


@pytest.mark.promise(18)
def test_the_session_of_the_enrolment_ends_and_a_fresh_one_begins(world):
    opened = accept(world, invite(world).token)
    _, session = confirm(world, opened.acting, code_of(begin(world, opened.acting)))
    assert sessions.authenticate(world.db, token=opened.token, source=SOURCE, now=NOW) is None
    assert (
        sessions.authenticate(world.db, token=session.token, source=SOURCE, now=NOW).acting == session.acting
    )


@pytest.mark.promise(5)
def test_a_factor_counts_only_after_proof_of_possession(world):
    opened = accept(world, invite(world).token)
    begun = begin(world, opened.acting)
    for wrong in ("", "000000", totp.code_at(begun.seed, 1)):
        with pytest.raises(CodeRefused):
            confirm(world, opened.acting, wrong)
    assert state_of(world, opened.acting.person_id) == "invited"
    assert world.entries()[-1][0] == "person:factor:enrolment-refused"
    with pytest.raises(SignInRefused):
        sessions.begin_sign_in(
            world.db, _hasher(), email=opened.acting.email, password=PASSWORD, source=SOURCE, now=NOW
        )


def _hasher():
    from .members import HASHER

    return HASHER


@pytest.mark.promise(5)
def test_no_factor_is_confirmed_that_was_never_begun(world):
    opened = accept(world, invite(world).token)
    with pytest.raises(CodeRefused):
        confirm(world, opened.acting, "000000")


@pytest.mark.promise(5)
def test_a_seed_that_was_only_shown_makes_nobody_active(world):
    opened = accept(world, invite(world).token)
    begin(world, opened.acting)
    person_id = opened.acting.person_id
    people.disable_person(world.db, acting=world.administrator, person_id=person_id, now=NOW)
    people.enable_person(world.db, acting=world.administrator, person_id=person_id, now=NOW)
    assert state_of(world, person_id) == "invited"


@pytest.mark.promise(5)
def test_a_seed_is_proven_once(world, member):
    session = member.sign_in()
    begun = begin(world, session.acting, member.now)
    _, fresh = confirm(world, session.acting, code_of(begun, member.now), member.now)
    with pytest.raises(CodeRefused):
        confirm(world, fresh.acting, code_of(begun, member.later()), member.now)


@pytest.mark.promise(5)
def test_starting_a_new_factor_leaves_the_old_one_in_force(world, member):
    """CVE-2019-15617: an unproven seed must neither count nor replace the one that does."""
    session = member.sign_in()
    begun = begin(world, session.acting, member.now)
    member.later()
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), code_of(begun, member.now))
    assert member.give_code(member.challenge()).kind == "full"


@pytest.mark.promise(5)
def test_a_new_factor_replaces_the_old_one_and_ends_every_session(world, member):
    old_codes = member.recovery_codes
    session = member.sign_in()
    challenge = member.challenge()
    begun = begin(world, session.acting, member.now)
    old_seed, member.seed = member.seed, begun.seed
    codes, fresh = confirm(world, session.acting, code_of(begun, member.now), member.now)
    assert not set(codes) & set(old_codes)
    assert sessions.authenticate(world.db, token=session.token, source=SOURCE, now=member.now) is None
    assert sessions.authenticate(world.db, token=fresh.token, source=SOURCE, now=member.now)
    with pytest.raises(ChallengeOver):
        member.give_code(challenge)
    member.later()
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), totp.code_at(old_seed, totp.step_at(member.now)))
    with pytest.raises(CodeRefused):
        member.recover(member.challenge(), old_codes[0])
    assert member.sign_in().kind == "full"


@pytest.mark.promise(3)
def test_the_code_that_proves_possession_does_not_sign_in_as_well(world):
    member = enrol(world, accept(world, invite(world).token).acting)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge())


@pytest.mark.promise(5)
@pytest.mark.parametrize(("minutes", "fresh"), [(15, True), (16, False)])
@pytest.mark.asvs("7.5.1")
def test_only_a_fresh_session_changes_a_factor(world, member, minutes, fresh):
    session = member.sign_in()
    member.later(minutes=minutes)
    if fresh:
        assert begin(world, session.acting, member.now)
    else:
        with pytest.raises(NotFresh):
            begin(world, session.acting, member.now)
        with pytest.raises(NotFresh):
            confirm(world, session.acting, "000000", member.now)


@pytest.mark.promise(5)
def test_an_ended_session_or_a_disabled_person_changes_no_factor(world, member):
    session = member.sign_in()
    sessions.sign_out(world.db, acting=session.acting, now=member.now)
    with pytest.raises(NotFresh):
        begin(world, session.acting, member.now)
    member.later()
    session = member.sign_in()
    people.disable_person(
        world.db, acting=world.administrator, person_id=member.acting.person_id, now=member.now
    )
    with pytest.raises(NotFresh):
        begin(world, session.acting, member.now)


@pytest.mark.promise(15)
def test_a_session_left_over_changes_no_factor_of_somebody_disabled(world, member):
    session = member.sign_in()
    with world.db.transaction() as tx:
        set_state(tx, member.acting.person_id, people_rows.PersonState.DISABLED)
    with pytest.raises(NotFresh):
        begin(world, session.acting, member.now)


@pytest.mark.promise(12)
def test_a_recovery_code_leads_to_a_new_factor(world, member):
    session = member.recover(member.challenge(), member.recovery_codes[0])
    renewed = enrol(world, session.acting, member.now)
    assert len(renewed.recovery_codes) == 10
    renewed.later()
    assert renewed.sign_in().kind == "full"
    assert state_of(world, member.acting.person_id) == "active"


def test_guessing_codes_of_an_enrolment_is_throttled(world):
    opened = accept(world, invite(world).token)
    begin(world, opened.acting)
    for _ in range(5):
        with pytest.raises(CodeRefused):
            confirm(world, opened.acting, "")
    count = len(world.entries())
    with pytest.raises(Throttled):
        confirm(world, opened.acting, "")
    assert len(world.entries()) == count


@pytest.mark.promise(16)
def test_a_new_factor_sends_a_notice(world, member):
    with world.db.reading() as tx:
        newest = messages.newest(tx, world.vault.records).items
    assert any(message.values.get("what") == "app-connected" for message in newest)


@pytest.mark.promise(3)
def test_fifty_takers_of_one_step_have_one_winner(world, member):
    step = totp.step_at(member.now)

    def take(_):
        with world.db.transaction() as tx:
            return factor_rows._use_step(tx, member.acting.person_id, step)

    with ThreadPoolExecutor(25) as pool:
        assert sum(pool.map(take, range(50))) == 1
