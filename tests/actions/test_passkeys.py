from dataclasses import replace

import pytest
from sqlalchemy import select, update

from credentials.authenticator import UP, Authenticator, lying
from docvault.actions import factors, passkeys, sessions
from docvault.credentials.refusals import (
    CodeRefused,
    NotFresh,
    PasskeyRefused,
    PasskeyUnusable,
    SignInRefused,
)
from docvault.database import messages, tables
from docvault.database.step_ups import StepUpInvalid
from docvault.encryption.errors import EncryptionError
from docvault.policy.engine import Forbidden
from docvault.rules.factors import PASSKEYS_MOST, LastFactor, TooManyPasskeys
from docvault.rules.names import BadName
from docvault.values import NotFound, new_id

from .keyholders import KeyHolder
from .members import SOURCE, accept, invite, join, with_mail
from .world import half_signed_in


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def holder(world):
    """Somebody in a fresh, full session."""
    member = join(world)
    member.session = member.sign_in()
    return KeyHolder(member)


def rows(world):
    with world.db.reading() as tx:
        return tx.connection.execute(select(tables.passkeys)).all()


def told(world):
    with world.db.reading() as tx:
        found = messages.newest(tx, world.vault.records).items
        return [(each.values.get("what"), each.values.get("where", "").splitlines()[:1]) for each in found]


def alive(holder, session):
    found = sessions.authenticate(holder.world.db, token=session.token, source=SOURCE, now=holder.member.now)
    return found is not None


def kinds(world):
    return [kind for kind, _ in world.entries()]


@pytest.mark.promise(16)
@pytest.mark.asvs("6.3.7")
def test_a_passkey_is_added_in_a_fresh_session_and_its_owner_is_told(holder):
    row = holder.add("Clara's phone")
    assert passkeys.list_passkeys(holder.world.db, acting=holder.member.acting) == [row]
    assert (row.name, row.used_at) == ("Clara's phone", None)
    assert kinds(holder.world)[-2:] == ["person:factor:enrolment-started", "person:passkey:added"]
    assert ("passkey-added", ["Clara's phone"]) in told(holder.world)
    assert alive(holder, holder.member.session)


@pytest.mark.asvs("6.7.1")
def test_what_is_kept_shows_neither_id_nor_key(holder):
    holder.add()
    key = holder.device.keys[0]
    point = key.private.public_key().public_numbers().x.to_bytes(32, "big")
    (row,) = rows(holder.world)
    kept = b"".join(each if isinstance(each, bytes) else str(each).encode() for each in row)
    assert key.id not in kept
    assert point not in kept


@pytest.mark.promise(5)
@pytest.mark.parametrize(("minutes", "fresh"), [(15, True), (16, False)])
def test_only_a_fresh_session_adds_a_passkey(holder, minutes, fresh):
    holder.member.later(minutes=minutes)
    if fresh:
        assert holder.add()
    else:
        with pytest.raises(NotFresh):
            holder.add()
        assert rows(holder.world) == []


@pytest.mark.promise(5)
def test_a_ceremony_begun_in_time_is_not_finished_too_late(holder):
    member = holder.member
    member.later(minutes=14)
    wanted = passkeys.begin_passkey(*holder.given, acting=member.acting, now=member.now)
    member.later(minutes=2)
    with pytest.raises(NotFresh):
        passkeys.add_passkey(
            *holder.given, acting=member.acting, name="x", made=holder.device.make(wanted), now=member.now
        )


@pytest.mark.promise(5)
@pytest.mark.promise(15)
def test_neither_an_ended_session_nor_a_half_one_adds_a_passkey_to_what_is_there(holder):
    acting = holder.member.acting
    wanted = passkeys.begin_passkey(*holder.given, acting=acting, now=holder.member.now)
    made = holder.device.make(wanted)
    given = {"name": "x", "made": made, "now": holder.member.now}
    with pytest.raises(Forbidden):
        passkeys.add_passkey(*holder.given, acting=half_signed_in(acting), **given)
    sessions.sign_out(holder.world.db, acting=acting, now=holder.member.now)
    with pytest.raises(NotFresh):
        passkeys.add_passkey(*holder.given, acting=acting, **given)
    assert rows(holder.world) == []


