"""The application with a clock two steps behind, as a server whose clock was set back sees the world."""

from datetime import timedelta

from docvault import settings, wiring
from docvault.credentials import totp
from docvault.values import utc_now
from docvault.web.app import create_app

BEHIND = timedelta(seconds=2 * totp.STEP)


def application():
    return create_app(wiring.build(settings.load(), clock=lambda: utc_now() - BEHIND))
