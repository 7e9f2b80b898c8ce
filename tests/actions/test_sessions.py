import multiprocessing
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from docvault.actions import people, sessions
from docvault.credentials import totp
from docvault.credentials.refusals import (
    ChallengeOver,
    CodeRefused,
    CredentialRefused,
    FactorStopped,
    SignInRefused,
    Throttled,
    TooBusy,
)
from docvault.credentials.tokens import token_hash
from docvault.database import people as people_rows
from docvault.database import periods, tables, throttles
from docvault.database.engine import Database
from docvault.database.people import PersonState
from docvault.encryption.errors import EncryptionError
from docvault.encryption.held import HeldKeys
from docvault.encryption.keyring import FileKeyring
from docvault.policy.engine import Policy
from docvault.policy.vocabulary import Role
from docvault.vault.records import Records

from .members import HASHER, PASSWORD, SOURCE, invite, join, with_mail
from .world import NOW, everything, set_state

NOTICE = {"messages", "invitations"}  # a mail to the owner, with its "not me" link
EVENTS = {"audit_entries", "audit_details", "audit_state", "audit_tiles", "throttles"}


@pytest.fixture
def world(tmp_path, database_url):
    yield from with_mail(tmp_path, database_url)


@pytest.fixture
def member(world):
    return join(world)


def begin(world, email, password=PASSWORD, source=SOURCE, now=NOW):
    return sessions.begin_sign_in(world.db, HASHER, email=email, password=password, source=source, now=now)


def who(world, token, now, source=SOURCE):
    return sessions.authenticate(world.db, token=token, source=source, now=now)


def dump(world):
    """Every row of every table that failed authentication may not touch."""
    with world.db.reading() as tx:
        return {
            table.name: sorted(map(repr, tx.connection.execute(select(table)).all()))
            for table in tables.METADATA.sorted_tables
            if table.name not in EVENTS
        }


@pytest.mark.asvs("6.3.3")
def test_password_and_code_open_a_full_session(world, member):
    session = member.sign_in()
    signed = who(world, session.token, member.now)
    assert (session.kind, signed.acting.factors) == ("full", "password+totp")
    assert signed.acting == session.acting
    assert signed.csrf_hash == token_hash(session.csrf)
    assert signed.expires_at == session.expires_at
    kinds = [kind for kind, _ in world.entries()]
    assert kinds[-3:] == ["session:password:accepted", "session:started", "session:device:added"]


def test_an_address_is_the_same_in_any_case(world, member):
    assert begin(world, f"  {member.email.upper()} ", now=member.now).factors == ("totp", "recovery")


@pytest.mark.promise(1)
def test_a_challenge_is_no_session(world, member):
    token = member.challenge()
    assert who(world, token, member.now) is None
    with pytest.raises(ChallengeOver):
        member.give_code("a" * 43)


@pytest.mark.promise(6)
@pytest.mark.parametrize("password", ["", "wrong password here", PASSWORD.upper(), "x" * 5000, "\ud800"])
def test_a_wrong_password_writes_nothing_but_counters_and_events(world, member, password):
    before = dump(world)
    with pytest.raises(SignInRefused, match="The e-mail address or the password is not right"):
        begin(world, member.email, password, now=member.now)
    assert dump(world) == before
    assert world.entries()[-1] == ("session:refused", member.acting.person_id)


@pytest.mark.promise(6)
def test_a_wrong_code_writes_nothing_but_counters_and_events(world, member):
    token = member.challenge()
    before = dump(world)
    for code in (member.wrong_code(), "", "12345", "abcdef", totp.code_at(member.seed, 1)):
        with pytest.raises(CodeRefused):
            member.give_code(token, code)
    after = dump(world)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"challenges", *NOTICE}  # one try less each, and the owner is told once
    assert len(after["messages"]) == len(before["messages"]) + 1
    with pytest.raises(ChallengeOver):
        member.give_code(token)


