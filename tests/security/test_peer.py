"""Nobody chooses the address that counts their tries and stands in the audit log."""

import pytest

from docvault.web import peer

PROXIES = peer.networks(["10.0.0.0/8"])


@pytest.mark.promise(86)
def test_a_forged_header_line_before_the_proxys_own_is_not_believed():
    """HAProxy appends a line of its own and leaves what the client sent in a line before it."""
    lines = [(b"x-forwarded-for", b"192.0.2.66"), (b"x-forwarded-for", b"203.0.113.9")]
    scope = {"type": "http", "client": ("10.0.0.1", 1), "headers": lines}
    assert peer.address_of(scope, PROXIES) == "203.0.113.9"
