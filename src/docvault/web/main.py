"""What the web server loads: the application of the installation that the settings name."""

from litestar import Litestar

from docvault import logs, settings, wiring
from docvault.web.app import create_app


def application() -> Litestar:
    """Build the application; called once in each web process, which holds no keys."""
    logs.configure()
    return create_app(wiring.build_asking(settings.load()))
