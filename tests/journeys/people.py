"""The people of the demo portal, and their authenticator apps."""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pyotp

STEP = 30  # seconds of one code (RFC 6238)
AGAIN = """
UPDATE totp_factors SET last_step = 0
WHERE person_id = (SELECT id FROM people WHERE email = ?) AND confirmed_at IS NOT NULL
"""


@dataclass
class Person:
    """Someone with a password and an authenticator; a code is given out once only, as the portal takes it once only."""

    email: str
    password: str
    totp_secret: str
    role: str = ""
    organisation: str = ""
    name: str = ""
    last_step: int = field(default=0)
    data: Path | None = None  # the folder of their portal, if it is one of the tests' own

    def code(self) -> str:
        """Return the oldest code the portal still accepts that was not used yet.

        When all were, their portal forgets that: its clock cannot be turned, and a story that waits for the
        next code shows nothing more. That a code counts once is shown where the clock is the test's.
        """
        while True:
            now = int(time.time()) // STEP
            step = max(self.last_step + 1, now - 1)
            if step - 1 == now - 2 and time.time() % STEP > STEP - 3:
                step = now  # the older step would run out on the way
            if step > now and self.data:
                self._forget()
                step = now
            if step <= now:
                self.last_step = step
                return pyotp.TOTP(self.totp_secret).at(step * STEP)
            time.sleep(0.2)  # a real authenticator makes its owner wait for the next code as well

    def _forget(self) -> None:
        """Let the portal take this person's codes once more."""
        with closing(sqlite3.connect(self.data / "docvault.sqlite", timeout=30)) as database, database:
            assert database.execute(AGAIN, (self.email,)).rowcount == 1
