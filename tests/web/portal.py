"""A portal behind its HTTP door: the small portal of the actions' tests, with real sessions and cookies."""

import base64
import hashlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from anyio.from_thread import BlockingPortal, start_blocking_portal
from litestar import Litestar
from litestar.testing import TestClient
from sqlalchemy import func, select

from actions import envelope_world as signing
from actions.envelope_world import SigningWorld
from actions.world import NOW, POLICY, World
from docvault.credentials.passwords import Hasher
from docvault.database import people, sessions, tables
from docvault.database.sessions import Source
from docvault.mail.sender import Mailer
from docvault.policy.numbers import Argon2
from docvault.policy.vocabulary import Acting
from docvault.settings import Settings
from docvault.values import new_id
from docvault.web.app import assemble, connect
from docvault.web.cookies import SESSION
from docvault.wiring import Portal

BASE = "https://vault.example.com"
# The lowest cost that OWASP names, as the actions' tests have it; what a real one costs is credentials' matter.
LIGHT = Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=64)
TUS = {"tus-resumable": "1.0.0"}
PART = TUS | {"content-type": "application/offset+octet-stream"}


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now


@dataclass
class Site:
    """The portal and the small world in it."""

    made: SigningWorld
    portal: Portal
    app: Litestar
    loop: BlockingPortal  # the event loop that answers, as a server has one for all requests

    @property
    def world(self) -> World:
        return self.made.world

    def visit(self) -> TestClient:
        """Open a browser that nobody is signed in with."""
        browser = TestClient(self.app, base_url=BASE)
        browser.blocking_portal = self.loop  # else each request would start a loop and threads of its own
        return browser

    def sign_in(self, acting: Acting) -> TestClient:
        """Open a browser that `acting` is signed in with; it sends the CSRF token with everything."""
        with self.world.db.transaction() as tx:
            session = sessions.start(
                tx,
                people.by_id(tx, acting.person_id),
                kind="full",
                factors="password+totp",
                source=Source("203.0.113.7", "tests"),
                now=self.portal.clock(),
            )
        return self.carry(session)

    def carry(self, session: sessions.NewSession) -> TestClient:
        """Open a browser that holds `session`."""
        browser = self.visit()
        browser.headers["cookie"] = f"{SESSION}={session.token}.{session.csrf}"
        browser.headers["x-csrf-token"] = session.csrf
        return browser

    def count(self, table: str) -> int:
        with self.world.db.reading() as tx:
            chosen = select(func.count()).select_from(tables.METADATA.tables[table])
            return tx.connection.execute(chosen).scalar_one()


def app_for(portal: Portal) -> Litestar:
    """Return the application of `portal`. Its routes are the same for each: made once, they are only connected."""
    return connect(copy(_assembled(portal.settings.name)), portal)


@cache
def _assembled(name: str) -> Litestar:
    return assemble(name, POLICY.numbers)


def standing(tmp_path, pdf, url="") -> Iterator[Site]:
    """Build a site for one test and close it; made for `yield from` in a fixture.

    url: of a database with every table; by default rows lie in the folder as well.
    """
    made = signing.build_signing(tmp_path, pdf, url or None)
    portal = Portal(
        settings=Settings(data=tmp_path, base_url=BASE, database_url=url),
        db=made.db,
        vault=made.vault,
        pdf=pdf,
        authority=made.authority,
        hasher=Hasher(LIGHT, bytes(32)),
        mailer=Mailer(smtp_url="", sender="portal@example.com", base_url=BASE, portal_name="DocVault"),
        log_key=made.log_key,
        clock=Clock(),
    )
    with start_blocking_portal() as loop:
        yield Site(made, portal, app_for(portal), loop)
    made.vault.close()
    made.db.close()


def folder(browser: TestClient, site: Site, name: str = "Contracts") -> str:
    """Make a folder of Acme over the API."""
    body = {"organisation_id": site.world.acme, "name": name, "kind": "contract"}
    answer = browser.post("/api/v1/folders", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


def metadata(**values: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())


def begin(browser: TestClient, size: int, **values: str):
    headers = TUS | {"upload-length": str(size), "upload-metadata": metadata(**values)}
    return browser.post("/api/v1/uploads", headers=headers)


def send_part(browser: TestClient, url: str, offset: int, part: bytes, *, checked: bool = False):
    headers = PART | {"upload-offset": str(offset)}
    if checked:
        headers["upload-checksum"] = f"sha256 {base64.b64encode(hashlib.sha256(part).digest()).decode()}"
    return browser.patch(url, headers=headers, content=part)


def upload(browser: TestClient, folder_id: str, name: str, data: bytes) -> str:
    """Send a whole file in one request; return the document's id."""
    begun = begin(browser, len(data), folder=folder_id, filename=name)
    assert begun.status_code == 201, begun.text
    sent = send_part(browser, begun.headers["location"], 0, data)
    assert sent.status_code == 204, sent.text
    return sent.headers["x-document-id"]


def strangers(site: Site) -> dict[str, Acting]:
    """Return those who must not even learn that something of Acme exists."""
    return {"client of another": site.world.other_client, "administrator": site.world.administrator}


def unknown_id() -> str:
    return new_id()
