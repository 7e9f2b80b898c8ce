"""Who is at the other end. Forwarding headers count only from configured proxies (promise 86)."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from litestar.datastructures import Headers
from litestar.types import Scope

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

UNKNOWN = "unknown"  # a socket without an address, such as a Unix one
USER_AGENT_MOST = 300  # characters kept of what a browser says of itself


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Read the `trusted_proxies` setting: addresses or networks. Raises ValueError for what is neither."""
    return tuple(ip_network(text.strip()) for text in texts if text.strip())


def address_of(scope: Scope, trusted: Sequence[Network]) -> str:
    """Return the true peer's address.

    X-Forwarded-For is read from the right, and only as far as the hops are trusted proxies: what stands
    further left was written by the peer itself. Several lines are one list (RFC 9110, 5.3): some proxies add
    theirs behind a line that came from outside.
    """
    client = scope.get("client")
    if client is None:
        return UNKNOWN
    address = _parse(client[0])
    if address is None:
        return UNKNOWN
    hops = [
        part.strip()
        for line in Headers.from_scope(scope).getall("x-forwarded-for", [])
        for part in line.split(",")
        if part.strip()
    ]
    while hops and _is_trusted(address, trusted):
        hop = _parse(hops.pop())
        if hop is None:
            break
        address = hop
    return str(address)


def network_of(address: str) -> str:
    """Return what counts as one sender: the address, or its /64, which one customer has as a whole."""
    parsed = _parse(address)
    return str(ip_network((parsed, 64), strict=False)) if isinstance(parsed, IPv6Address) else address


def user_agent_of(scope: Scope) -> str:
    """Return what the browser calls itself, cut to a length that can be kept."""
    return Headers.from_scope(scope).get("user-agent", "")[:USER_AGENT_MOST]


@lru_cache(maxsize=1024)  # every request asks, and most come from few places
def _parse(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in trusted)
