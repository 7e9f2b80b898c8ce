"""The key holder: who may ask, how, and what happens when it dies or is not there."""

import os
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from litestar.testing import TestClient

from docvault import wiring
from docvault.certificates import mechanisms
from docvault.database import keys
from docvault.encryption.errors import KeyKept, KeysAway, Tampered
from docvault.encryption.held import OPENED_FOR, HeldKeys
from docvault.encryption.keyring import FileKeyring, RootKeyAway
from docvault.keyholder import client
from docvault.keyholder import server as serving
from docvault.keyholder.charge import Charge
from docvault.keyholder.client import AskedKeys
from docvault.keyholder.frames import DEEDS, LENGTH, MOST, FrameWrong, pack, receive, send
from docvault.keyholder.keeper import Keeper, place_in
from docvault.keyholder.server import Deeds, Server
from docvault.seals.seal import open_holder
from docvault.settings import Settings
from docvault.vault.masters import Masters
from docvault.vault.records import Records
from docvault.web.app import create_app
from every_key import masters_of
from seals.test_seal import P256, p12

ABOUT = b"what it is bound to"


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    portal = wiring.prepare(Settings(data=tmp_path_factory.mktemp("holder") / "data"))
    yield portal
    portal.close()


@pytest.fixture(scope="module")
def running(installation):
    """A holder that is kept running."""
    keeper = wiring.key_holder(installation.settings)
    keeper.start_surely()
    yield keeper
    keeper.stop()


@pytest.fixture
def asked(running):
    made = AskedKeys(running.charge.socket)
    yield made
    made.close()


@pytest.fixture
def listening(tmp_path):
    """A holder in this process, on keys that no database knows."""
    made = Server(tmp_path / "here.socket", Deeds(HeldKeys.before_masters(FileKeyring(bytes(32))), None))
    thread = threading.Thread(target=made.run)
    thread.start()
    yield made
    made.close()
    thread.join()


def connected(path):
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.settimeout(10)
    made.connect(str(path))
    return made


# --- who may ask, and how -------------------------------------------------------------------------------------


@pytest.mark.promise(55)
def test_nobody_but_its_user_reaches_the_socket(running):
    assert running.charge.socket.stat().st_mode & 0o777 == 0o600
    assert running.charge.socket.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.promise(55)
def test_a_process_of_another_user_is_hung_up_on(listening, monkeypatch):
    monkeypatch.setattr(serving, "user_of", lambda _connection: os.geteuid() + 1)
    with connected(listening.path) as other:
        assert other.recv(1) == b""


def test_whoever_listens_as_another_user_is_told_nothing(listening, monkeypatch):
    monkeypatch.setattr("docvault.keyholder.client.user_of", lambda _connection: os.geteuid() + 1)
    with closing(AskedKeys(listening.path, first=0)) as asked, pytest.raises(KeysAway):
        asked.known()


@pytest.mark.promise(55)
@pytest.mark.parametrize(
    "frame",
    [
        b"no MessagePack",
        pack({"deed": "derive", "given": ["record-key", 1]}),
        pack({"deed": "unwrap", "given": []}),
        pack({"deed": "seal_key", "given": ["key:log", b"x"]}),
        pack({"deed": "_open", "given": ["record-key", b"key:log", b"x"]}),
        pack({"deed": "__class__", "given": []}),
        pack({"deed": "unseal", "given": ["record-link", b"x"]}),
        pack({"deed": "unseal", "given": ["record-link", "text", b"x"]}),
        pack({"deed": "known", "given": [], "more": 1}),
        pack({"deed": "seal_sign", "given": [b"there is no such seal here"]}),
    ],
    ids=range(10),
)
def test_what_is_no_deed_gets_no_answer(listening, frame):
    with connected(listening.path) as other:
        send(other, frame)
        assert receive(other) is None
    with closing(AskedKeys(listening.path)) as asked:
        assert asked.known() == {1}, "others are answered as before"


def test_a_frame_that_is_too_long_is_not_read_and_half_a_frame_ends_with_its_connection(listening):
    with connected(listening.path) as other:
        other.sendall(LENGTH.pack(MOST + 1))
        assert other.recv(1) == b""
    with connected(listening.path) as other:
        other.sendall(LENGTH.pack(10) + b"half")
    with closing(AskedKeys(listening.path)) as asked:
        assert asked.known() == {1}
    with pytest.raises(FrameWrong):
        send(None, bytes(MOST + 1))


@pytest.mark.promise(55)
def test_what_may_be_asked_for_is_listed_and_renewing_is_not_among_it():
    assert set(DEEDS) == {
        *("root_name", "learn", "known", "seal", "unseal", "unseal_all", "mac", "seal_with", "unseal_with"),
        *("public_key", "sign", "new_signer", "sign_once", "forget_signer"),
        *("seal_certificates", "seal_public", "seal_sign"),
    }


