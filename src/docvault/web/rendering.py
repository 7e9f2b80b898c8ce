"""Pages from templates: what every template knows, and the one function that renders.

Autoescape is on and an unknown name is an error.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from litestar import Request, Response
from litestar.datastructures import Cookie
from lucide.jinja import lucide
from markupsafe import Markup

from docvault.database.sessions import IN_PERSON
from docvault.policy.vocabulary import ONLY, Acting, Role
from docvault.rules.languages import OTHERWISE
from docvault.web import formats, words
from docvault.web.access import acting_or_none, portal_of
from docvault.web.static_files import StaticFiles

TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class NavigationItem:
    key: str
    href: str
    icon: str
    label: str


INBOX = NavigationItem("inbox", "/inbox", "inbox", "Inbox")
FOLDERS = NavigationItem("folders", "/folders", "folder", "Folders")
SEARCH = NavigationItem("search", "/search", "search", "Search")
ENVELOPES = NavigationItem("envelopes", "/envelopes", "file-pen-line", "Envelopes")
AUDIT = NavigationItem("audit", "/audit", "scroll-text", "Audit")
VERIFY = NavigationItem("verify", "/verify", "shield-check", "Verify")
PEOPLE = NavigationItem("people", "/people", "users", "People")
ACCESS = NavigationItem("access", "/access", "history", "Access")
RETENTION = NavigationItem("retention", "/retention", "archive", "Retention")
POLICY = NavigationItem("policy", "/policy", "circle-question-mark", "Why?")
PROPOSALS = NavigationItem("proposals", "/proposals", "handshake", "Proposals")
OUTBOX = NavigationItem("outbox", "/outbox", "mails", "Outbox")

# What each role is shown; whether they may is decided again by the policy when they get there.
NAVIGATION: dict[Role, tuple[NavigationItem, ...]] = {
    Role.CLIENT: (INBOX, FOLDERS, SEARCH, ENVELOPES),
    Role.ACCOUNT_MANAGER: (INBOX, FOLDERS, SEARCH, ENVELOPES),
    Role.OUTSIDER: (ENVELOPES,),
    # An officer comes to "Why?" from the access report, and to verifying from the audit trail.
    Role.COMPLIANCE_OFFICER: (FOLDERS, SEARCH, ENVELOPES, AUDIT, ACCESS, RETENTION, PROPOSALS),
    Role.ADMINISTRATOR: (PEOPLE, PROPOSALS, POLICY, OUTBOX, VERIFY),
}

HOME_LABELS = {
    "envelopes": "the envelopes",
    "inbox": "the inbox",
    "folders": "the folders",
    "people": "the list of people",
}


def make_environment(static: StaticFiles, portal_name: str) -> jinja2.Environment:
    """Return the templates' environment; made once with the application."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(icon=icon, asset=static.url, portal_name=portal_name)
    environment.filters.update(formats.FILTERS)
    return environment


@cache
def icon(name: str, size: int = 20, **attributes: str) -> Markup:
    """Return the lucide icon `name` as inline SVG, hidden from assistive technology: a text stands beside it.

    size: CSS pixels. Made once each: the templates, the only callers, ask for a few dozen different ones.
    """
    return Markup(lucide(name, size=size, aria_hidden="true", **attributes))  # noqa: S704 - the package's own SVG files


def home_of(acting: Acting | None) -> str:
    """Return the page a person starts on."""
    if acting is None:
        return "/login"
    if acting.session_kind == IN_PERSON:
        return next(f"/sign/{each.removeprefix(ONLY)}" for each in acting.scopes if each.startswith(ONLY))
    if acting.role is Role.OUTSIDER and acting.session_kind == "full":
        return "/asked/next"
    return NAVIGATION[acting.role][0].href if acting.session_kind == "full" else "/enrol"


def home_label(acting: Acting | None) -> str:
    """Return how that page is called, behind `Back to`."""
    if acting is not None and acting.session_kind == IN_PERSON:
        return "signing"
    if acting is None or acting.session_kind != "full":
        return "signing in"
    return HOME_LABELS[NAVIGATION[acting.role][0].key]


def render(
    request: Request[Any, Any, Any],
    template: str,
    status: int = 200,
    *,
    cookies: list[Cookie] | None = None,
    **context: Any,
) -> Response[str]:
    """Render `template` with what every page knows; `nav` is the key of the current navigation item."""
    acting = acting_or_none(request)
    is_full = acting is not None and acting.session_kind == "full"
    is_beside = acting is not None and acting.session_kind == IN_PERSON
    known: dict[str, Any] = {
        "acting": acting if is_full or is_beside else None,
        "beside_host": is_beside,
        "csrf": request.scope.get("auth") or "",
        "navigation": NAVIGATION[acting.role] if acting is not None and is_full else (),
        "home": home_of(acting),
        "home_label": home_label(acting),
        "nav": "",
        "t": words.in_language(OTHERWISE),
        "passkey_domain": portal_of(request).relying_party.id,
        "sso": provider.name if (provider := portal_of(request).provider) else "",
        "local_mail": not portal_of(request).settings.smtp_url,
    }
    environment: jinja2.Environment = request.app.state.environment
    text = environment.get_template(template).render(known | context)
    return Response(text, status_code=status, media_type="text/html", cookies=cookies or [])
