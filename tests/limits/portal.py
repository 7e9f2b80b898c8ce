"""A portal served by a real process, the people in it, and what lies on its disk."""

import base64
import hashlib
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from docvault import wiring
from docvault.actions import completions, factors, organisations, people, sessions
from docvault.credentials import totp
from docvault.database.sessions import Source
from docvault.policy.vocabulary import TERMINAL, Acting, Role
from docvault.rules.proposals import POWERFUL
from docvault.settings import Settings
from docvault.values import utc_now
from docvault.web.cookies import CHALLENGE, SESSION

PASSWORD = "tugboat lantern orchard 47"
SOURCE = Source("127.0.0.1", "tests")
PIECE = timedelta(seconds=totp.STEP)
# When everybody joined: none of the codes that count now is used up by that, and nobody is idle for too long.
EARLIER = timedelta(minutes=12)
START = 40  # seconds a server gets to answer
MOST_SIGNING = 2 * 1024 * 1024  # bytes of a PDF for signing, in the policy of these tests
MOST_PAGES = 20
MOST = 96 * 1024 * 1024  # bytes of any file
AUDIT = frozenset({"audit_entries", "audit_details", "audit_state"})
CARELESS = frozenset({"sessions", "audit_tiles"})  # seen_at moves with any request; tiles follow the entries

TLS = ssl.create_default_context()  # made once: it takes long, and nothing here speaks TLS

Rows = dict[str, str]  # table -> digest of all its rows


# --- people -----------------------------------------------------------------------------------------------------


@dataclass
class Member:
    """Somebody with both factors. A code is given out once, as the portal takes it once."""

    name: str
    email: str
    acting: Acting
    seed: bytes
    cookie: str  # of the session they got when they joined: token.csrf
    last_step: int

    def code(self) -> str:
        """Return the oldest code that still counts and was not given out; two in a row are always there."""
        left = totp.STEP - time.time() % totp.STEP
        step = max(self.last_step + 1, totp.step_at(utc_now()) - 1)
        if step < totp.step_at(utc_now()) and left < 4:
            time.sleep(left + 0.1)  # the older code would run out on its way
            step = max(self.last_step + 1, totp.step_at(utc_now()) - 1)
        assert step <= totp.step_at(utc_now()), f"{self.name} has no code left: let somebody else do it"
        self.last_step = step
        return totp.code_at(self.seed, step)

    def code_of(self, steps: int) -> str:
        """Return the code of this many steps from now, whether it counts or not; now lasts a second at least."""
        left = totp.STEP - time.time() % totp.STEP
        if left < 1:
            time.sleep(left)
        return totp.code_at(self.seed, totp.step_at(utc_now()) + steps)


@dataclass
class Browser:
    """A client that holds one session and sends what the portal's own pages send."""

    base_url: str
    cookie: str = ""  # token.csrf
    challenge: str = ""
    http: httpx.Client = field(init=False)

    def __post_init__(self):
        self.http = httpx.Client(base_url=self.base_url, timeout=60, verify=TLS)

    @property
    def csrf(self) -> str:
        return self.cookie.partition(".")[2]

    def headers(self) -> dict[str, str]:
        held = [(SESSION, self.cookie), (CHALLENGE, self.challenge)]
        cookies = "; ".join(f"{name}={value}" for name, value in held if value)
        chosen = {"cookie": cookies, "x-csrf-token": self.csrf}
        return {name: value for name, value in chosen.items() if value}

    def request(self, method: str, path: str, **options) -> httpx.Response:
        options["headers"] = self.headers() | options.get("headers", {})
        answer = self.http.request(method, path, **options)
        self.http.cookies.clear()
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if name == SESSION:
                self.cookie = value
            if name == CHALLENGE:
                self.challenge = value
        return answer

    def get(self, path: str, **options) -> httpx.Response:
        return self.request("GET", path, **options)

    def post(self, path: str, body=None, **options) -> httpx.Response:
        return self.request("POST", path, json={} if body is None else body, **options)

    def close(self) -> None:
        self.http.close()


# --- the portal -------------------------------------------------------------------------------------------------


