"""No plaintext at rest: what people write, upload, choose and are mailed is found nowhere on the disk (promise 56).

Looked through: every file of the data folder (the object store, SQLite's file with its write-ahead log), what the
server and this process call their temporary folders, and both logs; for plain text, UTF-16, base64 and hex. The key
file is looked through as well.

Not looked for, because they are names and words that rows are found and shown by: names and e-mail addresses of
people and organisations; names of folders and files; title, message, reason and field labels of an envelope. NAMED
holds them to exactly those columns.
"""

import base64
import re
import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from docvault.credentials import totp
from docvault.policy.vocabulary import Role
from docvault.values import utc_now
from pdf import crafted

from . import portal as portals
from .portal import PASSWORD, Member, Server, done, read_and_agree, refused, sign, signing

BODY = "Quokka-Marmalade-Body"
ANSWER = "Wombat Trellis Answer"
SIGNATURE = "Yolanda Zephyrine"
WORDS = "Numbat-Gearbox-Textfile"
DROPPED = "Bilby-Rhubarb-Unfinished"
NEW_PASSWORD = "dugong violin harbour 93"
LATER_PASSWORD = "potoroo cabbage meadow 61"
WRONG_PASSWORD = "cassowary trombone ladder 8"
TITLE, MESSAGE, FILE, FOLDER, PERSON, LABEL = (
    "Echidna Title",
    "Platypus Message",
    "Bandicoot File.pdf",
    "Kookaburra Folder",
    "Lorikeet Client",
    "Galah Label",
)

# Where each of the words that are shown in lists may stand, and nowhere else.
NAMED = {
    TITLE: {("envelopes", "title"), ("audit_details", "body")},
    MESSAGE: {("envelopes", "message")},
    FILE: {
        ("documents", "name"),
        ("envelope_documents", "name"),
        ("uploads", "filename"),
        ("audit_details", "body"),
    },
    FOLDER: {("folders", "name"), ("audit_details", "body")},
    PERSON: {("people", "name"), ("audit_details", "body")},
    LABEL: {("fields", "label")},
}


def spellings(secret: bytes) -> set[bytes]:
    """Return every way in which these bytes may lie in a file."""
    found = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    text = secret.decode("latin-1")
    found |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
    for before in range(3):  # base64 looks different at each place within three bytes
        spelled = base64.b64encode(bytes(before) + secret)
        whole = spelled[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]
        found |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return found


@dataclass
class Search:
    """The canaries, by what they are."""

    canaries: dict[str, bytes] = field(default_factory=dict)

    def watch(self, name: str, secret: str | bytes) -> None:
        self.canaries[name] = secret.encode() if isinstance(secret, str) else secret
        assert len(self.canaries[name]) >= 10, "a shorter one would be found by chance"

    def found_in(self, content: bytes) -> set[str]:
        return {
            name for name, secret in self.canaries.items() if any(one in content for one in spellings(secret))
        }

    def found_under(self, *roots: Path) -> set[tuple[str, str]]:
        files = [
            path
            for root in roots
            for path in ([root] if root.is_file() else root.rglob("*"))
            if path.is_file()
        ]
        return {(str(path), name) for path in files for name in self.found_in(path.read_bytes())}


@pytest.mark.parametrize("place", range(7))
def test_the_search_finds_a_canary_in_every_spelling(place):
    search = Search()
    search.watch("seed", bytes(range(200, 220)))
    secret = search.canaries["seed"]
    around = b"x" * place + secret + b"yz"
    text = around.decode("latin-1")
    for content in (
        around,
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        around.hex().encode(),
        around.hex().upper().encode(),
        base64.b64encode(around),
        base64.urlsafe_b64encode(around),
        base64.encodebytes(around),
    ):
        assert search.found_in(b"before" + content + b"after") == {"seed"}
    assert search.found_in(bytes(range(256))[:210]) == set()


@pytest.fixture(scope="module")
def own(tmp_path_factory, temporary):
    """A portal of its own, so that everything in its folder comes from this story."""
    folder = tmp_path_factory.mktemp("canaries")
    made = portals.founded(portals.prepared(folder, folder / "data", portals.free_port()))
    yield made
    made.close()


@pytest.fixture(scope="module")
def running(own, tmp_path_factory):
    folder = tmp_path_factory.mktemp("canaries-server")
    settings = own.wired.settings
    server = Server(settings, int(settings.base_url.rpartition(":")[2]), folder / "log", folder / "tmp")
    server.start()
    yield server
    server.stop()