@pytest.mark.promise(55)
@pytest.mark.parametrize("name", ["ca-root", "ca-issuing"])
def test_an_authority_signs_nothing_for_whoever_asks_but_what_it_is_for(asked, installation, name):
    with installation.db.reading() as tx:
        key = keys.get(tx, name).sealed
    with pytest.raises(KeyKept):
        Masters.over(installation.db, asked).sign(key, b"anything")


def test_the_largest_record_and_many_who_ask_at_once(asked, installation):
    keyring = Masters.over(installation.db, asked)
    whole = os.urandom(2 * 1024 * 1024)
    assert keyring.unseal("record-link", ABOUT, keyring.seal("record-link", ABOUT, whole)) == whole
    with pytest.raises(ValueError, match="2 MiB"):
        keyring.seal("record-link", ABOUT, whole + b"x")
    sealed = [keyring.seal("record-link", ABOUT, bytes([one])) for one in range(64)]
    with ThreadPoolExecutor(16) as threads:
        opened = threads.map(lambda one: keyring.unseal("record-link", ABOUT, one), sealed)
        assert list(opened) == [bytes([one]) for one in range(64)]


def test_many_are_opened_in_few_questions_and_one_that_is_not_whole_opens_none(
    asked, installation, monkeypatch
):
    keyring = Masters.over(installation.db, asked)
    sealed = [(ABOUT, keyring.seal("record-link", ABOUT, str(one).encode())) for one in range(7)]
    questions = []
    exchanged = asked._exchanged
    monkeypatch.setattr(asked, "_exchanged", lambda frame: questions.append(frame) or exchanged(frame))
    monkeypatch.setattr(client, "TOGETHER", 3)
    assert keyring.unseal_all("record-link", sealed) == [str(one).encode() for one in range(7)]
    assert len(questions) == 3
    with pytest.raises(Tampered):
        keyring.unseal_all("record-link", [*sealed, (b"another place", sealed[0][1])])
    with pytest.raises(KeyKept):
        keyring.unseal_all("record-key", sealed)


def test_a_seal_from_elsewhere_signs_where_it_is_held(tmp_path, installation):
    root = installation.settings.root_key_address
    where = p12(tmp_path / "seal.p12")
    keeper = Keeper(Charge(place_in(tmp_path / "run"), root, where, "quite secret"))
    keeper.start_surely()
    asked = AskedKeys(keeper.charge.socket)
    seal, here = asked.asked_seal(where), open_holder(where, "quite secret")
    assert (seal.name, seal.certificates) == (here.name, here.certificates)
    assert seal.public_key() == P256.public_key()
    mechanisms.verify(seal.public_key(), b"message", seal.sign(b"message"))
    asked.close()
    keeper.stop()


# --- when it dies, and when it is not there ---------------------------------------------------------------------


@pytest.mark.promise(85)
def test_a_holder_that_is_killed_is_started_again_and_nobody_notices(running, asked, installation):
    keyring = Masters.over(installation.db, asked)
    sealed = keyring.seal("record-link", ABOUT, b"secret")
    before = running._process
    before.kill()
    assert keyring.unseal("record-link", ABOUT, sealed) == b"secret"
    assert running._process is not before
    with installation.db.reading() as tx:
        assert keyring.sign(installation.log_key.in_charge(tx).private._sealed, b"message")


@pytest.mark.promise(55)
def test_it_outlives_signals_and_ends_with_whoever_started_it(tmp_path, installation):
    path = place_in(tmp_path / "run")
    keeper = Keeper(Charge(path, installation.settings.root_key_address))
    keeper.start_surely()
    process = keeper._process
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        process.send_signal(number)
    with closing(AskedKeys(path)) as asked:
        assert asked.root_name == installation.masters.root_name
    process.stdin.close()  # as the kernel does when whoever started it is killed
    assert process.wait(10) == 0
    keeper.stop()
    assert list(path.parent.iterdir()) == []


def test_a_root_key_that_cannot_be_opened_is_said_in_its_words(tmp_path):
    keeper = Keeper(Charge(place_in(tmp_path / "run"), f"file:{tmp_path / 'none.key'}"))
    with pytest.raises(Exception, match="There is no key file"):
        keeper.start_surely()


def test_what_a_killed_holder_left_is_removed_and_a_living_one_stays(tmp_path, listening):
    run = tmp_path / "run"
    place_in(run)
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(run / "1.socket"))
    living = run / "2.socket"
    os.link(listening.path, living)
    place_in(run)
    assert list(run.iterdir()) == [living]


