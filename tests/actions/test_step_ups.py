from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from credentials.authenticator import UP, lying
from docvault.actions import sessions, step_ups
from docvault.credentials.refusals import CodeRefused, PasskeyNeeded, PasskeyRefused, Throttled
from docvault.database import step_ups as rows
from docvault.database import tables
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role

from .keyholders import KeyHolder, requiring_passkeys
from .members import SOURCE, join, with_mail
from .world import half_signed_in

DIGEST = "ab" * 32
OTHER = "cd" * 32
SIGN = "envelope:sign"


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    member = join(world)
    member.session = member.sign_in()
    member.later()
    return member


def confirm(world, member, code=None, purpose=SIGN, digest=DIGEST, acting=None):
    return step_ups.confirm_step_up(
        world.db,
        world.vault.records,
        acting=acting or member.acting,
        purpose=purpose,
        digest=digest,
        code=member.code() if code is None else code,
        now=member.now,
    )


def spend(world, member, proof, purpose=SIGN, digest=DIGEST, acting=None, now=None):
    with world.db.transaction() as tx:
        rows.spend(tx, acting or member.acting, proof.id, purpose, digest, now or member.now)


@pytest.mark.promise(17)
def test_a_proof_is_spent_once_for_exactly_what_was_confirmed(world, member):
    proof = confirm(world, member)
    spend(world, member, proof)
    with pytest.raises(StepUpInvalid):
        spend(world, member, proof)
    assert world.entries()[-1][0] == "session:step-up:confirmed"


@pytest.mark.promise(17)
def test_a_proof_counts_for_nothing_else(world, member):
    proof = confirm(world, member)
    stranger = join(world, "stranger@example.com").acting
    other_session = replace(member.acting, session_id=stranger.session_id)
    other_person = replace(stranger, session_id=member.acting.session_id)
    for change in (
        {"digest": OTHER},
        {"purpose": "audit:export"},
        {"acting": stranger},
        {"acting": other_session},
        {"acting": other_person},
        {"now": member.now + timedelta(minutes=5)},
    ):
        with pytest.raises(StepUpInvalid):
            spend(world, member, proof, **change)
    spend(world, member, proof, now=member.now + timedelta(minutes=4, seconds=59))


@pytest.mark.promise(17)
def test_a_deed_that_fails_leaves_the_proof_unspent(world, member):
    proof = confirm(world, member)

    class DeedFailed(Exception):
        pass

    with pytest.raises(DeedFailed), world.db.transaction() as tx:
        rows.spend(tx, member.acting, proof.id, SIGN, DIGEST, member.now)
        raise DeedFailed
    spend(world, member, proof)


@pytest.mark.promise(3)
def test_a_code_that_signed_in_does_not_confirm_and_the_other_way_round(world, member):
    member.later()
    code = member.code()
    member.sign_in()
    with pytest.raises(CodeRefused):
        confirm(world, member, code)
    member.later()
    code = member.code()
    confirm(world, member, code)
    with pytest.raises(CodeRefused):
        confirm(world, member, code)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), code)


@pytest.mark.promise(18)
def test_the_sessions_token_is_replaced_and_the_session_stays(world, member):
    proof = confirm(world, member)
    assert sessions.authenticate(world.db, token=member.session.token, source=SOURCE, now=member.now) is None
    signed = sessions.authenticate(world.db, token=proof.token, source=SOURCE, now=member.now)
    assert signed.acting.session_id == member.acting.session_id
    assert proof.token not in repr(proof)
    assert proof.token != member.session.token


@pytest.mark.promise(6)
def test_a_wrong_code_leaves_session_and_proofs_alone(world, member):
    with pytest.raises(CodeRefused):
        confirm(world, member, member.wrong_code())
    assert sessions.authenticate(world.db, token=member.session.token, source=SOURCE, now=member.now)
    with world.db.reading() as tx:
        assert tx.connection.execute(select(tables.step_ups)).all() == []
    assert world.entries()[-1][0] == "session:step-up:refused"


def test_guessing_is_throttled_and_a_throttled_try_is_no_entry(world, member):
    for _ in range(5):
        with pytest.raises(CodeRefused):
            confirm(world, member, "")
    count = len(world.entries())
    with pytest.raises(Throttled):
        confirm(world, member)
    assert len(world.entries()) == count


@pytest.mark.promise(1)
def test_a_session_that_owes_a_factor_confirms_nothing(world, member):
    with pytest.raises(Forbidden):
        confirm(world, member, acting=half_signed_in(member.acting))


@pytest.mark.parametrize(
    ("purpose", "digest"),
    [
        ("envelope:void", DIGEST),
        ("", DIGEST),
        (SIGN, ""),
        (SIGN, DIGEST.upper()),
        (SIGN, DIGEST + "0"),
        (SIGN, "z" * 64),
    ],
)
def test_only_known_deeds_and_whole_digests_are_confirmed(world, member, purpose, digest):
    with pytest.raises(StepUpInvalid, match="cannot be confirmed"):
        confirm(world, member, purpose=purpose, digest=digest)