def secret_link(administrator, address: str, kind: str) -> str:
    """Return what stands behind the # of the newest link of this kind in the outbox."""
    page = done(administrator.get("/outbox")).text
    message = next(one for one in page.split("<details>") if address in one and f"/{kind}#" in one)
    return re.search(rf"/{kind}#([\w-]+)", message)[1]


def sign_in(browser, search, member: Member, password: str) -> None:
    done(browser.post("/api/v1/session/password", {"email": member.email, "password": password}))
    search.watch(f"challenge of {member.name}", browser.challenge)
    done(browser.post("/api/v1/session/totp", {"code": member.code()}))
    watch_session(browser, search, member.name)


def watch_session(browser, search, name: str) -> None:
    token, _, csrf = browser.cookie.partition(".")
    search.watch(f"session of {name} {token[:4]}", token)
    search.watch(f"csrf of {name} {token[:4]}", csrf)


def join(own, search, administrator, colleague) -> tuple[Member, portals.Browser]:
    """Invite somebody by mail and let them come in, all of it over HTTP."""
    address = "lorikeet@example.com"
    invitation = {"email": address, "name": PERSON, "role": "client", "organisation_id": own.client}
    person_id = done(administrator.post("/api/v1/invitations", invitation)).json()["id"]
    token = secret_link(administrator, address, "welcome")
    search.watch("invitation link", token)
    browser = own.browser()
    done(browser.post("/api/v1/invitations/acceptance", {"token": token, "password": NEW_PASSWORD}))
    watch_session(browser, search, "the newcomer")
    begun = done(browser.post("/api/v1/enrolment")).json()
    seed = base64.b32decode(begun["secret"] + "=" * (-len(begun["secret"]) % 8))
    search.watch("seed", seed)
    search.watch("seed as text", begun["secret"])
    member = Member(PERSON, address, colleague.acting, seed, "", totp.step_at(utc_now()) - 3)
    codes = done(browser.post("/api/v1/enrolment/confirmation", {"code": member.code()})).json()[
        "recovery_codes"
    ]
    for number, code in enumerate(codes):
        search.watch(f"recovery code {number}", code)
    watch_session(browser, search, "the newcomer")
    member.acting = type("Known", (), {"person_id": person_id})()
    return member, browser


