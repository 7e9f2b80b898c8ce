"""Forwarding headers count only from configured proxies (promise 86)."""

import pytest

from docvault.web import peer

PROXIES = peer.networks(["10.0.0.0/8", "2001:db8::1"])


@pytest.mark.promise(86)
@pytest.mark.parametrize(
    ("client", "forwarded", "seen"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.1", "198.51.100.7"),  # not a proxy of ours: what it says is nothing
        ("10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("10.0.0.1", "192.0.2.66, 203.0.113.1", "203.0.113.1"),  # the left part was written by the peer
        ("10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1"),  # two proxies in a row
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1"),
        ("2001:db8::1", "2001:db8:9::5", "2001:db8:9::5"),
        ("not an address", "203.0.113.1", "unknown"),
    ],
)
def test_the_true_peer_is_seen(client, forwarded, seen):
    headers = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []
    scope = {"type": "http", "client": (client, 1), "headers": headers}
    assert peer.address_of(scope, PROXIES) == seen


def test_a_socket_without_an_address_is_unknown():
    assert peer.address_of({"type": "http", "client": None, "headers": []}, PROXIES) == "unknown"