@pytest.mark.promise(5)
def test_a_programs_token_sees_and_changes_no_factor(holder):
    row = holder.add()
    program = replace(holder.member.acting, session_kind="token")
    now = holder.member.now
    with pytest.raises(Forbidden):
        passkeys.begin_passkey(*holder.given, acting=program, now=now)
    with pytest.raises(Forbidden):
        passkeys.list_passkeys(holder.world.db, acting=program)
    with pytest.raises(Forbidden):
        factors.begin_enrolment(holder.world.db, holder.world.vault.records, acting=program, now=now)
    holder.member.acting = program
    with pytest.raises(Forbidden):
        holder.remove_with(row.id, "any")
    with pytest.raises(Forbidden):
        holder.step_up(passkeys.STEP_UP, passkeys.removal_digest(row.id))


WRONG = {
    "another origin": lying(origin="https://evil.example"),
    "another portal": lying(rp_id="evil.example"),
    "another challenge": lying(challenge=bytes(32)),
    "no user verification": lying(flags=UP),
}


@pytest.mark.promise(5)
@pytest.mark.parametrize("lie", WRONG)
def test_a_passkey_that_answers_something_else_is_not_added(holder, lie):
    with pytest.raises(PasskeyUnusable):
        holder.add(lies=WRONG[lie])
    assert rows(holder.world) == []
    assert kinds(holder.world)[-1] == "person:factor:enrolment-refused"


@pytest.mark.promise(5)
@pytest.mark.asvs("6.7.2")
def test_a_ceremony_counts_once_in_its_own_session_and_for_five_minutes(holder):
    member = holder.member
    wanted = passkeys.begin_passkey(*holder.given, acting=member.acting, now=member.now)
    made = holder.device.make(wanted)
    given = {"name": "x", "made": made}
    stranger = join(holder.world, "stranger@example.com")
    stranger.sign_in()
    with pytest.raises(PasskeyUnusable):
        passkeys.add_passkey(*holder.given, acting=stranger.acting, now=stranger.now, **given)
    passkeys.add_passkey(*holder.given, acting=member.acting, now=member.now, **given)
    with pytest.raises(PasskeyUnusable):
        passkeys.add_passkey(*holder.given, acting=member.acting, now=member.now, **given)
    late = holder.device.make(passkeys.begin_passkey(*holder.given, acting=member.acting, now=member.now))
    member.later(minutes=5)
    with pytest.raises(PasskeyUnusable):
        passkeys.add_passkey(*holder.given, acting=member.acting, name="x", made=late, now=member.now)
    assert len(rows(holder.world)) == 1


def test_one_passkey_belongs_to_one_person(holder):
    holder.add()
    thief = KeyHolder(join(holder.world, "thief@example.com"))
    thief.member.sign_in()
    wanted = passkeys.begin_passkey(*thief.given, acting=thief.member.acting, now=thief.member.now)
    copied = Authenticator(keys=list(holder.device.keys))
    made = copied.make(wanted)
    same = copied.keys[-1]
    same.id = holder.device.keys[0].id
    with pytest.raises(PasskeyUnusable):
        passkeys.add_passkey(
            *thief.given,
            acting=thief.member.acting,
            name="x",
            made=type(made)(same.id, made.client_data, made.attestation),
            now=thief.member.now,
        )


def test_an_authenticator_is_told_which_passkeys_are_there(holder):
    holder.add("One")
    holder.add("Two")
    wanted = passkeys.begin_passkey(*holder.given, acting=holder.member.acting, now=holder.member.now)
    assert {each.id for each in wanted.known} == {key.id for key in holder.device.keys}


def test_there_is_an_end_to_how_many_passkeys_somebody_has(holder):
    for number in range(PASSKEYS_MOST):
        holder.add(f"No. {number}")
    with pytest.raises(TooManyPasskeys):
        holder.add()


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\nb", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(holder, name):
    row = holder.add()
    with pytest.raises(BadName):
        passkeys.rename_passkey(
            holder.world.db,
            holder.world.vault.records,
            acting=holder.member.acting,
            passkey_id=row.id,
            name=name,
            now=holder.member.now,
        )