@pytest.mark.promise(9)
def test_unknown_invited_disabled_and_mistaken_people_get_the_same_answer(world, member):
    invited = invite(world, "waiting@example.com")
    disabled = join(world, "gone@example.com")
    people.disable_person(world.db, acting=world.administrator, person_id=disabled.acting.person_id, now=NOW)
    answers = set()
    for email, password in [
        ("nobody@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("waiting@example.com", PASSWORD),
        (disabled.email, PASSWORD),
        (member.email, "another password"),
    ]:
        with pytest.raises(SignInRefused) as refusal:
            begin(world, email, password)
        answers.add((type(refusal.value), str(refusal.value)))
    assert len(answers) == 1
    assert invited.token


@pytest.mark.promise(15)
def test_somebody_disabled_between_password_and_code_does_not_get_in(world, member):
    token = member.challenge()
    people.disable_person(world.db, acting=world.administrator, person_id=member.acting.person_id, now=NOW)
    with pytest.raises(ChallengeOver):
        member.give_code(token)


@pytest.mark.promise(15)
@pytest.mark.parametrize("state", [PersonState.INVITED, PersonState.DISABLED])
def test_a_session_or_challenge_left_over_opens_nothing_for_somebody_without_rights(world, member, state):
    """Disabling ends them; of one made at that very moment, the person's state is what counts."""
    token = member.challenge()
    session = member.sign_in()
    with world.db.transaction() as tx:
        set_state(tx, member.acting.person_id, state)
    assert who(world, session.token, member.now) is None
    member.later()
    with pytest.raises(ChallengeOver):
        member.give_code(token)


CHANGES = {
    "disabled": lambda tx, person_id: set_state(tx, person_id, PersonState.DISABLED),
    "given another password": lambda tx, person_id: people_rows.set_password(tx, person_id, "$argon2id$"),
}


@pytest.mark.promise(15)
@pytest.mark.parametrize("change", CHANGES)
def test_somebody_changed_while_the_password_is_hashed_does_not_get_a_challenge(world, member, change):
    class Meanwhile:
        def verify(self, stored, password):
            with world.db.transaction() as tx:
                CHANGES[change](tx, member.acting.person_id)
            return HASHER.verify(stored, password)

    with pytest.raises(SignInRefused):
        sessions.begin_sign_in(
            world.db, Meanwhile(), email=member.email, password=PASSWORD, source=SOURCE, now=member.now
        )
    assert world.rows()["challenges"] == 0


@pytest.mark.promise(3)
def test_a_code_works_once(world, member):
    code = member.code()
    member.give_code(member.challenge(), code)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), code)
    member.later(seconds=30)
    with pytest.raises(CodeRefused):  # still within {T-1, T}, but spent
        member.give_code(member.challenge(), code)
    member.later()
    assert member.sign_in().kind == "full"


@pytest.mark.promise(1)
def test_an_answered_challenge_opens_no_second_session(world, member):
    token = member.challenge()
    member.give_code(token)
    member.later()
    with pytest.raises(ChallengeOver):
        member.give_code(token)


@pytest.mark.promise(18)
def test_a_session_that_may_only_enrol_lasts_half_an_hour(world, member):
    session = member.recover(member.challenge(), member.recovery_codes[0])
    assert who(world, session.token, member.later(minutes=29))
    assert who(world, session.token, member.later(minutes=1)) is None


@pytest.mark.promise(3)
def test_a_code_of_one_person_spends_nobody_elses(world, member):
    other = join(world, "other@example.com")
    member.sign_in()
    assert other.sign_in().kind == "full"  # within the same 30 seconds


@pytest.mark.promise(3)
def test_an_earlier_code_is_refused_after_a_later_one_also_when_the_clock_goes_back(world, member):
    member.later(seconds=60)
    member.sign_in()
    member.later(seconds=-30)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge())
    member.later(seconds=-3000)
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge())


