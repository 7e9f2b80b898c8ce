"""Whether the certificates of others were revoked: lists and answers from where the certificates say.

Only from hosts that are listed (promise 36). What comes back is not judged here: for a clock
certificates/tokens.py does, for a seal certificates/chains.py.
"""

import itertools
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID as Access

from docvault.outbound.asking import Asker, Unanswered

KEPT = timedelta(hours=6)  # the longest that a list is believed without asking again
SHORTEST = timedelta(minutes=10)  # that it still has to run

_ASKING = {"content-type": "application/ocsp-request", "accept": "application/ocsp-response"}


@dataclass(frozen=True, slots=True)
class Proofs:
    """Revocation lists and status answers, DER; not judged yet."""

    crls: tuple[bytes, ...] = ()
    ocsps: tuple[bytes, ...] = ()

    def __add__(self, other: "Proofs") -> "Proofs":
        return Proofs((*self.crls, *other.crls), (*self.ocsps, *other.ocsps))


@dataclass(slots=True)
class Revocations:
    """Fetches, and keeps lists for some hours: only what `remember` was told has held."""

    asker: Asker
    _kept: dict[str, tuple[datetime, bytes]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, path: tuple[bytes, ...], now: datetime) -> Proofs:
        """Return what is known about each certificate of a path, DER, the root last. Raises Unanswered."""
        certificates = [x509.load_der_x509_certificate(each) for each in path]
        proofs = Proofs()
        for certificate, issuer in itertools.pairwise(certificates):
            proofs += self._about(certificate, issuer, now)
        return proofs

    def remember(self, path: tuple[bytes, ...], proofs: Proofs, now: datetime) -> None:
        """Keep the lists among `proofs`, which have held, for as long as they say and not very long."""
        fresh = {x509.load_der_x509_crl(each).issuer: each for each in proofs.crls}
        for certificate in (x509.load_der_x509_certificate(each) for each in path):
            kept = fresh.get(certificate.issuer)
            if kept is not None:
                ends = x509.load_der_x509_crl(kept).next_update_utc or now
                with self._lock:
                    for address in _lists(certificate):
                        self._kept.setdefault(address, (min(ends - SHORTEST, now + KEPT), kept))

    def _about(self, certificate: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Proofs:
        """Return a list, or else a status answer: a list also speaks for a unit that takes over."""
        troubles = []
        for address in _lists(certificate):
            try:
                return Proofs(crls=(self._list(address, now),))
            except Unanswered as trouble:
                troubles.append(str(trouble))
        for address in _responders(certificate):
            try:
                return Proofs(ocsps=(self._status(address, certificate, issuer),))
            except Unanswered as trouble:
                troubles.append(str(trouble))
        raise Unanswered("; ".join(troubles) or "its certificate does not say who knows of revocations")

    def _list(self, address: str, now: datetime) -> bytes:
        with self._lock:
            until, kept = self._kept.get(address, (now, b""))
            if until > now:
                return kept
            self._kept.pop(address, None)
        return self.asker.ask("GET", address)

    def _status(self, address: str, certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
        builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA256())
        request = builder.build().public_bytes(serialization.Encoding.DER)
        return self.asker.ask("POST", address, headers=_ASKING, content=request)


def _lists(certificate: x509.Certificate) -> list[str]:
    """Return the addresses of the revocation lists that a certificate names."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except x509.ExtensionNotFound:
        return []
    names = [name for point in points for name in point.full_name or ()]
    return _addresses(names)


def _responders(certificate: x509.Certificate) -> list[str]:
    try:
        places = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return []
    return _addresses([each.access_location for each in places if each.access_method == Access.OCSP])


def _addresses(names: list[x509.GeneralName]) -> list[str]:
    found = [name.value for name in names if isinstance(name, x509.UniformResourceIdentifier)]
    return [each for each in found if each.startswith(("http://", "https://"))]