def test_the_errors_of_whoever_holds_the_root_key_arrive_as_they_are(tmp_path):
    class Away:
        name = "kms:away"

        def unwrap(self, _wrapped, _context):
            raise RootKeyAway("The key service does not answer.")

    held = HeldKeys(Away())
    made = Server(tmp_path / "away.socket", Deeds(held, None))
    thread = threading.Thread(target=made.run)
    thread.start()
    row = replace(FileKeyring(bytes(32)).as_first_master(), root="kms:away")
    with closing(AskedKeys(made.path)) as asked:
        with pytest.raises(RootKeyAway, match="The key service does not answer"):
            asked.learn([row])
        with pytest.raises(KeyKept):
            asked.unseal("record-key", b"key:log", bytes(80))
    made.close()
    thread.join()


@pytest.mark.promise(55)
@pytest.mark.promise(85)
def test_without_the_holder_nothing_opens_and_the_answer_is_503_in_plain_words(tmp_path, installation):
    keeper = Keeper(Charge(place_in(tmp_path / "run"), installation.settings.root_key_address))
    keeper.start_surely()
    settings = msgspec.structs.replace(installation.settings, key_holder=str(keeper.charge.socket))
    portal = wiring.build(settings)
    portal.masters._keys._left = portal.masters._keys._patience = 0.1
    with TestClient(create_app(portal), base_url=settings.base_url) as visitor:
        assert visitor.get("/pki/issuing.crl").status_code == 200
        keeper.stop()
        answer = visitor.get("/pki/issuing.crl")
        assert answer.status_code == 503
        given = {"email": "nobody@example.com", "password": "correct horse battery staple"}
        refused = visitor.post("/api/v1/session/password", json=given)
        assert (refused.status_code, refused.json()["type"].rpartition("#")[2]) == (503, "problem-keys-away")
        assert refused.headers["retry-after"] == "5"
        assert "keeps its keys does not answer" in refused.json()["detail"]
        assert visitor.get("/health/live").status_code == 200
    with pytest.raises(KeysAway):
        Records(portal.vault.records.keyring).open("link:anna", bytes(80))


# --- its memory -------------------------------------------------------------------------------------------------


@pytest.mark.promise(55)
def test_it_leaves_no_core_and_shows_itself_to_no_other_process(running):
    limits = Path(f"/proc/{running._process.pid}/limits").read_text()
    assert [line.split()[-3:-1] for line in limits.splitlines() if "core file" in line] == [["0", "0"]]
    asks = (
        "import ctypes; from docvault.keyholder.hiding import hide; hide(); print(ctypes.CDLL(None).prctl(3))"
    )
    said = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "0"  # PR_GET_DUMPABLE


@pytest.mark.promise(55)
def test_no_command_line_and_no_environment_shows_what_it_was_told(running, installation):
    pid = running._process.pid
    shown = Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
    root, masters = masters_of(installation.db, installation.settings.root_key_path.read_text())
    assert installation.settings.root_key_address.encode() not in shown
    assert root not in shown
    assert not [master for master in masters.values() if master in shown]


def of_children():
    """Return the seconds of a processor that ended children took."""
    return os.times().children_user + os.times().children_system


def test_it_starts_quickly(tmp_path, installation):
    began = of_children()
    keeper = Keeper(Charge(place_in(tmp_path / "run"), installation.settings.root_key_address))
    keeper.start_surely()
    keeper.stop()
    assert of_children() - began < 2  # seconds of a processor; 0.2 on the machine it was written on


@pytest.mark.promise(85)
def test_a_key_service_that_is_slow_keeps_nobody_from_what_is_open_already():
    asked, answered = threading.Event(), threading.Event()

    class Slow:
        name = "kms:slow"

        def unwrap(self, _wrapped, _context):
            asked.set()
            answered.wait(30)
            raise RootKeyAway("The key service did not answer in time.")

    root = FileKeyring(bytes(32))
    first = root.as_first_master()
    held = HeldKeys.before_masters(root)
    held._root = Slow()
    log = held.seal_key("key:log", bytes(32))
    name, _ = held.new_signer()

    def learn():
        with pytest.raises(RootKeyAway):
            held.learn([first, second(first)])

    late = threading.Thread(target=learn)
    late.start()
    assert asked.wait(10)
    assert held.sign(log, b"message")
    assert held.sign_once(name, b"message")
    assert held.unseal("record-link", ABOUT, held.seal("record-link", ABOUT, b"x")) == b"x"
    answered.set()
    late.join()


@pytest.mark.promise(53)
def test_an_own_key_that_was_destroyed_is_soon_gone_from_the_holders_memory():
    held = HeldKeys.before_masters(FileKeyring(bytes(32)))
    old, new = held.seal_key("key:pepper", b"o" * 32), held.seal_key("key:pepper:2", b"n" * 32)
    held.mac(old, b"x")
    held.mac(new, b"x")
    assert set(held._opened) == {old, new}
    held._opened_since -= OPENED_FOR + 1
    held.mac(new, b"x")
    assert set(held._opened) == {new}


def second(first):
    """Return the wrapping of a second master that only the slow service opens."""
    return replace(first, generation=2, root="kms:slow", digest="of another")