@dataclass
class Portal:
    """The installation, opened here as a worker opens it, and its address."""

    wired: wiring.Portal
    base_url: str
    operator: str
    client: str  # id of the client's organisation
    administrator: Acting
    joined: int = 0
    browsers: list[Browser] = field(default_factory=list)

    @property
    def data(self) -> Path:
        return self.wired.settings.data

    @property
    def database(self) -> Path:
        return self.data / "docvault.sqlite"

    def join(self, role: Role, name: str = "") -> Member:
        """Let somebody be invited, set up both factors and sign in, a while ago."""
        self.joined += 1
        name = name or f"{role.value.replace('_', ' ').title()} {self.joined}"
        email = f"{name.lower().replace(' ', '.')}@example.com"
        at = utc_now() - EARLIER
        invited = people.invite_person(
            self.wired.db,
            self.wired.vault.records,
            acting=replace(self.administrator, factors=TERMINAL) if role in POWERFUL else self.administrator,
            email=email,
            name=name,
            role=role,
            organisation_id=self.client if role is Role.CLIENT else self.operator,
            now=at,
        )
        member = enrolled(self.wired, name, email, invited.token, at)
        if role is Role.ACCOUNT_MANAGER:
            organisations.assign_client(
                self.wired.db,
                acting=self.administrator,
                person_id=member.acting.person_id,
                organisation_id=self.client,
                now=at,
            )
        return member

    def client_member(self) -> Member:
        return self.join(Role.CLIENT)

    def manager(self) -> Member:
        return self.join(Role.ACCOUNT_MANAGER)

    def browser(self, member: Member | None = None, base_url: str = "") -> Browser:
        """Open a browser: nobody's, or one that holds the member's session."""
        browser = Browser(base_url or self.base_url, member.cookie if member else "")
        self.browsers.append(browser)
        return browser

    def second_session(self, member: Member) -> Browser:
        """Sign in once more, a while ago, in another browser."""
        at = utc_now() - EARLIER + 5 * PIECE
        challenge = sessions.begin_sign_in(
            self.wired.db, self.wired.hasher, email=member.email, password=PASSWORD, source=SOURCE, now=at
        )
        session = sessions.finish_sign_in(
            self.wired.db,
            self.wired.vault.records,
            challenge_token=challenge.token,
            code=totp.code_at(member.seed, totp.step_at(at)),
            source=SOURCE,
            now=at,
        )
        browser = self.browser()
        browser.cookie = f"{session.token}.{session.csrf}"
        return browser

    def advance(self, envelope_id: str) -> None:
        """Do what a worker does after somebody signed."""
        wired = self.wired
        parts = (wired.db, wired.vault, wired.pdf, wired.authority, wired.log_key)
        completions.advance_envelope(*parts, envelope_id=envelope_id, now=utc_now())

    def close(self) -> None:
        for browser in self.browsers:
            browser.close()
        self.wired.close()

    # --- what there is -------------------------------------------------------------------------------------------

    def query(self, sql: str, *values) -> list[tuple]:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
            found = connection.execute(sql, values).fetchall()
        connection.close()
        return found

    def kinds(self, object_id: str) -> list[str]:
        """Return the kinds of all audit entries about one object, oldest first."""
        found = self.query('SELECT kind FROM audit_entries WHERE object_id = ? ORDER BY "index"', object_id)
        return [row[0] for row in found]

    def rows(self) -> Rows:
        """Return a digest of every table's rows."""
        tables = [row[0] for row in self.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: hashlib.sha256("".join(self.every_row(table)).encode()).hexdigest() for table in tables
        }

    def every_row(self, table: str) -> list[str]:
        return sorted(map(repr, self.query(f'SELECT * FROM "{table}"')))  # noqa: S608 - our own tables' names

    def blobs(self) -> set[str]:
        """Return every file in the object store, half-written ones too."""
        root = self.wired.settings.blob_folder
        return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}

    @contextmanager
    def only(self, *changing: str, maybe: frozenset[str] = frozenset()) -> Iterator[None]:
        """Hold the block to this: rows of no other table change, and no stored file comes or goes.

        maybe: tables that may change as well, such as those of a notice that is sent once an hour.
        """
        rows, blobs = self.rows(), self.blobs()
        yield
        after = self.rows()
        changed = {name for name in rows.keys() | after.keys() if rows.get(name) != after.get(name)}
        assert changed - CARELESS - maybe == set(changing), sorted(changed)
        assert self.blobs() == blobs

    def unchanged(self):
        return self.only()


def enrolled(wired: wiring.Portal, name: str, email: str, token: str, at: datetime) -> Member:
    """Take an invitation: a password, an authenticator app, the session that follows."""
    opened = people.accept_invitation(
        wired.db,
        wired.hasher,
        token=token,
        password=PASSWORD,
        source=SOURCE,
        now=at,
        **_own(token, wired, at, name, email),
    )
    begun = factors.begin_enrolment(wired.db, wired.vault.records, acting=opened.acting, now=at)
    step = totp.step_at(at)
    _codes, session = factors.confirm_enrolment(
        wired.db, wired.vault.records, acting=opened.acting, code=totp.code_at(begun.seed, step), now=at
    )
    return Member(name, email, session.acting, begun.seed, f"{session.token}.{session.csrf}", step)


