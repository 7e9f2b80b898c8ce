import threading
import time
import unicodedata
from pathlib import Path

import argon2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from docvault.credentials import passwords
from docvault.credentials.passwords import Hasher, check_new
from docvault.credentials.refusals import PasswordRefused, TooBusy
from docvault.policy import numbers
from docvault.policy.numbers import Argon2

RULES = numbers.load(Path(__file__).parents[2] / "policies").passwords
LIGHT = Argon2(memory_kib=7168, passes=1, lanes=1, at_once=2, waiting=2)
PEPPER = bytes(range(32))
ABOUT = ("Mara Lindholm", "mara@northwind.example", "Northwind Trading")


@pytest.fixture
def hasher():
    return Hasher(LIGHT, PEPPER)


@pytest.mark.promise(10)
@pytest.mark.asvs("11.4.2")
def test_a_hash_is_argon2id_with_the_policys_parameters_and_its_own_salt():
    hasher = Hasher(RULES.argon2, PEPPER)
    first, second = hasher.hash("correct horse battery staple"), hasher.hash("correct horse battery staple")
    found = argon2.extract_parameters(first)
    assert found.type == argon2.Type.ID
    assert (found.memory_cost, found.time_cost, found.parallelism) == (19456, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)
    assert first != second


def test_only_the_password_is_right(hasher):
    stored = hasher.hash("correct horse battery staple")
    assert hasher.verify(stored, "correct horse battery staple").right
    for wrong in ("", "Correct horse battery staple", "correct horse battery staple ", "correct\x00"):
        assert not hasher.verify(stored, wrong).right
    assert not hasher.verify("not a hash", "correct horse battery staple").right


@pytest.mark.asvs("6.2.8")
def test_a_password_counts_exactly_as_typed(hasher):
    for chosen in (" leading and trailing ", "tab\tand\x00null", "x" * 300 + "a"):
        stored = hasher.hash(chosen)
        assert hasher.verify(stored, chosen).right
        assert not hasher.verify(stored, chosen[:-1]).right


def test_the_same_letters_from_another_keyboard_are_the_same_password(hasher):
    composed = unicodedata.normalize("NFC", "café crème brûlée")
    decomposed = unicodedata.normalize("NFD", composed)
    assert composed != decomposed
    assert hasher.verify(hasher.hash(composed), decomposed).right


@pytest.mark.promise(10)
def test_without_the_pepper_a_stolen_hash_fits_nothing(hasher):
    stored = hasher.hash("correct horse battery staple")
    assert not Hasher(LIGHT, bytes(32)).verify(stored, "correct horse battery staple").right
    with pytest.raises(argon2.exceptions.VerifyMismatchError):
        argon2.PasswordHasher().verify(stored, "correct horse battery staple")


def test_a_short_pepper_is_refused():
    with pytest.raises(ValueError, match="32 bytes"):
        Hasher(LIGHT, b"short")


@pytest.mark.promise(10)
def test_a_hash_with_older_parameters_is_renewed(hasher):
    stronger = Hasher(Argon2(memory_kib=8192, passes=1, lanes=1, at_once=2, waiting=2), PEPPER)
    verdict = stronger.verify(hasher.hash("correct horse battery staple"), "correct horse battery staple")
    assert verdict.renewed is not None
    assert argon2.extract_parameters(verdict.renewed).memory_cost == 8192
    assert stronger.verify(verdict.renewed, "correct horse battery staple") == passwords.Verdict(right=True)
    assert stronger.verify(hasher.hash("right one here"), "wrong one here").renewed is None


def test_nobody_costs_what_somebody_costs(monkeypatch, hasher):
    """An unknown account goes through the same computation with the same parameters (promise 9)."""
    seen = []
    verify = argon2.PasswordHasher.verify
    monkeypatch.setattr(
        argon2.PasswordHasher,
        "verify",
        lambda self, stored, given: (seen.append(stored), verify(self, stored, given)),
    )
    stored = hasher.hash("correct horse battery staple")
    hasher.verify(stored, "x")
    assert not hasher.verify(None, "x").right
    real, nobody = (argon2.extract_parameters(each) for each in seen)
    assert real == nobody


