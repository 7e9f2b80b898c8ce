"""Sign-ons on their way to the provider and back: of one browser, once, for minutes (RFC 9700, 2.1).

State and the browser's secret are kept as hashes; nonce and PKCE verifier sealed, bound to the state.
"""

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert

from docvault.credentials.tokens import new_token, token_hash
from docvault.database.engine import Transaction
from docvault.database.messages import Records
from docvault.database.tables import single_sign_ons

LIFE = timedelta(minutes=10)  # to sign in at the provider, maybe with a second factor there


@dataclass(frozen=True, slots=True)
class Journey:
    """What must be the same when the browser comes back. session_id: of who connects; empty to sign in."""

    nonce: str
    verifier: str
    onward: str  # a path of this portal
    session_id: str


@dataclass(frozen=True, slots=True)
class Begun:
    """state: goes to the provider and back. browser: a secret for the cookie of the browser that leaves."""

    state: str
    browser: str


def start(tx: Transaction, records: Records, journey: Journey, now: datetime) -> Begun:
    """Keep a journey that begins; those that never came back are removed."""
    begun = Begun(new_token(), new_token())
    hashed = token_hash(begun.state)
    tx.connection.execute(delete(single_sign_ons).where(single_sign_ons.c.expires_at <= now))
    tx.connection.execute(
        insert(single_sign_ons).values(
            state_hash=hashed,
            browser_hash=token_hash(begun.browser),
            sealed=records.seal(_context(hashed), json.dumps(asdict(journey)).encode()),
            expires_at=now + LIFE,
        )
    )
    return begun


def take(tx: Transaction, records: Records, state: str, browser: str, now: datetime) -> Journey | None:
    """Return the journey and remove it, or None: unknown, used, too late, or of another browser."""
    hashed = token_hash(state)
    mine = (single_sign_ons.c.state_hash == hashed, single_sign_ons.c.browser_hash == token_hash(browser))
    found = delete(single_sign_ons).where(*mine, single_sign_ons.c.expires_at > now)
    sealed = tx.connection.execute(found.returning(single_sign_ons.c.sealed)).scalar_one_or_none()
    return None if sealed is None else Journey(**json.loads(records.open(_context(hashed), sealed)))


def _context(state_hash: bytes) -> str:
    return f"single-sign-on:{state_hash.hex()}"