def send_papers(own, manager, signer) -> str:
    """Upload, look at and send the papers; return the envelope."""
    folder_id = portals.make_folder(manager, own, FOLDER)
    document_id = portals.upload(manager, folder_id, FILE, crafted.saved(crafted.pdf_with(2, BODY)))
    text_id = portals.upload(manager, folder_id, "notes.txt", (WORDS + "\n").encode() * 500)
    assert WORDS.encode() in portals.download(manager, text_id)
    done(portals.begin(manager, folder_id, "later.bin", portals.MOST))
    cut = done(portals.begin(manager, folder_id, "later.bin", 9 * 1024 * 1024)).headers["location"]
    part = (DROPPED.encode() * (8 * 1024 * 1024 // len(DROPPED) + 1))[: 8 * 1024 * 1024]
    done(portals.send_part(manager, cut, 0, part))
    base = f"/api/v1/documents/{document_id}/versions/1"
    for path in (
        f"/documents/{document_id}",
        f"/documents/{document_id}/text",
        f"{base}/pages/1",
        f"{base}/signatures",
    ):
        done(manager.get(path))
    assert BODY in done(manager.get(f"{base}/pages/1/text")).text
    envelope_id = portals.draft(manager, document_id, (signer, 1), title=TITLE, message=MESSAGE, label=LABEL)
    done(manager.post(f"/api/v1/envelopes/{envelope_id}/send"))
    return envelope_id


def complain(own, search, browser, envelope_id) -> None:
    """Make mistakes that put secrets where they do not belong: answers and logs must not repeat them."""
    stranger = own.browser()
    tries = [
        stranger.post(
            "/api/v1/session/password", {"email": "lorikeet@example.com", "password": WRONG_PASSWORD}
        ),
        stranger.post("/api/v1/session/password", {"email": WRONG_PASSWORD, "password": [WRONG_PASSWORD]}),
        stranger.request(
            "POST", "/login", data={"email": "lorikeet@example.com", "password": WRONG_PASSWORD}
        ),
        stranger.post(
            "/api/v1/invitations/acceptance", {"token": WRONG_PASSWORD, "password": WRONG_PASSWORD}
        ),
        browser.post(
            f"/api/v1/envelopes/{envelope_id}/ceremony/sign", {"answers": {ANSWER: 5}, "step_up": 7}
        ),
        browser.post(
            f"/api/v1/envelopes/{envelope_id}/ceremony/sign",
            {
                "answers": {"0" * 26: ANSWER},
                "step_up": "x",
                "signature": {"kind": "typed", "text": SIGNATURE, "style": "caveat"},
            },
        ),
        browser.request(
            "POST",
            f"/api/v1/envelopes/{envelope_id}/ceremony/sign",
            content=b'{"answers": "' + ANSWER.encode(),
        ),
    ]
    for answer in tries:
        assert 400 <= answer.status_code < 500, answer.text
        assert not search.found_in(answer.content), answer.text


@pytest.mark.promise(56)
def test_nothing_readable_is_left_on_the_disk_or_in_a_log(own, running, temporary, capfd):
    search = Search()
    secrets = {
        "body of a PDF": BODY,
        "a text file": WORDS,
        "an unfinished upload": DROPPED,
        "an answer": ANSWER,
        "a signature": SIGNATURE,
    }
    passwords = {
        "a password": NEW_PASSWORD,
        "a later password": LATER_PASSWORD,
        "a wrong password": WRONG_PASSWORD,
        "the others' password": PASSWORD,
    }
    for name, secret in (secrets | passwords).items():
        search.watch(name, secret)

    chief, colleague = own.join(Role.ADMINISTRATOR), own.manager()
    for member in (chief, colleague):
        search.watch(f"seed of {member.name}", member.seed)
    administrator, manager = own.browser(), own.browser()
    sign_in(administrator, search, chief, PASSWORD)
    sign_in(manager, search, colleague, PASSWORD)
    signer, browser = join(own, search, administrator, colleague)
    envelope_id = send_papers(own, manager, signer)
    complain(own, search, browser, envelope_id)

    seen = read_and_agree(browser, envelope_id)
    assert BODY in done(browser.get(f"/api/v1/envelopes/{envelope_id}/pages/1/text")).text
    proof = portals.confirm(browser, signer, seen["digest"])
    watch_session(browser, search, "the signer")
    done(sign(browser, envelope_id, signing(seen, proof, ANSWER, SIGNATURE)))
    own.advance(envelope_id)
    for which in ("sent", "signed", "certificate"):
        done(browser.get(f"/api/v1/envelopes/{envelope_id}/documents/{which}/content"))

    done(own.browser().post("/api/v1/password-resets", {"email": signer.email}))
    token = secret_link(administrator, signer.email, "reset")
    search.watch("reset link", token)
    done(
        own.browser().post("/api/v1/password-resets/acceptance", {"token": token, "password": LATER_PASSWORD})
    )
    refused(browser.get("/api/v1/me"), 401)

    said = "".join(capfd.readouterr())
    assert search.found_in(said.encode()) == set()
    assert (own.data / "docvault.sqlite-wal").stat().st_size > 0
    assert search.found_under(own.data, running.log, running.temporary, temporary) == set()
    running.stop()  # what is written at the end is looked through as well
    assert search.found_under(own.data, running.log, running.temporary, temporary) == set()
    assert len(search.canaries) > 25
    control = Search({"a title, which may stand in its row": TITLE.encode()})
    seen_in = {Path(path).name for path, _ in control.found_under(own.data)}
    assert seen_in
    assert seen_in <= {"docvault.sqlite", "docvault.sqlite-wal"}
    for word, columns in NAMED.items():
        assert places(own.database, word) == columns, word


def places(database: Path, word: str) -> set[tuple[str, str]]:
    """Return every column that holds the word in clear."""
    found = set()
    with sqlite3.connect(database) as connection:
        tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            chosen = connection.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of our own tables
            names = [column[0] for column in chosen.description]
            for row in chosen:
                found |= {(table, name) for name, value in zip(names, row, strict=True) if holds(value, word)}
    connection.close()
    return found


def holds(value: object, word: str) -> bool:
    return word in value if isinstance(value, str) else isinstance(value, bytes) and word.encode() in value