def in_parallel(tries):
    barrier = threading.Barrier(len(tries))

    def one(attempt):
        barrier.wait()
        try:
            return attempt()
        except CredentialRefused as refused:
            return refused

    with ThreadPoolExecutor(len(tries)) as pool:
        return list(pool.map(one, tries))


def many_challenges(world, member, count):
    """Challenges of people who all know the password: the throttle of a source is not what is tested."""
    return [
        sessions.begin_sign_in(
            world.db,
            HASHER,
            email=member.email,
            password=PASSWORD,
            source=sessions.Source(f"198.51.100.{n}", ""),
            now=member.now,
        ).token
        for n in range(count)
    ]


@pytest.mark.promise(3)
def test_one_code_given_50_times_at_once_opens_one_session(world, member):
    tokens, code = many_challenges(world, member, 50), member.code()
    results = in_parallel([lambda token=token: member.give_code(token, code) for token in tokens])
    assert sum(isinstance(result, sessions.NewSession) for result in results) == 1
    assert sum(isinstance(result, CredentialRefused) for result in results) == 49


@pytest.mark.promise(3)
def test_one_challenge_answered_20_times_at_once_opens_one_session(world, member):
    token, code = member.challenge(), member.code()
    results = in_parallel([lambda: member.give_code(token, code)] * 20)
    assert sum(isinstance(result, sessions.NewSession) for result in results) == 1


def _from_another_process(url, key_path, tokens, code, now, start, answers):
    db = Database(url, Policy.load(Path(__file__).parents[2] / "policies"))
    records = Records(HeldKeys.before_masters(FileKeyring.open(Path(key_path))))
    start.wait()
    for token in tokens:
        try:
            sessions.finish_sign_in(db, records, challenge_token=token, code=code, source=SOURCE, now=now)
        except CredentialRefused:
            answers.put("refused")
        else:
            answers.put("session")
    db.close()


@pytest.mark.promise(3)
def test_two_processes_share_one_order_of_codes(world, member, tmp_path):
    tokens, code = many_challenges(world, member, 24), member.code()
    context = multiprocessing.get_context("spawn")
    start, answers = context.Barrier(2), context.Queue()
    key = str(tmp_path / "root.key")
    runs = [
        context.Process(
            target=_from_another_process, args=(world.db.url, key, half, code, member.now, start, answers)
        )
        for half in (tokens[::2], tokens[1::2])
    ]
    for run in runs:
        run.start()
    found = [answers.get(timeout=120) for _ in tokens]
    for run in runs:
        run.join()
    assert (found.count("session"), found.count("refused")) == (1, 23)


@pytest.mark.promise(3)
def test_a_code_stays_spent_after_a_restart(world, member):
    code = member.code()
    member.give_code(member.challenge(), code)
    token = member.challenge()
    again = Database(world.db.url, world.db.policy)
    with pytest.raises(CodeRefused):
        sessions.finish_sign_in(
            again, world.vault.records, challenge_token=token, code=code, source=SOURCE, now=member.now
        )
    again.close()


@pytest.mark.promise(4)
def test_a_seed_moved_to_another_person_does_not_open(world, member):
    thief = join(world, "thief@example.com")
    with world.db.transaction() as tx:
        factors = tables.totp_factors
        sealed = tx.connection.execute(
            select(factors.c.secret).where(factors.c.person_id == thief.acting.person_id)
        ).scalar_one()
        mine = factors.c.person_id == member.acting.person_id
        tx.connection.execute(update(factors).where(mine).values(secret=sealed))
    with pytest.raises(EncryptionError):
        member.give_code(member.challenge(), thief.code())


@pytest.mark.promise(4)
@pytest.mark.promise(56)
def test_no_secret_lies_readable_in_the_database(world, member):
    session = member.sign_in()
    challenge = member.challenge()
    invited = invite(world, "waiting@example.com")
    content = everything(world.db)
    assert member.email.encode() in content
    for secret in (session.token, session.csrf, challenge, invited.token, PASSWORD, totp.spoken(member.seed)):
        assert secret.encode() not in content
    assert member.seed not in content
    for code in member.recovery_codes:
        assert code.encode() not in content
        assert code.replace("-", "").encode() not in content


