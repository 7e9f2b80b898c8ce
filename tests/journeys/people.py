"""The people of the demo portal, and their authenticator apps."""

import time
from dataclasses import dataclass, field

import pyotp

STEP = 30  # seconds of one code (RFC 6238)


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

    def code(self) -> str:
        """Return the oldest code the portal still accepts that was not used yet; waits for the next step if all were."""
        while True:
            now = int(time.time()) // STEP
            step = max(self.last_step + 1, now - 1)
            if step - 1 == now - 2 and time.time() % STEP > STEP - 3:
                step = now  # the older step would run out on the way
            if step <= now and step > self.last_step:
                self.last_step = step
                return pyotp.TOTP(self.totp_secret).at(step * STEP)
            time.sleep(0.2)  # a real authenticator makes its owner wait for the next code as well
