"""API tokens: made with a step-up, shown once, within scopes and their owner's rights, ended with their owner."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from docvault.actions import folders, people, sessions, step_ups, tokens
from docvault.actions.tokens import TokenRefused
from docvault.database import messages, tables
from docvault.database import people as rows
from docvault.database.people import PersonState
from docvault.database.step_ups import StepUpInvalid
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import PORTAL, Permission, Role
from docvault.rules import tokens as rules
from docvault.values import NotFound

from .members import SOURCE, join, with_mail
from .world import everything, half_signed_in, set_state

SCOPES = ["document:see", "folder:see"]


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return signed_in(world)


def signed_in(world, role=Role.CLIENT, email="new.person@example.com"):
    member = join(world, email, role)
    member.sign_in()
    member.later()
    return member


def proven(world, member, name="Backup", scopes=SCOPES, days=90):
    proof = step_ups.confirm_step_up(
        world.db,
        world.vault.records,
        acting=member.acting,
        purpose=rules.PURPOSE,
        digest=rules.digest(name, scopes, days),
        code=member.code(),
        now=member.now,
    )
    member.later()
    return proof.id


def create(world, member, name="Backup", scopes=SCOPES, days=90, step_up_id=None, acting=None):
    return tokens.create_token(
        world.db,
        world.vault.records,
        acting=acting or member.acting,
        name=name,
        scopes=scopes,
        days=days,
        step_up_id=step_up_id or proven(world, member, name, scopes, days),
        now=member.now,
    )


def use(world, secret, now):
    signed = sessions.authenticate(world.db, token=secret, source=SOURCE, now=now)
    return signed.acting if signed else None


def test_a_token_acts_for_its_owner_within_its_scopes(world, member):
    made = create(world, member)
    acting = use(world, made.secret, member.now)
    assert (acting.person_id, acting.session_kind) == (member.acting.person_id, "token")
    assert acting.scopes == frozenset(SCOPES)
    assert folders.list_folders(world.db, acting=acting) is not None
    assert world.entries()[-1] == ("token:created", member.acting.person_id)


@pytest.mark.promise(16)
def test_its_owner_is_told_by_mail_that_a_token_was_made(world, member):
    create(world, member)
    with world.db.reading() as tx:
        newest = messages.newest(tx, world.vault.records).items[0]
    assert (newest.recipient, newest.values["what"]) == (member.email, "token-created")


@pytest.mark.promise(56)
def test_the_secret_is_kept_nowhere(world, member):
    made = create(world, member)
    assert made.secret.startswith("dv_")
    assert len(made.secret) == 3 + 43
    assert made.secret.encode() not in everything(world.db)
    assert made.secret[3:].encode() not in everything(world.db)


@pytest.mark.promise(17)
@pytest.mark.asvs("6.3.4")
def test_a_token_needs_a_proof_for_exactly_its_name_scopes_and_life(world, member):
    proof = proven(world, member)
    for changed in ({"name": "Other"}, {"scopes": ["folder:see"]}, {"days": 91}):
        with pytest.raises(StepUpInvalid):
            create(world, member, **changed, step_up_id=proof)
    create(world, member, step_up_id=proof)
    with pytest.raises(StepUpInvalid):
        create(world, member, step_up_id=proof)
    assert world.entries()[-1][0] == "token:created"


def test_a_refused_token_leaves_the_proof_and_everything_else(world, member):
    before = world.rows()
    for changed in ({"scopes": ["envelope:sign"]}, {"scopes": []}, {"days": 366}, {"name": " "}):
        with pytest.raises(TokenRefused):
            create(world, member, **changed, step_up_id="none")
    assert world.rows() == before


@pytest.mark.promise(1)
def test_neither_half_a_session_nor_a_token_handles_tokens(world, member):
    made = create(world, member, scopes=["folder:see"])
    token = use(world, made.secret, member.now)
    for acting in (half_signed_in(member.acting), token, replace(token, scopes=frozenset({"*"}))):
        with pytest.raises(Forbidden):
            tokens.list_tokens(world.db, acting=acting, now=member.now)
        with pytest.raises(Forbidden):
            tokens.offered_scopes(world.db, acting=acting)
        with pytest.raises(Forbidden):
            create(world, member, step_up_id="none", acting=acting)
        with pytest.raises(Forbidden):
            tokens.revoke_token(world.db, acting=acting, token_id=made.id, now=member.now)
    with pytest.raises(Forbidden):
        step_ups.confirm_step_up(
            world.db,
            world.vault.records,
            acting=token,
            purpose=rules.PURPOSE,
            digest="ab" * 32,
            code=member.code(),
            now=member.now,
        )


def test_only_what_its_owner_may_give_away_is_offered(world, member):
    offered = tokens.offered_scopes(world.db, acting=member.acting)
    assert Permission.FOLDER_SEE in offered
    assert Permission.DOCUMENT_DOWNLOAD in offered
    assert not set(offered) & {
        Permission.ENVELOPE_SIGN,  # no token signs
        Permission.ACCOUNT_CHANGE,
        Permission.AUDIT_READ,  # no client reads the trail
        Permission.PERSON_LIST,
    }
    assert Permission.AUDIT_READ in tokens.offered_scopes(world.db, acting=world.officer)
    assert Permission.AUDIT_EXPORT not in tokens.offered_scopes(world.db, acting=world.officer)


def test_a_token_ends_at_its_time_and_not_by_resting(world, member):
    made = create(world, member, days=30)
    assert use(world, made.secret, member.now + timedelta(days=29)) is not None
    assert use(world, made.secret, member.now + timedelta(days=30)) is None


def test_a_revoked_token_is_refused_at_the_next_request(world, member):
    made = create(world, member)
    tokens.revoke_token(world.db, acting=member.acting, token_id=made.id, now=member.now)
    assert use(world, made.secret, member.now) is None
    assert tokens.list_tokens(world.db, acting=member.acting, now=member.now) == []
    assert world.entries()[-1] == ("token:revoked", member.acting.person_id)
    with pytest.raises(NotFound):
        tokens.revoke_token(world.db, acting=member.acting, token_id=made.id, now=member.now)


@pytest.mark.promise(21)
def test_nobody_revokes_somebody_elses_token_as_their_own(world, member):
    made = create(world, member)
    for acting in (world.client, world.administrator):
        with pytest.raises(NotFound):
            tokens.revoke_token(world.db, acting=acting, token_id=made.id, now=member.now)
    with pytest.raises(NotFound):  # a session is no token
        tokens.revoke_token(world.db, acting=member.acting, token_id=member.acting.session_id, now=member.now)
    assert use(world, made.secret, member.now) is not None


def test_an_administrator_sees_and_ends_anybodys_and_nobody_else_does(world, member):
    made = create(world, member)
    [seen] = tokens.list_all_tokens(world.db, acting=world.administrator, now=member.now)
    assert (seen.id, seen.email, seen.name) == (made.id, member.email, "Backup")
    for acting in (world.client, world.officer, world.manager):
        with pytest.raises(Forbidden):
            tokens.list_all_tokens(world.db, acting=acting, now=member.now)
        with pytest.raises(Forbidden):
            tokens.revoke_anybodys_token(world.db, acting=acting, token_id=made.id, now=member.now)
    tokens.revoke_anybodys_token(world.db, acting=world.administrator, token_id=made.id, now=member.now)
    assert use(world, made.secret, member.now) is None


@pytest.mark.promise(19)
@pytest.mark.parametrize("state", [PersonState.DISABLED, PersonState.FROZEN, PersonState.INVITED])
def test_a_token_of_somebody_who_may_not_be_here_is_refused(world, member, state):
    made = create(world, member)
    with world.db.transaction() as tx:
        set_state(tx, member.acting.person_id, state)
    assert use(world, made.secret, member.now) is None


@pytest.mark.promise(19)
def test_disabling_ends_tokens_for_good(world, member):
    made = create(world, member)
    person_id = member.acting.person_id
    people.disable_person(world.db, acting=world.administrator, person_id=person_id, now=member.now)
    people.enable_person(world.db, acting=world.administrator, person_id=person_id, now=member.now)
    assert use(world, made.secret, member.now) is None


@pytest.mark.promise(13)
def test_a_new_password_ends_tokens(world, member):
    made = create(world, member)
    people.request_password_reset(
        world.db, world.vault.records, email=member.email, source=SOURCE, now=member.now
    )
    with world.db.reading() as tx:
        page = messages.newest(tx, world.vault.records)
    link = next(one.values["path"] for one in page.items if one.template == "password_reset")
    from .members import HASHER

    people.finish_password_reset(
        world.db,
        HASHER,
        world.vault.records,
        token=link.partition("#")[2],
        password="another horse battery staple",
        source=SOURCE,
        now=member.now,
    )
    assert use(world, made.secret, member.now) is None


@pytest.mark.promise(22)
def test_a_token_loses_what_its_owner_loses(world):
    manager = signed_in(world, Role.ACCOUNT_MANAGER, "lost.role@example.com")
    made = create(world, manager, scopes=["envelope:see", "organisation:list"])
    policy = world.db.policy
    with world.db.transaction() as tx:
        person = rows.by_id(tx, manager.acting.person_id)
        rows.set_role(tx, person, Role.ADMINISTRATOR, by=None, now=manager.now)
    acting = use(world, made.secret, manager.now)
    assert acting.role == Role.ADMINISTRATOR
    assert not policy.decide(acting, Permission.PERSON_LIST, PORTAL).allowed  # not in its scopes


def test_nobody_has_more_tokens_than_the_policy_says(world, member):
    most = world.db.policy.numbers.tokens.max_per_person
    for number in range(most):
        create(world, member, name=f"Token {number}")
        member.later(hours=1)
        member.sign_in() if number % 5 == 4 else None
        member.later()
    with pytest.raises(TokenRefused, match="revoke"):
        create(world, member, step_up_id="none")


def test_last_used_is_never_until_it_was_used(world, member):
    made = create(world, member)
    [token] = tokens.list_tokens(world.db, acting=member.acting, now=member.now)
    assert token.seen_at is None
    used_at = member.now + timedelta(seconds=5)
    use(world, made.secret, used_at)
    [token] = tokens.list_tokens(world.db, acting=member.acting, now=used_at)
    assert token.seen_at == used_at


@pytest.mark.asvs("6.4.5")
def test_its_owner_is_told_by_mail_before_it_ends_and_only_once_each_time(world, member):
    made = create(world, member, days=90)
    told = []
    for day in (70, 77, 78, 87.5, 88, 91):
        now = member.now + timedelta(days=day)
        told.append(tokens.warn_of_ending_tokens(world.db, world.vault.records, now=now))
    assert told == [0, 1, 0, 1, 0, 0]
    with world.db.reading() as tx:
        sent = [one for one in messages.newest(tx, world.vault.records).items if one.template == "token_ends"]
    assert [one.recipient for one in sent] == [member.email, member.email]
    assert all(made.secret not in str(one.values) for one in sent)
    assert world.entries().count(("token:ends-soon", member.acting.person_id)) == 2


def test_nobody_is_told_of_a_token_that_ended_already(world, member):
    made = create(world, member, days=90)
    tokens.revoke_token(world.db, acting=member.acting, token_id=made.id, now=member.now)
    other = create(world, member, days=90)
    with world.db.transaction() as tx:
        set_state(tx, member.acting.person_id, PersonState.DISABLED)
    near = member.now + timedelta(days=88)
    assert tokens.warn_of_ending_tokens(world.db, world.vault.records, now=near) == 0
    with world.db.reading() as tx:
        warned = tx.connection.execute(
            select(tables.sessions.c.warned_at).where(tables.sessions.c.id == other.id)
        )
        assert warned.scalar_one() is None