def rename(holder, passkey_id, name="Blue key"):
    return passkeys.rename_passkey(
        holder.world.db,
        holder.world.vault.records,
        acting=holder.member.acting,
        passkey_id=passkey_id,
        name=name,
        now=holder.member.now,
    )


@pytest.mark.promise(16)
def test_renaming_is_recorded_and_told(holder):
    assert rename(holder, holder.add().id).name == "Blue key"
    assert kinds(holder.world)[-1] == "person:passkey:renamed"
    assert ("passkey-renamed", ["My phone → Blue key"]) in told(holder.world)


@pytest.mark.promise(21)
def test_somebody_elses_passkey_is_not_there(holder):
    row = holder.add()
    other = KeyHolder(join(holder.world, "other@example.com"))
    other.member.sign_in()
    other.add()
    for passkey_id in (row.id, new_id(), ""):
        with pytest.raises(NotFound):
            rename(other, passkey_id)
        with pytest.raises(NotFound):
            other.remove_with(passkey_id, "any")
    assert len(passkeys.list_passkeys(holder.world.db, acting=other.member.acting)) == 1


@pytest.mark.asvs("6.5.6", "7.4.3")
@pytest.mark.promise(16)
def test_a_removed_passkey_signs_in_no_more_and_what_began_with_it_ends(holder):
    row = holder.add()
    elsewhere = holder.sign_in()
    challenge = holder.member.challenge()
    holder.remove(row.id)
    assert not alive(holder, elsewhere)
    with pytest.raises(PasskeyRefused):
        holder.sign_in()
    with pytest.raises(SignInRefused):
        holder.give_factor(challenge)
    assert "person:passkey:removed" in kinds(holder.world)
    assert ("passkey-removed", ["My phone"]) in told(holder.world)


@pytest.mark.promise(17)
def test_a_passkey_is_removed_only_with_a_proof_for_exactly_that(holder):
    one, two = holder.add("One"), holder.add("Two")
    proof = holder.step_up(passkeys.STEP_UP, passkeys.removal_digest(one.id))
    for wrong in ("", new_id()):
        with pytest.raises(StepUpInvalid):
            holder.remove_with(one.id, wrong)
    with pytest.raises(StepUpInvalid):
        holder.remove_with(two.id, proof.id)
    holder.remove_with(one.id, proof.id)
    assert [row.id for row in passkeys.list_passkeys(holder.world.db, acting=holder.member.acting)] == [
        two.id
    ]


@pytest.mark.asvs("6.7.1")
def test_a_row_that_was_moved_or_changed_does_not_open(holder):
    row = holder.add()
    thief = KeyHolder(join(holder.world, "thief@example.com"), device=Authenticator())
    thief.member.sign_in()
    own = thief.add()
    sealed = {each.id: each.sealed for each in rows(holder.world)}
    changes = {
        "moved to another person": (row.id, {"person_id": thief.member.acting.person_id}),
        "holding another row's credential": (row.id, {"sealed": sealed[own.id]}),
        "changed": (row.id, {"sealed": sealed[row.id][:-1] + bytes([sealed[row.id][-1] ^ 1])}),
    }
    for passkey_id, values in changes.values():
        table = tables.passkeys
        with holder.world.db.transaction() as tx:
            before = tx.connection.execute(select(table).where(table.c.id == passkey_id)).one()._asdict()
            tx.connection.execute(update(table).where(table.c.id == passkey_id).values(**values))
        with pytest.raises(EncryptionError):
            holder.sign_in()
        with holder.world.db.transaction() as tx:
            tx.connection.execute(update(table).where(table.c.id == passkey_id).values(**before))
    assert holder.sign_in().kind == "full"