def _own(token: str, wired: wiring.Portal, at: datetime, name: str, email: str) -> dict[str, str]:
    """The very first administrator says who they are; others were named by who invited them."""
    details = people.invitation_details(wired.db, token=token, now=at)
    return {} if details.email else {"name": name, "email": email}


def policies(folder: Path) -> Path:
    """Copy the policies, with limits small enough to reach in a test."""
    source = Path(__file__).parents[2] / "policies"
    folder.mkdir()
    for path in source.glob("*.*"):
        (folder / path.name).write_text(path.read_text())
    numbers = (folder / "uploads.toml").read_text().splitlines()
    wanted = {"max_bytes": MOST, "max_signing_bytes": MOST_SIGNING, "max_signing_pages": MOST_PAGES}
    lines = [
        f"{line.split(' ')[0]} = {wanted[line.split(' ')[0]]}" if line.split(" ")[0] in wanted else line
        for line in numbers
    ]
    (folder / "uploads.toml").write_text("\n".join(lines) + "\n")
    return folder


def prepared(folder: Path, data: Path, port: int, database_url: str = "") -> wiring.Portal:
    """Make an installation in `data`, by default with its database there as well."""
    settings = Settings(
        data=data,
        base_url=f"http://127.0.0.1:{port}",
        policies=str(policies(folder / "policies")),
        database_url=database_url,
    )
    at = utc_now() - 2 * EARLIER
    wiring.prepare(settings, organisation="Northwind Advisory", clock=lambda: at).close()
    return wiring.build(settings)


def founded(wired: wiring.Portal) -> Portal:
    """Let the first administrator in and add a client."""
    at = utc_now() - 2 * EARLIER
    token = people.first_administrator(wired.db, now=at, name="Ada Admin", email="ada@example.com")
    administrator = enrolled(wired, "Ada Admin", "ada@example.com", token, at).acting
    client = organisations.create_organisation(wired.db, acting=administrator, name="Acme Industries", now=at)
    return Portal(wired, wired.settings.base_url, administrator.organisation_id, client, administrator)


# --- its server -------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A granian process with everything it started. whole: `docvault serve`, with a worker and a key holder."""

    settings: Settings
    port: int
    log: Path
    temporary: Path
    application: str = "docvault.web.main:application"
    whole: bool = False
    process: subprocess.Popen | None = None

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.temporary.mkdir(exist_ok=True)
        settings = self.settings
        environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
        environment |= {
            "DOCVAULT_DATA": str(settings.data),
            "DOCVAULT_BASE_URL": settings.base_url,
            "DOCVAULT_POLICIES": settings.policies,
            "DOCVAULT_DATABASE_URL": settings.database_url,
            "TMPDIR": str(self.temporary),
            "PYTHONPATH": os.pathsep.join(sys.path),  # the application may be one of the tests' own
        }
        door = ["granian", "--interface", "asgi", "--no-ws", self.application, "--factory"]
        if self.whole:
            door = ["docvault.cli", "serve"]
        with self.log.open("a") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *door, "--host", "127.0.0.1", "--port", str(self.port)],
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        deadline = time.monotonic() + (
            3 * START if self.whole else START
        )  # which prepares, and signs for a trial
        while True:
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            with suppress(httpx.TransportError):
                if httpx.get(f"{self.base_url}/health/ready").status_code == 200:
                    return
            time.sleep(0.05)  # waiting for another process: there is nothing to be told by

    def web_processes(self) -> list[int]:
        """Return the process ids of the whole server, without those that have ended."""
        known = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
        return [one for one in known if _group(one) == self.process.pid]

    def kill(self) -> None:
        """Pull the plug: SIGKILL for every process of the server."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40 if self.whole else 10)
            except subprocess.TimeoutExpired:
                self.kill()


def _group(process: int) -> int | None:
    with suppress(FileNotFoundError, ProcessLookupError):
        state, _parent, group, *_ = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        return None if state == "Z" else int(group)
    return None


# --- deeds over the API -------------------------------------------------------------------------------------------

TUS = {"tus-resumable": "1.0.0"}
PART = TUS | {"content-type": "application/offset+octet-stream"}


def make_folder(browser: Browser, portal: Portal, name: str = "Contracts") -> str:
    body = {"organisation_id": portal.client, "name": name, "kind": "contract"}
    return done(browser.post("/api/v1/folders", body)).json()["id"]


def begin(browser: Browser, folder_id: str, name: str, size: int) -> httpx.Response:
    given = {"folder": folder_id, "filename": name}
    metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in given.items())
    return browser.request(
        "POST", "/api/v1/uploads", headers=TUS | {"upload-length": str(size), "upload-metadata": metadata}
    )


def send_part(browser: Browser, url: str, offset: int, part: bytes) -> httpx.Response:
    return browser.request("PATCH", url, headers=PART | {"upload-offset": str(offset)}, content=part)


def arrived(browser: Browser, url: str) -> int:
    return int(done(browser.request("HEAD", url, headers=TUS)).headers["upload-offset"])


def upload(browser: Browser, folder_id: str, name: str, content: bytes) -> str:
    """Send a whole file; return the document's id."""
    url = done(begin(browser, folder_id, name, len(content))).headers["location"]
    return done(send_part(browser, url, 0, content)).headers["x-document-id"]