@pytest.mark.promise(10)
def test_only_two_hashes_run_at_once_and_a_flood_is_told_to_come_back(monkeypatch):
    running, most, lock = 0, 0, threading.Lock()

    def slow(self, given):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        time.sleep(0.2)
        with lock:
            running -= 1
        return "hash"

    monkeypatch.setattr(argon2.PasswordHasher, "hash", slow)
    hasher = Hasher(LIGHT, PEPPER)
    results = []

    def ask():
        try:
            results.append(hasher.hash("x"))
        except TooBusy as busy:
            results.append(busy.retry_after)

    threads = [threading.Thread(target=ask) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2
    assert results.count("hash") == 4  # two at once, two waiting
    assert results.count(1) == 8
    assert hasher.hash("x") == "hash"  # every place was given back


def test_a_queue_that_does_not_move_ends(monkeypatch):
    monkeypatch.setattr(passwords, "WAIT", 0.05)
    hasher = Hasher(LIGHT, PEPPER)
    assert hasher._slots.acquire()
    assert hasher._slots.acquire()
    with pytest.raises(TooBusy):
        hasher.hash("x")
    hasher._slots.release()
    assert hasher.hash("x").startswith("$argon2id$")


@pytest.mark.promise(11)
@pytest.mark.asvs("6.2.1")
@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "at least 12"),
        ("elevenchars", "at least 12"),
        ("e\u0301" * 11, "at least 12"),
        ("x" * 257, "at most 256"),
        ("password1234", "leaked passwords"),
        ("1234567890123", "too easy"),
        ("aaaaaaaaaaaaaaaaaaaa", "Repeated letters"),
        ("qwertyuiopasdfgh", "too easy"),
        ("Mara Lindholm 1", "mostly a name"),
        ("M4ra-L1ndh0lm!", "mostly a name"),
        ("NorthwindTrading", "mostly a name"),
        ("docvault-portal", "mostly a name"),
        ("mara@northwind.example", "mostly a name"),
        ("\ud800" * 14, "too easy"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password, reason):
    with pytest.raises(PasswordRefused, match=reason):
        check_new(password, RULES, about=ABOUT)


@pytest.mark.promise(11)
@pytest.mark.asvs("6.2.5")
@pytest.mark.asvs("6.2.9")
@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "nur kleine buchstaben genügen",
        "зелёный чайник на подоконнике",
        "緑色のやかんが窓辺で歌っている",
        "🦊🪵🎻🧊🪁🦕🧭🪴🛶🧲🪐🧵",
        "lindholm plays violin on tuesdays",
        "x7#" + "unrelated words follow here " * 5,
    ],
)
def test_any_composition_will_do(password):
    check_new(password, RULES, about=ABOUT)


def refusal(password):
    """Return the reason a password is refused for, or nothing."""
    try:
        check_new(password, RULES, about=ABOUT)
    except PasswordRefused as refused:
        return str(refused)
    return ""


@pytest.mark.promise(11)
@settings(max_examples=150, deadline=None)
@given(st.text(min_size=0, max_size=400))
@example("\x00" * 20)
@example("a\u0301" * 200)
def test_every_text_is_accepted_or_refused_with_a_reason(text):
    reason = refusal(text)
    length = len(unicodedata.normalize("NFC", text))
    assert reason.endswith(".") or (not reason and RULES.min_length <= length <= RULES.max_length)


@pytest.mark.promise(11)
@settings(max_examples=60, deadline=None)
@given(st.permutations("bcdfghjkmnpqrstvwxz" * 2), st.integers(min_value=24, max_value=38))
def test_length_alone_is_enough_when_it_is_random(letters, length):
    assert len(set(letters[:length])) < 12 or not refusal("".join(letters[:length]))


@pytest.mark.asvs("6.2.11")
def test_context_words_are_found_in_names_addresses_and_companies():
    words = passwords.context_words(ABOUT)
    assert {"mara", "northwind", "marabell"} & words == {"mara", "northwind"}
    assert passwords.context_words(["a bc"]) == frozenset()


# Leaked again and again (the head of every published list), and as people lengthen them for a rule of twelve.
LEAKED = [
    "password",
    "qwerty",
    "123456",
    "iloveyou",
    "dragon",
    "monkey",
    "letmein",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "welcome",
]
LEAKED += [
    "master",
    "shadow",
    "superman",
    "michael",
    "trustno1",
    "abc123",
    "111111",
    "starwars",
    "whatever",
    "freedom",
    "charlie",
    "passw0rd",
]
LENGTHENED = [
    "{0}{0}",
    "{0}{0}{0}",
    "{0}123456",
    "{0}12345678",
    "{0}2024!",
    "{0}!!!!!!!!",
    "{0}1234567890",
    "{0}qwerty",
]


@pytest.mark.promise(11)
@pytest.mark.asvs("6.2.4")
@pytest.mark.asvs("6.2.12")
def test_what_leaked_is_refused_also_when_it_was_lengthened():
    """Offline, with the list that comes with DocVault: nothing is asked of another server."""
    tried = [form.format(word) for word in LEAKED for form in LENGTHENED]
    tried += [word.capitalize() for word in tried]
    taken = [one for one in tried if len(one) >= RULES.min_length and not refusal(one)]
    assert taken == []
