"""An ordered list of timestamp authorities: the first one that answers as it should is used.

Each may be down, slow or lying (promise 85): every answer is judged before anybody gets it, and one that
failed rests for a while, so that a deed does not wait for it again.
"""

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import structlog
from asn1crypto import algos, tsp
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from docvault.certificates import tokens
from docvault.certificates.keys import CertificateError
from docvault.certificates.tokens import Asked, Token, TokenRefused
from docvault.outbound.asking import Asker, Unanswered
from docvault.outbound.revocations import Proofs, Revocations
from docvault.timestamps.errors import ClockFailed
from docvault.values import Clock, DocVaultError, utc_now

SECONDS = 8.0  # for one answer
LIST_MOST = 1024 * 1024  # bytes of a revocation list: it is put into every document
RESTS = timedelta(minutes=2)  # after a failure

_HEADERS = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Working:
    """An authority that has just answered well, with all that proves its certificates."""

    address: str
    token: Token
    proofs: Proofs

    @property
    def name(self) -> str:
        return self.token.clock


@dataclass(slots=True)
class Clocks:
    """Safe to share between threads; asks nothing when it is made. Addresses in the order of trying."""

    addresses: Sequence[str]
    roots: tuple[bytes, ...]  # DER: the only ones that are believed about times
    hosts: Sequence[str] = ()  # beside those of the addresses: where their revocation lists lie
    clock: Clock = utc_now
    _asker: Asker = field(init=False)
    _revocations: Revocations = field(init=False)
    _resting: dict[str, datetime] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        own = {urlsplit(each).netloc.rpartition("@")[2] for each in self.addresses}
        self._asker = Asker(frozenset(own), SECONDS, tokens.MOST, plain=True)
        self._revocations = Revocations(Asker(own | {*self.hosts}, SECONDS, LIST_MOST, plain=True))

    def first(self) -> Working | None:
        """Return the first authority that answers as it should; None where none does."""
        for address in self.addresses:
            if self._may_try(address):
                try:
                    return self.look(address)
                except ClockFailed as failure:
                    self._let_rest(address, failure)
        return None

    def look(self, address: str) -> Working:
        """Ask one authority for a timestamp of nothing in particular. Raises ClockFailed."""
        asked, answer = self._ask(address, _request())
        try:
            token = tokens.check(asked, answer, proven=False)
            proofs = self._revocations.of(token.path, asked.latest)
            proven = tokens.check(
                asked, answer, crls=proofs.crls, ocsps=proofs.ocsps, proven=True
            )  # a list for a name that is not the issuer's, or of yesterday, ends here
            self._revocations.remember(token.path, proofs, asked.latest)
        except (CertificateError, ClockFailed, Unanswered, ValueError) as error:
            raise ClockFailed(f"{shown(address)} {_why(error)}") from error
        return Working(address, proven, proofs)

    def stamp(self, working: Working, request: bytes) -> bytes:
        """Return its judged answer to a request, DER. Raises ClockFailed."""
        try:
            asked, answer = self._ask(working.address, request)
            proofs = working.proofs
            tokens.check(asked, answer, crls=proofs.crls, ocsps=proofs.ocsps, proven=True)
        except TokenRefused as error:
            failure = ClockFailed(f"{shown(working.address)} {error}")
            self._let_rest(working.address, failure)
            raise failure from error
        except ClockFailed as failure:
            self._let_rest(working.address, failure)
            raise
        return answer

    def _ask(self, address: str, request: bytes) -> tuple[Asked, bytes]:
        earliest = self.clock()
        try:
            answer = self._asker.ask("POST", address, headers=_HEADERS, content=request)
        except Unanswered as error:
            raise ClockFailed(f"{shown(address)} does not answer ({error})") from error
        return Asked(request, self.roots, earliest, self.clock()), answer

    def _may_try(self, address: str) -> bool:
        with self._lock:
            return self._resting.get(address, self.clock()) <= self.clock()

    def _let_rest(self, address: str, failure: ClockFailed) -> None:
        _log.warning("timestamps.failed", authority=shown(address), reason=str(failure))
        with self._lock:
            self._resting[address] = self.clock() + RESTS


def shown(address: str) -> str:
    """Return the host of an address, which may hold a name and a password before it."""
    return urlsplit(address).netloc.rpartition("@")[2]


def _why(error: Exception) -> str:
    return str(error) if isinstance(error, DocVaultError) else "names an unreadable list"


def _request() -> bytes:
    """Return a request for a timestamp of random bytes, DER."""
    imprint = tsp.MessageImprint(
        {
            "hash_algorithm": algos.DigestAlgorithm({"algorithm": "sha256"}),
            "hashed_message": secrets.token_bytes(32),
        }
    )
    fields = {"version": 1, "message_imprint": imprint, "cert_req": True, "nonce": secrets.randbits(63)}
    return bytes(tsp.TimeStampReq(fields).dump())


def load_roots(pem: bytes) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file, DER. Raises ClockFailed."""
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise ClockFailed("The file of DOCVAULT_TSA_ROOTS holds no certificates in PEM.") from error
    return tuple(each.public_bytes(Encoding.DER) for each in found)