def download(browser: Browser, document_id: str) -> bytes:
    return done(browser.get(f"/api/v1/documents/{document_id}/versions/1/content")).content


def new_envelope(
    browser: Browser, document_id: str, *signers: tuple[Member, int], title="Services agreement", message=""
) -> httpx.Response:
    recipients = [{"person_id": one.acting.person_id, "turn": turn} for one, turn in signers]
    body = {"document_id": document_id, "title": title, "message": message, "recipients": recipients}
    return browser.post("/api/v1/envelopes", body)


def draft(
    browser: Browser, document_id: str, *signers: tuple[Member, int], label="Title", **words: str
) -> str:
    """Make a draft with a signature and a text for everybody; return its id."""
    envelope_id = done(new_envelope(browser, document_id, *signers, **words)).json()["id"]
    seen = done(browser.get(f"/api/v1/envelopes/{envelope_id}")).json()
    fields = []
    for row, one in enumerate(seen["recipients"]):
        place = {"recipient_id": one["id"], "page": 1, "y": 500 + 60 * row}
        fields.append(place | {"kind": "signature", "x": 60, "w": 160, "h": 44})
        fields.append(place | {"kind": "text", "x": 300, "w": 150, "h": 20, "label": label})
    done(browser.request("PUT", f"/api/v1/envelopes/{envelope_id}/fields", json={"fields": fields}))
    return envelope_id


def sent(browser: Browser, document_id: str, *signers: tuple[Member, int], **words: str) -> str:
    envelope_id = draft(browser, document_id, *signers, **words)
    done(browser.post(f"/api/v1/envelopes/{envelope_id}/send"))
    return envelope_id


def read_and_agree(browser: Browser, envelope_id: str) -> dict:
    """Do what comes before signing; return the ceremony."""
    base = f"/api/v1/envelopes/{envelope_id}/ceremony"
    seen = done(browser.get(base)).json()
    consent = {"consent_id": seen["consent"]["id"], "consent_sha256": seen["consent"]["sha256"]}
    done(browser.post(f"{base}/consent", consent))
    done(browser.post(f"{base}/pages", {"pages": list(range(1, seen["pages"] + 1))}))
    return seen


def confirm(browser: Browser, member: Member, digest: str, purpose: str = "envelope:sign") -> str:
    """Give a code for one deed; return the proof."""
    body = {"purpose": purpose, "digest": digest, "code": member.code()}
    return done(browser.post("/api/v1/step-ups", body)).json()["id"]


def signing(seen: dict, proof: str, text: str = "Head of Operations", typed: str = "Clara Client") -> dict:
    """Return the body of a signature that answers everything."""
    values = {"signature": True, "text": text}
    answers = {one["id"]: values[one["kind"]] for one in seen["fields"]}
    return {
        "step_up": proof,
        "answers": answers,
        "signature": {"kind": "typed", "text": typed, "style": "caveat"},
    }


def sign(browser: Browser, envelope_id: str, body: dict) -> httpx.Response:
    return browser.post(f"/api/v1/envelopes/{envelope_id}/ceremony/sign", body)


def signed(browser: Browser, member: Member, envelope_id: str) -> None:
    """Go through the whole ceremony."""
    seen = read_and_agree(browser, envelope_id)
    done(sign(browser, envelope_id, signing(seen, confirm(browser, member, seen["digest"]))))


def done(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, (
        f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text[:500]}"
    )
    return answer


def refused(answer: httpx.Response, status: int, *words: str) -> str:
    """Hold the answer to its status and to words a person understands; return them."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text[:500]}"
    assert answer.headers["content-type"].startswith("application/problem+json")
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["status"] == status
    detail = problem["detail"]
    for word in words:
        assert word.lower() in detail.lower(), detail
    assert detail.endswith("."), detail
    for jargon in ("traceback", "exception", "error:", "none", "null", "sqlite", "errno", "0x"):
        assert jargon not in detail.lower(), detail
    return detail
