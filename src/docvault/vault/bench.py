"""The keys of the certificate authority at one moment, and what is done with them."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime

from cryptography import x509

from docvault.certificates import status
from docvault.certificates.authority import CertificateAuthority, fingerprint
from docvault.certificates.keys import Credentials, certificate_der, sign_bytes
from docvault.certificates.status import StatusAnswer
from docvault.certificates.timestamps import TimestampAuthority
from docvault.database import issued_certificates
from docvault.database.engine import Database
from docvault.values import Clock
from docvault.vault.authority_keys import Opened
from docvault.vault.seals import SealUsed


class Bench:
    """The keys of one moment: a deed that began with them ends with them, also while they are renewed."""

    def __init__(
        self, opened: Opened, seals: Mapping[str, bytes], serials: AbstractSet[int], clock: Clock
    ) -> None:
        self.opened = opened
        self.seals = seals
        self.serials = serials  # of certificates that are not to people
        self.own: CertificateAuthority = opened.newest
        self._clock = clock
        self._timestamps = TimestampAuthority(self.own.timestamp, [self.own.issuing.der])

    def timestamp(self, request: bytes) -> bytes:
        """Answer an RFC 3161 request, DER in and out."""
        return self._timestamps.respond(request, self._clock())

    def sign_with_seal(self, message: bytes) -> bytes:
        """Return the built-in seal's signature of `message`, DER."""
        return sign_bytes(self.own.seal.key, message)

    def crls(self, now: datetime) -> tuple[bytes, ...]:
        """Return all revocation lists, of replaced authorities their last one; DER."""
        return (self.own.root_crl(now), self.own.issuing_crl(now), *(left.crl for left in self.opened.left))

    def credentials(self, certificate: bytes) -> Credentials:
        """Return all that proves a certificate of ours at this moment."""
        parsed, now = x509.load_der_x509_certificate(certificate), self._clock()
        issuer = self.opened.of_issuer(parsed)
        # The timestamp beside it is by the newest, and the certificate perhaps by the one before.
        chain = dict.fromkeys((certificate_der(issuer.issuing.certificate), self.own.issuing.der))
        answers = (issuer.status(parsed, now),)
        return Credentials(certificate, tuple(chain), self.opened.roots, self.crls(now), answers, now)

    def credentials_of_seal(self, outside: SealUsed | None) -> Credentials:
        """Return all that proves the seal in use. Raises SealAway, ChainOutOfTime or ChainUnfit."""
        if outside is None:
            return self.credentials(self.own.seal.der)
        ours = outside.der if outside.is_certified_here else self.own.timestamp.der
        return outside.credentials(self.credentials(ours), self._clock())

    def answer_status(self, db: Database, request: bytes) -> StatusAnswer:
        """Answer an OCSP request about a certificate that was issued here, DER in."""

        def is_issued(issuer: x509.Certificate, serial: int) -> bool:
            if serial in self.serials:
                return True
            with db.reading() as tx:
                return issued_certificates.may_be_issued(tx, fingerprint(issuer), serial)

        return status.answer(request, [self.own, *self.opened.retired], self._clock(), is_issued=is_issued)
