"""Where a request came from, in plain words: the browser, its system, the network. Pure, and never guesses.

A browser says of itself what it likes: the words help an owner to recognise a device and decide nothing.
There is no offline table of places that is right for long, so an address is shown as it is.
"""

import ipaddress
import re

UNKNOWN_BROWSER = "Unknown browser"

# In the order they are asked: Edge and Opera also call themselves Chrome, and Chrome calls itself Safari.
_BROWSERS = (
    (r"\bEdg(?:e|A|iOS)?/", "Edge"),
    (r"\bOPR/|\bOpera/", "Opera"),
    (r"\bSamsungBrowser/", "Samsung Internet"),
    (r"\bVivaldi/", "Vivaldi"),
    (r"\bFxiOS/|\bFirefox/", "Firefox"),
    (r"\bCriOS/|\bChrome/|\bHeadlessChrome/", "Chrome"),
    (r"\bVersion/[\d.]+ .*\bSafari/", "Safari"),
)
_SYSTEMS = (
    (r"\bWindows\b", "Windows"),
    (r"\biPhone\b", "iPhone"),
    (r"\biPad\b", "iPad"),
    (r"\bAndroid\b", "Android"),
    (r"\bCrOS\b", "ChromeOS"),
    (r"\bMac OS X\b|\bMacintosh\b", "Mac"),
    (r"\bLinux\b|\bX11\b", "Linux"),
)


def browser(user_agent: str) -> str:
    """Return a browser and its system, such as `Firefox on Windows`, as far as both are known."""
    name = _first(_BROWSERS, user_agent) or UNKNOWN_BROWSER
    system = _first(_SYSTEMS, user_agent)
    return f"{name} on {system}" if system else name


def network(address: str) -> str:
    """Return what kind of network an address is in, as far as the address itself says it."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "address not known"
    if parsed.is_loopback:
        return "this server itself"
    if parsed.is_link_local or (parsed.is_private and not _is_documentation(parsed)):
        return "a private network"
    return "the internet"


def place(user_agent: str, address: str) -> str:
    """Return browser and address in one line of any language; an unknown browser is left out."""
    name = browser(user_agent).replace(" on ", " · ")
    return address if name.startswith(UNKNOWN_BROWSER) else f"{name} · {address}"


def _first(table: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for pattern, name in table if re.search(pattern, text)), "")


def _is_documentation(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Python counts the addresses of RFC 5737 and 3849, which stand in examples, as private."""
    nets = ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")
    return any(address in net for net in map(ipaddress.ip_network, nets) if net.version == address.version)
