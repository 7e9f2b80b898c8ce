"""Two real servers on one database: what slows a guesser is one thing, whichever of them is asked.

Delays are ten minutes here from the first on, so that no busy machine waits one out by accident.
"""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import delete, select, update

from docvault.actions import sessions
from docvault.credentials import totp
from docvault.database import tables, throttles
from docvault.database.sessions import Source
from docvault.policy.vocabulary import Role
from docvault.values import utc_now
from docvault.web.cookies import CHALLENGE, DEVICE, SESSION
from limits import portal as portals

DELAY = 600  # seconds
CHEAP = {"memory_kib": 7168, "first_delay_seconds": DELAY, "source_free_tries": 1000}
AT_ONCE = 50
OWNER_ADDRESS, STRANGER, OTHER_STRANGER = "127.0.0.1", "127.0.0.66", "127.0.0.67"

FORGED = [
    {"x-forwarded-for": "203.0.113.5"},
    {"x-forwarded-for": "203.0.113.5, 198.51.100.7", "x-forwarded-host": "elsewhere.example"},
    {"forwarded": "for=203.0.113.6;proto=https"},
    {"x-real-ip": "203.0.113.7"},
    {"true-client-ip": "203.0.113.8", "cf-connecting-ip": "203.0.113.9"},
]


class Pair:
    """The portal, its two servers, and a way to ask either from any address of this machine."""

    def __init__(self, portal, servers):
        self.portal, self.servers = portal, servers

    def ask(self, server, path, body, *, peer=OWNER_ADDRESS, headers=None):
        with httpx.Client(
            transport=httpx.HTTPTransport(local_address=peer, verify=portals.TLS), timeout=60
        ) as client:
            url = f"{self.servers[server].base_url}/api/v1{path}"
            return client.post(url, json=body, headers=headers or {})

    def password(self, server, email, password, **options):
        return self.ask(server, "/session/password", {"email": email, "password": password}, **options)

    def code(self, server, challenge, code, **options):
        cookie = {"cookie": f"{CHALLENGE}={challenge}"}
        return self.ask(server, "/session/totp", {"code": code}, headers=cookie, **options)

    def challenge(self, member):
        """Give the right password, without a server: what is tested is what follows."""
        wired, now = self.portal.wired, utc_now()
        begun = sessions.begin_sign_in(
            wired.db,
            wired.hasher,
            email=member.email,
            password=portals.PASSWORD,
            source=Source("::1", ""),
            now=now,
        )
        return begun.token

    def write(self, statement):
        with self.portal.wired.db.transaction() as tx:
            return tx.connection.execute(statement)

    def restart(self, server):
        self.servers[server].kill()
        self.servers[server].start()


@contextmanager
def standing(folder: Path, database_url: str):
    with ExitStack() as stack:
        (folder / "tmp").mkdir()
        wired = portals.prepared(folder, folder / "data", portals.free_port(), database_url)
        wired.close()
        cheapen(folder / "policies" / "passwords.toml")
        portal = portals.founded(portals.wiring.build(wired.settings))
        stack.callback(portal.close)
        servers = []
        for number in range(2):
            server = portals.Server(
                wired.settings, portals.free_port(), folder / f"server{number}.log", folder / "tmp"
            )
            stack.callback(server.stop)
            server.start()
            servers.append(server)
        yield Pair(portal, servers)


def cheapen(file: Path) -> None:
    """Hash cheaply and delay long: the numbers are not what these tests are about."""
    lines = file.read_text().splitlines()
    known = {name: f"{name} = {value}" for name, value in CHEAP.items()}
    file.write_text("\n".join(known.get(line.partition(" ")[0], line) for line in lines) + "\n")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def pair(request, tmp_path_factory):
    with ExitStack() as stack:
        url = ""
        if request.param == "postgresql":
            url = stack.enter_context(request.getfixturevalue("postgres_server").empty())
        yield stack.enter_context(standing(tmp_path_factory.mktemp("pair"), url))


@pytest.fixture
def member(pair):
    return pair.portal.join(Role.CLIENT)


def cookie_of(answer, name):
    found = [line for line in answer.headers.get_list("set-cookie") if line.startswith(f"{name}=")]
    return found[0].partition(";")[0].partition("=")[2] if found else ""


def lock_out(pair, email):
    """Give wrong passwords to both servers in turn, from somewhere else, until one says wait."""
    answers = [
        pair.password(turn % 2, email, "wrong wrong wrong", peer=STRANGER).status_code for turn in range(6)
    ]
    assert answers == [401] * 5 + [429]