@pytest.mark.promise(7)
def test_five_tries_are_free_and_then_the_wait_doubles_up_to_an_hour(world, member):
    now, waits = member.now, []
    for _ in range(5):
        with pytest.raises(SignInRefused):
            begin(world, member.email, "wrong password here", now=now)
    for _ in range(16):
        with pytest.raises(Throttled) as refusal:
            begin(world, member.email, PASSWORD, now=now)  # the right one waits as well
        waits.append(refusal.value.retry_after)
        now += timedelta(seconds=waits[-1])
        with pytest.raises(SignInRefused):
            begin(world, member.email, "wrong password here", now=now, source=sessions.Source(str(now), ""))
    assert waits == [min(2**n, 3600) for n in range(16)]


@pytest.mark.promise(7)
def test_an_unknown_account_is_throttled_like_a_known_one(world):
    for _ in range(5):
        with pytest.raises(SignInRefused):
            begin(world, "nobody@example.com")
    with pytest.raises(Throttled, match="wait a second"):
        begin(world, "nobody@example.com")


@pytest.mark.promise(7)
def test_a_hundred_wrong_passwords_at_once_are_judged_five_times(world, member):
    results = in_parallel(
        [lambda n=n: begin(world, member.email, f"wrong password {n}", now=member.now) for n in range(40)]
    )
    judged = [result for result in results if isinstance(result, SignInRefused)]
    assert len(judged) == 5
    assert sum(isinstance(result, Throttled) for result in results) == 35


@pytest.mark.promise(7)
def test_one_source_that_tries_many_accounts_has_to_wait(world, member):
    attacker = sessions.Source("2001:db8:1:2:aaaa::1", "")
    neighbour = sessions.Source("2001:db8:1:2:bbbb::9", "")  # the same /64
    for n in range(50):
        with pytest.raises(SignInRefused):
            begin(world, f"somebody.{n}@example.com", source=attacker)
    with pytest.raises(Throttled):
        begin(world, "else@example.com", source=neighbour)
    assert begin(world, member.email, source=sessions.Source("2001:db8:1:3::1", ""), now=member.now)


def test_a_source_is_the_same_in_its_mapped_form():
    rules = Policy.load(Path(__file__).parents[2] / "policies").numbers.passwords.throttle
    keys = {throttles.source(rules, address).key for address in ("192.0.2.1", "::ffff:192.0.2.1")}
    assert keys == {"source:192.0.2.1"}
    assert throttles.source(rules, "a socket").key == "source:a socket"


@pytest.mark.promise(7)
def test_success_forgives_earlier_mistakes(world, member):
    for _ in range(4):
        with pytest.raises(SignInRefused):
            begin(world, member.email, "wrong password here", now=member.now)
    member.sign_in()
    member.later()
    for _ in range(5):
        with pytest.raises(SignInRefused):
            begin(world, member.email, "wrong password here", now=member.now)
    with pytest.raises(Throttled):
        begin(world, member.email, now=member.now)


@pytest.mark.promise(7)
def test_a_right_password_does_not_reset_the_factors_counter(world, member):
    for _ in range(5):
        with pytest.raises(CodeRefused):
            member.give_code(member.challenge(), member.wrong_code())
    with pytest.raises(Throttled):
        member.give_code(member.challenge())


@pytest.mark.promise(7)
def test_a_factor_stops_at_100_failures_in_a_row(world, member):
    with world.db.transaction() as tx:
        tx.connection.execute(
            tables.throttles.insert().values(
                key=f"factor:{member.acting.person_id}", failures=99, blocked_until=None, changed_at=NOW
            )
        )
    with pytest.raises(CodeRefused):
        member.give_code(member.challenge(), member.wrong_code())
    member.later(hours=30)
    with pytest.raises(FactorStopped):
        member.give_code(member.challenge())
    assert world.entries()[-1][0] == "session:refused"


