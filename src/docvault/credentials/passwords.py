"""Passwords: how they are kept (argon2id under a pepper) and which are good enough. Never logs one.

argon2id: RFC 9106; parameters from policies/passwords.toml. The pepper is a key outside the database, so a
stolen database alone cannot be searched (NIST SP 800-63B-4 3.1.1.2).
"""

import base64
import hmac
import secrets
import threading
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import argon2
import zxcvbn_rs_py
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from docvault.credentials.refusals import PasswordRefused, TooBusy
from docvault.policy.numbers import Argon2, Passwords

SALT = 16  # random bytes
DIGEST = 32  # bytes of argon2id output
PEPPER = 32  # bytes
FIRST = 1  # the generation of the pepper of a hash that names none
WAIT = 10  # seconds at most in the queue
WORD_SHORTEST = 4  # a context word shorter than this says nothing
OWN_PART_SHORTEST = 8  # characters that must remain when context words are taken out

_LOOKALIKES = str.maketrans("0134578@$!|", "oieastbasil")  # so that N0rthw1nd is northwind
_COMMON = frozenset({"ThisIsATop10Password", "ThisIsATop100Password", "ThisIsACommonPassword"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """right: the password belongs to the hash. renewed: a hash to store instead, when parameters changed."""

    right: bool
    renewed: str | None = None


class Peppers(Protocol):
    """The peppers by generation; older ones are needed until everybody has signed in again."""

    def newest(self) -> int:
        """Return the generation that new passwords are kept under."""

    def mac(self, generation: int, message: bytes) -> bytes | None:
        """Return the HMAC-SHA-256 of `message` under one pepper, or None if there is none."""


@dataclass(frozen=True, slots=True, repr=False)
class OnePepper:
    """One pepper that is never renewed."""

    pepper: bytes

    def newest(self) -> int:
        return FIRST

    def mac(self, generation: int, message: bytes) -> bytes | None:
        return hmac.digest(self.pepper, message, "sha256") if generation == FIRST else None


class Hasher:
    """Computes argon2id, a few at once; more wait in a short queue, and the rest are told to come back.

    Without the bound a flood of sign-ins would take memory from everybody else.
    """

    def __init__(self, parameters: Argon2, pepper: bytes | Peppers) -> None:
        """pepper: 32 secret bytes, or all generations of them. Raises ValueError for a shorter one."""
        if isinstance(pepper, bytes) and len(pepper) < PEPPER:
            raise ValueError("the pepper needs at least 32 bytes")
        self._peppers: Peppers = OnePepper(pepper) if isinstance(pepper, bytes) else pepper
        self._argon2 = argon2.PasswordHasher(
            time_cost=parameters.passes,
            memory_cost=parameters.memory_kib,
            parallelism=parameters.lanes,
            hash_len=DIGEST,
            salt_len=SALT,
            type=argon2.Type.ID,
        )
        self._nobody = _nobodys_hash(parameters)
        self._nobodys_pepper = OnePepper(secrets.token_bytes(PEPPER))
        self.waiting = parameters.waiting  # how many may wait, wherever they do
        self._slots = threading.BoundedSemaphore(parameters.at_once)
        self._places = threading.BoundedSemaphore(parameters.at_once + parameters.waiting)

    def hash(self, password: str) -> str:
        """Return the encoded argon2id hash to store, with its pepper's generation. Raises TooBusy."""
        with self._turn():
            return self._hash(password)

    def verify(self, stored: str | None, password: str) -> Verdict:
        """Compare; None (no such account) computes just as long and is never right. Raises TooBusy."""
        generation, encoded = generation_of(stored or self._nobody)
        peppered = self._peppers.mac(generation, _message(password))
        # One that is gone costs the same time.
        known = peppered or self._nobodys_pepper.mac(FIRST, _message(password)) or b""
        with self._turn():
            try:
                self._argon2.verify(encoded, known)
            except (VerifyMismatchError, InvalidHashError):
                return Verdict(right=False)
            outdated = generation != self._peppers.newest() or self._argon2.check_needs_rehash(encoded)
            renewed = self._hash(password) if outdated else None
            return Verdict(right=stored is not None and peppered is not None, renewed=renewed)

    def _hash(self, password: str) -> str:
        generation = self._peppers.newest()
        peppered = self._peppers.mac(generation, _message(password))
        if peppered is None:
            raise ValueError("the newest pepper is always there")
        encoded = self._argon2.hash(peppered)
        return encoded if generation == FIRST else f"{generation}{encoded}"

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise TooBusy
        try:
            if not self._slots.acquire(timeout=WAIT):
                raise TooBusy
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def generation_of(stored: str) -> tuple[int, str]:
    """Return the generation of a stored hash's pepper, and the hash: `2$argon2id…` has the second one."""
    generation, dollar, rest = stored.partition("$")
    return (int(generation) if generation.isdecimal() else FIRST), dollar + rest


def _message(password: str) -> bytes:
    return normal(password).encode("utf-8", "surrogatepass")


def normal(password: str) -> str:
    """Return the password in Unicode NFC, otherwise as typed: keyboards write the same é differently."""
    return unicodedata.normalize("NFC", password)


def check_new(password: str, rules: Passwords, *, about: Iterable[str]) -> None:
    """Return only if the password may be chosen. Raises PasswordRefused with the reason.

    about: what others know of the person: name, e-mail address, organisation. Checked in this order: length,
    the list of leaked passwords that comes with zxcvbn (30 000, offline), context words, guessability.
    """
    chosen = normal(password)
    if len(chosen) < rules.min_length:
        raise PasswordRefused(
            f"Please use at least {rules.min_length} characters. A few words in a row work well."
        )
    if len(chosen) > rules.max_length:
        raise PasswordRefused(f"Please use at most {rules.max_length} characters.")
    words = context_words((*about, *rules.context_words))
    strength = _weakest(chosen, sorted(words))
    warning = _warning(strength)
    if warning in _COMMON:
        raise PasswordRefused("This password is on a list of leaked passwords that attackers try first.")
    _check_context(chosen, words)
    if int(strength.score) < rules.min_score:
        raise PasswordRefused(f"This password is too easy to guess. {_REASONS.get(warning, _ANYTHING)}")


def context_words(about: Iterable[str]) -> frozenset[str]:
    """Return the words of names, addresses and the like in the form that passwords are compared in."""
    found = set()
    for text in about:
        parts = "".join(
            letter if letter.isalnum() else " " for letter in unicodedata.normalize("NFC", text)
        ).split()
        found |= {_folded(part) for part in (*parts, "".join(parts))}
    return frozenset(word for word in found if len(word) >= WORD_SHORTEST)


def _weakest(chosen: str, words: list[str]) -> zxcvbn_rs_py.Entropy:
    """Return the strength of the password or of its small letters, whichever is weaker.

    A capital hides from the meter that a part is repeated: Passwordpasswordpassword is "safely unguessable".
    """
    spellings = {_inspectable(chosen), _inspectable(chosen.lower())}
    found = [zxcvbn_rs_py.zxcvbn(spelling, words) for spelling in sorted(spellings)]
    return min(found, key=lambda strength: strength.guesses_log10)


def _warning(strength: zxcvbn_rs_py.Entropy) -> str:
    """Return the name of what the strength meter warns of, or nothing."""
    feedback = strength.feedback
    return repr(feedback.warning).rpartition(".")[2] if feedback else ""


def _check_context(chosen: str, words: Iterable[str]) -> None:
    own = _folded(chosen)
    for word in sorted(words, key=len, reverse=True):
        own = own.replace(word, "")
    if own != _folded(chosen) and len(own) < OWN_PART_SHORTEST:
        raise PasswordRefused("This password is mostly a name or a word that others would try first.")


def _folded(text: str) -> str:
    """Return letters and digits only, in one case, with look-alikes undone."""
    plain = unicodedata.normalize("NFKC", text).casefold().translate(_LOOKALIKES)
    return "".join(letter for letter in plain if letter.isalnum())


def _inspectable(text: str) -> str:
    """Return the text without lone surrogates, which the strength meter cannot read."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _nobodys_hash(parameters: Argon2) -> str:
    """Return an encoded hash that no password has, at the price of a real one (promise 9)."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(size)).decode().rstrip("=") for size in (SALT, DIGEST)
    )
    costs = f"m={parameters.memory_kib},t={parameters.passes},p={parameters.lanes}"
    return f"$argon2id$v={argon2.low_level.ARGON2_VERSION}${costs}${salt}${digest}"


_ANYTHING = "Add another word or two that have nothing to do with each other."
_REASONS = {
    "StraightRowsOfKeysAreEasyToGuess": "Rows of keys are tried early.",
    "ShortKeyboardPatternsAreEasyToGuess": "Patterns on the keyboard are tried early.",
    "RepeatsLikeAaaAreEasyToGuess": "Repeated letters add very little.",
    "RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess": "Repeating a part adds very little.",
    "ThisIsSimilarToACommonlyUsedPassword": "It is close to a password that many people use.",
    "SequencesLikeAbcAreEasyToGuess": "Sequences like abc or 6543 are tried early.",
    "RecentYearsAreEasyToGuess": "Years are tried early.",
    "AWordByItselfIsEasyToGuess": "One word by itself is tried early.",
    "DatesAreOftenEasyToGuess": "Dates are tried early.",
    "NamesAndSurnamesByThemselvesAreEasyToGuess": "Names are tried early.",
    "CommonNamesAndSurnamesAreEasyToGuess": "Names are tried early.",
}