@pytest.mark.promise(7)
@pytest.mark.promise(86)
@pytest.mark.asvs("6.3.1", "6.1.1")
def test_a_locked_account_is_locked_in_both_servers_after_a_restart_and_by_every_name(pair, member):
    lock_out(pair, member.email)
    local, at, domain = member.email.partition("@")
    pair.restart(0)
    for server in (0, 1):
        for peer in (STRANGER, OTHER_STRANGER):
            for headers in ({}, *FORGED):
                answer = pair.password(server, member.email, portals.PASSWORD, peer=peer, headers=headers)
                assert answer.status_code == 429, (server, peer, headers, answer.text)
                assert 1 < int(answer.headers["retry-after"]) <= DELAY
        for spelled in (member.email.upper(), f" {member.email}\t", f"{local.title()}{at}{domain.upper()}"):
            assert pair.password(server, spelled, portals.PASSWORD).status_code == 429, spelled
        # These are other addresses: nobody gets in by them, however often the right password is given.
        fullwidth = local.translate({letter: letter + 0xFEE0 for letter in range(0x61, 0x7B)})
        for spelled in (f"{fullwidth}{at}{domain}", f"{member.email}.", f"{local}\u200b{at}{domain}"):
            assert pair.password(server, spelled, portals.PASSWORD).status_code == 401, spelled


@pytest.mark.promise(8)
@pytest.mark.asvs("6.3.1")
def test_strangers_lock_nobody_out_of_a_browser_they_signed_in_with(pair, member):
    first = pair.password(0, member.email, portals.PASSWORD)
    inside = pair.code(0, cookie_of(first, CHALLENGE), member.code())
    device = {"cookie": f"{DEVICE}={cookie_of(inside, DEVICE)}"}
    lock_out(pair, member.email)
    ten_thousand = update(tables.throttles).where(tables.throttles.c.failures >= 5)
    pair.write(ten_thousand.values(failures=10_000))
    assert pair.password(1, member.email, portals.PASSWORD).status_code == 429
    known = pair.password(1, member.email, portals.PASSWORD, headers=device)
    assert known.status_code == 200
    assert pair.code(1, cookie_of(known, CHALLENGE), member.code()).status_code == 204


@pytest.mark.promise(3)
@pytest.mark.asvs("6.5.1", "6.5.5")
def test_a_code_given_50_times_at_once_over_both_servers_opens_one_session(pair, member):
    challenges, code = [pair.challenge(member) for _ in range(AT_ONCE)], member.code()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda each: pair.code(each[0] % 2, each[1], code), enumerate(challenges)))
    told = [answer.status_code for answer in answers]
    assert told.count(204) == 1
    assert set(told) <= {204, 401, 429}
    assert sum(bool(cookie_of(answer, SESSION)) for answer in answers) == 1


@pytest.mark.promise(3)
@pytest.mark.asvs("6.5.1", "6.5.8")
def test_a_used_code_stays_used_after_a_restart_and_when_the_clock_goes_back(pair, member, tmp_path):
    used = member.code()
    assert pair.code(0, pair.challenge(member), used).status_code == 204
    pair.restart(0)
    for server in (0, 1):
        again = pair.code(server, pair.challenge(member), used)
        assert again.json()["type"] == "/api/docs#problem-code-refused"
    slow = portals.Server(
        pair.servers[0].settings,
        portals.free_port(),
        tmp_path / "slow.log",
        tmp_path / "tmp",
        "security.slow_clock:application",
    )
    slow.start()
    try:
        late = Pair(pair.portal, [slow])
        for earlier in (1, 2, 3):  # right by that clock, never used, but older than the one that was
            code = totp.code_at(member.seed, member.last_step - earlier)
            pair.write(delete(tables.throttles))
            answer = late.code(0, pair.challenge(member), code)
            assert answer.json()["type"] == "/api/docs#problem-code-refused", earlier
    finally:
        slow.stop()


@pytest.mark.promise(7)
@pytest.mark.asvs("6.6.3")
def test_the_hundredth_wrong_code_stops_the_factor_in_both_servers_for_good(pair, member):
    bucket = throttles.factor(pair.portal.wired.db.policy.numbers.passwords.throttle, member.acting.person_id)
    counter = tables.throttles.c.key == bucket.key
    rested = update(tables.throttles).where(counter).values(blocked_until=None)
    pair.code(0, pair.challenge(member), "000000")
    pair.write(rested.values(failures=98))  # the delays between them take days; they are tried elsewhere
    for server in (0, 1):
        assert pair.code(server, pair.challenge(member), member.code_of(9)).status_code == 401
        pair.write(rested)
    with pair.portal.wired.db.reading() as tx:
        assert tx.connection.execute(select(tables.throttles.c.failures).where(counter)).scalar_one() == 100
    pair.restart(1)
    for server in (0, 1):
        stopped = pair.code(server, pair.challenge(member), member.code())
        assert stopped.json()["type"] == "/api/docs#problem-factor-stopped"