@pytest.mark.promise(7)
def test_counters_that_rested_are_collected_but_never_a_factors(world, member):
    for _ in range(6):
        with pytest.raises((SignInRefused, Throttled)):
            begin(world, member.email, "wrong password here", now=member.now)
    with pytest.raises(CodeRefused):
        later = member.later(hours=1)
        member.give_code(member.challenge(), member.wrong_code())
    with world.db.transaction() as tx:
        # the account, the source, and when its owner was last told of a wrong code
        assert throttles.forget(tx, later + timedelta(hours=25)) == 3
        assert tx.connection.execute(select(tables.throttles.c.key)).scalars().all() == [
            f"factor:{member.acting.person_id}"
        ]


def test_a_counter_that_rested_a_day_starts_again(world, member):
    for _ in range(5):
        with pytest.raises(SignInRefused):
            begin(world, member.email, "wrong password here", now=member.now)
    member.later(hours=25)
    with pytest.raises(SignInRefused):
        begin(world, member.email, "wrong password here", now=member.now)
    assert member.sign_in()


def test_a_try_that_was_not_judged_does_not_count(world, member, monkeypatch):
    def busy(*_):
        raise TooBusy

    with monkeypatch.context() as patched:
        patched.setattr(type(HASHER), "verify", busy)
        for _ in range(10):
            with pytest.raises(TooBusy):
                begin(world, member.email, now=member.now)
    assert member.sign_in()


@pytest.mark.promise(10)
def test_a_hash_with_old_parameters_is_renewed_at_the_next_sign_in(world, member):
    from docvault.credentials.passwords import Hasher
    from docvault.policy.numbers import Argon2

    stronger = Hasher(Argon2(memory_kib=8192, passes=1, lanes=1, at_once=2, waiting=2), bytes(range(32)))
    sessions.begin_sign_in(
        world.db, stronger, email=member.email, password=PASSWORD, source=SOURCE, now=member.now
    )
    with world.db.reading() as tx:
        table = tables.people
        stored = tx.connection.execute(select(table.c.password_hash).where(table.c.email == member.email))
        assert "m=8192" in stored.scalar_one()
    assert member.sign_in()


@pytest.mark.parametrize("seconds", [299, 300])
def test_a_challenge_lasts_five_minutes(world, member, seconds):
    token = member.challenge()
    member.later(seconds=seconds)
    if seconds < 300:
        assert member.give_code(token)
    else:
        with pytest.raises(ChallengeOver):
            member.give_code(token)


@pytest.mark.promise(18)
@pytest.mark.asvs("7.2.2")
@pytest.mark.asvs("7.2.4")
def test_every_sign_in_has_a_fresh_token_and_only_hashes_are_kept(world, member):
    first = member.sign_in()
    member.later()
    second = member.sign_in()
    assert len({first.token, second.token, first.csrf, second.csrf}) == 4
    with world.db.reading() as tx:
        kept = tx.connection.execute(select(tables.sessions.c.token_hash)).scalars().all()
    assert token_hash(first.token) in kept
    assert token_hash(second.token) in kept


@pytest.mark.promise(18)
@pytest.mark.parametrize(
    ("role", "idle", "absolute"),
    [
        (Role.CLIENT, timedelta(minutes=60), timedelta(hours=24)),
        (Role.ACCOUNT_MANAGER, timedelta(minutes=60), timedelta(hours=24)),
        (Role.ADMINISTRATOR, timedelta(minutes=15), timedelta(hours=12)),
    ],
)
def test_a_session_ends_when_idle_and_when_old(world, role, idle, absolute):
    member = join(world, "timed@example.com", role)
    start, token = member.now, member.sign_in().token
    second = timedelta(seconds=1)
    assert who(world, token, start + idle - second)
    assert who(world, token, start + idle - second + idle - second)
    assert who(world, token, start + 4 * idle) is None
    member.later(hours=1)
    start, token = member.now, member.sign_in().token
    moment = start
    while moment + idle / 2 < start + absolute:
        moment += idle / 2
        assert who(world, token, moment)
    assert who(world, token, start + absolute - second)
    assert who(world, token, start + absolute) is None