@pytest.mark.asvs("6.7.1")
def test_a_credential_id_that_points_at_another_row_signs_nobody_in(holder):
    """Somebody who writes in the database lets their own key's id lead to another person's row."""
    row = holder.add()
    thief = KeyHolder(join(holder.world, "thief@example.com"))
    thief.member.sign_in()
    own = thief.add()
    table = tables.passkeys
    hashes = {each.id: each.credential_hash for each in rows(holder.world)}
    with holder.world.db.transaction() as tx:
        for passkey_id, value in ((own.id, b"nothing"), (row.id, hashes[own.id])):
            tx.connection.execute(update(table).where(table.c.id == passkey_id).values(credential_hash=value))
    with pytest.raises(PasskeyRefused):
        thief.sign_in()


@pytest.mark.promise(12)
@pytest.mark.promise(5)
@pytest.mark.asvs("6.4.4")
def test_a_passkey_is_the_factor_of_an_invitation_or_a_recovery(world):
    opened = accept(world, invite(world).token)
    member = join(world, "lost@example.com")
    recovered = member.recover(member.challenge(), member.recovery_codes[0])
    for session, email in ((opened, "new.person@example.com"), (recovered, "lost@example.com")):
        holder = KeyHolder(member)
        codes, full = holder.enrol(session)
        assert len(codes) == 10
        assert (full.kind, full.acting.factors, full.acting.email) == ("full", "password+passkey", email)
        assert not alive(holder, session)
        assert holder.sign_in().acting.email == email


def remove_app(holder, step_up_id):
    return factors.remove_app(
        holder.world.db,
        holder.world.vault.records,
        acting=holder.member.acting,
        step_up_id=step_up_id,
        now=holder.member.now,
    )


@pytest.mark.asvs("6.5.6")
def test_the_authenticator_app_goes_only_when_a_passkey_stays(holder):
    with pytest.raises(LastFactor):
        remove_app(holder, "any")
    row = holder.add()
    elsewhere = holder.sign_in()
    with pytest.raises(StepUpInvalid):
        remove_app(holder, "any")
    remove_app(holder, holder.step_up(factors.STEP_UP, factors.REMOVE_APP).id)
    assert not alive(holder, elsewhere)
    assert kinds(holder.world)[-1] == "person:factor:removed"
    assert "app-removed" in dict(told(holder.world))
    holder.member.later()
    with pytest.raises(CodeRefused):
        holder.member.give_code(holder.member.challenge())
    with pytest.raises(NotFound):
        remove_app(holder, "any")
    proof = holder.step_up(passkeys.STEP_UP, passkeys.removal_digest(row.id))
    with pytest.raises(LastFactor):
        holder.remove_with(row.id, proof.id)
    assert holder.sign_in().kind == "full"


@pytest.mark.promise(12)
@pytest.mark.promise(16)
def test_new_recovery_codes_void_the_old_ones_and_need_a_proof(holder):
    old = holder.member.recovery_codes
    renew = {"acting": holder.member.acting, "now": holder.member.now}
    given = (holder.world.db, holder.world.vault.records)
    with pytest.raises(StepUpInvalid):
        factors.renew_recovery_codes(*given, step_up_id="any", **renew)
    holder.add()
    proof = holder.step_up(factors.STEP_UP, factors.RENEW_CODES)
    codes = factors.renew_recovery_codes(*given, step_up_id=proof.id, **renew)
    assert len(codes) == 10
    with pytest.raises(StepUpInvalid):
        factors.renew_recovery_codes(*given, step_up_id=proof.id, **renew)
    assert "recovery-codes-issued" in dict(told(holder.world))
    with pytest.raises(CodeRefused):
        holder.member.recover(holder.member.challenge(), old[0])
    assert holder.member.recover(holder.member.challenge(), codes[0]).kind == "enrol"


def test_what_somebody_has_is_told_to_them(holder):
    holder.add()
    own = factors.own_factors(holder.world.db, acting=holder.member.acting, now=holder.member.now)
    assert (own.owned.app, own.owned.passkeys, own.owned.recovery_codes) == (True, 1, 10)
    assert (own.fresh, own.passkey_only) == (True, False)
    assert [row.name for row in own.passkeys] == ["My phone"]
    holder.member.later(minutes=20)
    assert not factors.own_factors(holder.world.db, acting=holder.member.acting, now=holder.member.now).fresh
