"""Whose name a mailed link carries: the setting's, never the request's (promise 13)."""

import pytest

from docvault.database import messages, people

from .portal import BASE

EVIL = "evil.example"


@pytest.mark.promise(13)
@pytest.mark.asvs("6.4.3")
@pytest.mark.parametrize(
    "headers",
    [
        {"host": EVIL},
        {"x-forwarded-host": EVIL},
        {"forwarded": f"host={EVIL};proto=https"},
        {"x-original-host": EVIL, "x-forwarded-server": EVIL},
    ],
    ids=lambda headers: next(iter(headers)),
)
def test_a_reset_link_leads_to_the_configured_address_whatever_the_request_says(site, headers):
    with site.world.db.reading() as tx:
        client = people.by_id(tx, site.world.client.person_id)
    answer = site.visit().post("/api/v1/password-resets", json={"email": client.email}, headers=headers)
    assert answer.status_code == 204, answer.text
    with site.world.db.reading() as tx:
        (message,) = messages.newest(tx, site.world.vault.records).items
    mail = site.portal.mailer.render(message.template, message.values)
    assert mail.link.startswith(f"{BASE}/reset#")
    assert EVIL not in mail.subject + mail.text + mail.html