def test_an_officer_confirms_an_export(world):
    officer = join(world, "officer2@example.com", Role.COMPLIANCE_OFFICER)
    officer.sign_in()
    officer.later()
    proof = confirm(world, officer, purpose="audit:export")
    spend(world, officer, proof, purpose="audit:export")


@pytest.fixture
def holder(member):
    holder = KeyHolder(member)
    holder.add()
    return holder


@pytest.mark.promise(17)
@pytest.mark.promise(18)
@pytest.mark.asvs("7.5.3", "7.2.4")
def test_a_passkey_confirms_as_a_code_does(world, member, holder):
    proof = holder.step_up(SIGN, DIGEST)
    assert sessions.authenticate(world.db, token=member.session.token, source=SOURCE, now=member.now) is None
    assert sessions.authenticate(world.db, token=proof.token, source=SOURCE, now=member.now)
    for change in ({"digest": OTHER}, {"purpose": "audit:export"}):
        with pytest.raises(StepUpInvalid):
            spend(world, member, proof, **change)
    spend(world, member, proof)
    with pytest.raises(StepUpInvalid):
        spend(world, member, proof)
    assert world.entries()[-1][0] == "session:step-up:confirmed"


@pytest.mark.promise(17)
def test_a_passkeys_answer_is_for_one_deed_and_one_digest_once(member, holder):
    """What was signed stands for the deed: said to be for another, it does not verify."""
    for purpose, digest in ((SIGN, OTHER), ("audit:export", DIGEST)):
        signed = holder.device.sign(holder.ask_step_up(SIGN, DIGEST))
        with pytest.raises(PasskeyRefused):
            holder.finish_step_up(purpose, digest, signed)
    signed = holder.device.sign(holder.ask_step_up(SIGN, DIGEST))
    assert holder.finish_step_up(SIGN, DIGEST, signed)
    with pytest.raises(PasskeyRefused):
        holder.finish_step_up(SIGN, DIGEST, signed)
    late = holder.device.sign(holder.ask_step_up(SIGN, DIGEST))
    member.later(minutes=5)
    with pytest.raises(PasskeyRefused):
        holder.finish_step_up(SIGN, DIGEST, late)


@pytest.mark.promise(17)
def test_a_passkeys_answer_counts_in_its_own_session_only(world, member, holder):
    wanted = holder.ask_step_up(SIGN, DIGEST)
    member.acting = holder.sign_in().acting
    with pytest.raises(PasskeyRefused):
        holder.finish_step_up(SIGN, DIGEST, holder.device.sign(wanted))
    other = KeyHolder(join(world, "other@example.com"))
    other.member.sign_in()
    other.add()
    wanted = holder.ask_step_up(SIGN, DIGEST)
    with pytest.raises(PasskeyRefused):  # of another person
        holder.finish_step_up(SIGN, DIGEST, other.device.sign(wanted, key=other.device.keys[0]))


@pytest.mark.promise(17)
@pytest.mark.parametrize(
    "lie",
    [
        lying(flags=UP),
        lying(origin="https://evil.example"),
        lying(rp_id="evil.example"),
        lying(challenge=bytes(32)),
        lying(signature=b"\x00"),
    ],
)
def test_a_wrong_answer_of_a_passkey_confirms_nothing(world, member, holder, lie):
    with pytest.raises(PasskeyRefused):
        holder.step_up(SIGN, DIGEST, lie)
    assert sessions.authenticate(world.db, token=member.session.token, source=SOURCE, now=member.now)
    with world.db.reading() as tx:
        assert tx.connection.execute(select(tables.step_ups)).all() == []
    assert world.entries()[-1][0] == "session:step-up:refused"


@pytest.mark.promise(1)
def test_a_session_that_owes_a_factor_asks_no_passkey(member, holder):
    member.acting = half_signed_in(member.acting)
    with pytest.raises(Forbidden):
        holder.ask_step_up(SIGN, DIGEST)


@pytest.mark.promise(2)
def test_whoever_must_use_a_passkey_confirms_with_one(world, member, holder):
    world.db.policy = requiring_passkeys(Role.CLIENT)
    with pytest.raises(PasskeyNeeded):
        confirm(world, member)
    assert holder.step_up(SIGN, DIGEST).id


@pytest.mark.promise(8)
def test_a_stranger_with_the_password_cannot_stop_confirming_in_the_owners_session(world, member):
    for number in range(100):
        member.later(hours=1, seconds=1)
        challenge = member.challenge(source=sessions.Source(f"198.51.100.{number}", "x"))
        with pytest.raises(CodeRefused):
            member.give_code(challenge, member.wrong_code())
    assert confirm(world, member).id
