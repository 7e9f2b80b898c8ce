"""A device in the words its owner would use, and never a guess."""

import pytest

from docvault.rules import origins

WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox on Windows",
        ),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        (f"{WINDOWS} {WEBKIT} Chrome/140.0.0.0 Safari/537.36 OPR/120.0", "Opera on Windows"),
        (
            f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {WEBKIT} Version/18.0 Safari/605.1.15",
            "Safari on Mac",
        ),
        (
            f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) {WEBKIT} Version/18.0 Mobile/15E148 Safari/604.1",
            "Safari on iPhone",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 CriOS/140.0 Safari/604.1",
            "Chrome on iPhone",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15; Pixel 9) {WEBKIT} Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        (
            f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} SamsungBrowser/27.0 Chrome/125.0 Mobile Safari/537.36",
            "Samsung Internet on Android",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        (f"Mozilla/5.0 (X11; CrOS x86_64) {WEBKIT} Chrome/140.0 Safari/537.36", "Chrome on ChromeOS"),
        ("Mozilla/5.0 (Windows NT 10.0) Something/1.0", "Unknown browser on Windows"),
        ("python-httpx/0.28", "Unknown browser"),
        ("", "Unknown browser"),
        ("NotFirefox", "Unknown browser"),
        ("<script>Windowsill</script>", "Unknown browser"),
    ],
)
def test_a_browser_is_named_as_far_as_it_is_known(user_agent, words):
    assert origins.browser(user_agent) == words


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1", "this server itself"),
        ("::1", "this server itself"),
        ("192.168.1.20", "a private network"),
        ("10.0.0.1", "a private network"),
        ("fd00::1", "a private network"),
        ("fe80::1", "a private network"),
        ("203.0.113.7", "the internet"),
        ("2001:db8::7", "the internet"),
        ("8.8.8.8", "the internet"),
        ("unknown", "address not known"),
    ],
)
def test_a_network_is_said_as_far_as_the_address_says_it(address, words):
    assert origins.network(address) == words


def test_a_place_is_one_line_without_words_of_a_language():
    firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
    assert origins.place(firefox, "203.0.113.7") == "Firefox · Windows · 203.0.113.7"
    assert origins.place("curl/8", "203.0.113.7") == "203.0.113.7"