def test_signing_out_ends_the_session_at_once(world, member):
    session = member.sign_in()
    sessions.sign_out(world.db, acting=session.acting, now=member.now)
    assert who(world, session.token, member.now) is None
    entries = world.entries()
    assert entries[-1] == ("session:ended", member.acting.person_id)
    sessions.sign_out(world.db, acting=session.acting, now=member.now)
    assert world.entries() == entries


@pytest.mark.parametrize("token", ["", "x", "\ud800", "a" * 43, "a" * 5000, "\x00"])
def test_a_made_up_token_is_nobody(world, member, token):
    member.sign_in()
    assert who(world, token, member.now) is None


def test_who_acts_carries_where_the_request_comes_from_and_whom_they_look_after(world):
    member = join(world, "am@example.com", Role.ACCOUNT_MANAGER)
    session = member.sign_in()
    with world.db.transaction() as tx:
        row = {"person_id": member.acting.person_id, "organisation_id": world.acme}
        periods.begin(tx, tables.portfolios, row, by=None, now=member.now)
    acting = who(world, session.token, member.now, sessions.Source("192.0.2.55", "Other")).acting
    assert (acting.address, acting.user_agent) == ("192.0.2.55", "Other")
    assert acting.clients == {world.acme}


@pytest.mark.promise(12)
def test_a_recovery_code_opens_only_an_enrolment_and_works_once(world, member):
    code = member.recovery_codes[3]
    session = member.recover(member.challenge(), code.upper().replace("-", " "))
    assert (session.kind, session.acting.factors) == ("enrol", "password+recovery")
    assert who(world, session.token, member.now).acting.session_kind == "enrol"
    assert world.entries()[-1][0] == "person:recovery-code:used"
    for used in (code, "aaaa-bbbb", ""):
        with pytest.raises(CodeRefused):
            member.recover(member.challenge(), used)


@pytest.mark.promise(12)
def test_a_recovery_code_used_20_times_at_once_works_once(world, member):
    tokens, code = many_challenges(world, member, 20), member.recovery_codes[0]
    results = in_parallel([lambda token=token: member.recover(token, code) for token in tokens])
    assert sum(isinstance(result, sessions.NewSession) for result in results) == 1


@pytest.mark.promise(12)
def test_recovery_codes_are_throttled_with_the_factor_and_belong_to_one_person(world, member):
    other = join(world, "other@example.com")
    for code in (other.recovery_codes[0], "b" * 24, "c" * 24, "d" * 24, "e" * 24):
        with pytest.raises(CodeRefused):
            member.recover(member.challenge(), code)
    with pytest.raises(Throttled):
        member.recover(member.challenge(), member.recovery_codes[0])


@pytest.mark.promise(12)
def test_using_a_recovery_code_sends_a_notice(world, member):
    from docvault.database import messages

    member.recover(member.challenge(), member.recovery_codes[0])
    with world.db.reading() as tx:
        newest = messages.newest(tx, world.vault.records).items
    assert any(message.values.get("what") == "recovery-code-used" for message in newest)
    assert {message.recipient for message in newest} >= {member.email}


@pytest.mark.promise(15)
def test_somebody_who_belongs_to_no_organisation_any_more_is_refused_like_a_wrong_password(world, member):
    token = member.challenge()
    with world.db.transaction() as tx:
        place = {"person_id": member.acting.person_id, "organisation_id": member.acting.organisation_id}
        periods.finish(tx, tables.memberships, place, by=None, now=member.now)
    with pytest.raises(ChallengeOver):
        member.give_code(token)
    with pytest.raises(SignInRefused) as wrong:
        member.challenge("not the password at all")
    with pytest.raises(SignInRefused) as right:
        member.challenge()
    assert str(right.value) == str(wrong.value)
