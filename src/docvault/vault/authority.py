"""The installation's certificate authority with its keys, opened from their wrapped rows; shown to nobody.

Trusted: whoever holds an Authority can sign in the organisation's name. PDF workers get certificates and
answers from it, never a key (promise 55).
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509

from docvault.certificates import authority as pure
from docvault.certificates import status
from docvault.certificates.authority import CertificateAuthority, SignerIdentity
from docvault.certificates.keys import CertificateError, Credentials, KeyPair, OneTimeKey, sign_bytes
from docvault.certificates.status import StatusAnswer
from docvault.certificates.timestamps import TimestampAuthority
from docvault.database import keys
from docvault.database.engine import Database
from docvault.pdf import appearance, sign, validate
from docvault.pdf.errors import PdfError
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.workers import Workers
from docvault.timestamps.clocks import Clocks
from docvault.values import Clock, utc_now
from docvault.vault.files import Vault
from docvault.vault.stamping import Stamping

NAMES = ("root", "issuing", "timestamp", "responder", "seal")  # of the key pairs; rows are called ca-…
ADDRESS = "ca-address"  # the row of the address that certificates name; no secret


class Authority:
    """Issues, stamps, seals and answers for the installation."""

    def __init__(
        self, authority: CertificateAuthority, clock: Clock = utc_now, clocks: Clocks | None = None
    ) -> None:
        """clocks: the timestamp authorities of others, where any are set."""
        self._authority = authority
        self._clock = clock
        self.clocks = clocks
        self._timestamps = TimestampAuthority(authority.timestamp, [authority.issuing.der])
        self.roots: tuple[bytes, ...] = (authority.root.der,)
        self.root_fingerprints: tuple[str, ...] = (hashlib.sha256(authority.root.der).hexdigest(),)

    @staticmethod
    def exists(db: Database) -> bool:
        """Tell whether the keys were made."""
        with db.reading() as tx:
            return keys.find(tx, _row("root")) is not None

    @staticmethod
    def find_roots(db: Database) -> tuple[bytes, ...]:
        """Return the roots, DER, without opening any key. Raises NotFound."""
        with db.reading() as tx:
            return (keys.get(tx, _row("root")).public,)

    @classmethod
    def create(
        cls,
        db: Database,
        vault: Vault,
        *,
        organisation_name: str,
        base_url: str,
        now: datetime,
        country: str | None = None,
    ) -> "Authority":
        """Make all keys and certificates and keep them wrapped, in one transaction."""
        made = pure.create(organisation_name, base_url, now, country=country)
        with db.transaction() as tx:
            for name in NAMES:
                pair: KeyPair = getattr(made, name)
                wrapped = vault.records.seal(f"key:{_row(name)}", pair.private_der())
                keys.put(tx, _row(name), wrapped, pair.der, now)
            keys.put(tx, ADDRESS, b"", made.base_url.encode(), now)
        return cls(made)

    @classmethod
    def load(
        cls, db: Database, vault: Vault, *, clock: Clock = utc_now, clocks: Clocks | None = None
    ) -> "Authority":
        """Open the keys. Raises NotFound, UnknownAlgorithm, Tampered or KeyUnreadable, in that order."""
        with db.reading() as tx:
            rows = {name: keys.get(tx, _row(name)) for name in NAMES}
            address = keys.get(tx, ADDRESS).public.decode()
        pairs = {
            name: KeyPair.load(row.public, vault.records.open(row.context, row.wrapped))
            for name, row in rows.items()
        }
        return cls(
            CertificateAuthority(
                root=pairs["root"],
                issuing=pairs["issuing"],
                timestamp=pairs["timestamp"],
                responder=pairs["responder"],
                seal=pairs["seal"],
                base_url=address,
            ),
            clock,
            clocks,
        )

    # --- what a signature needs ----------------------------------------------------------------------

    def issue(self, person: SignerIdentity, *, now: datetime) -> OneTimeKey:
        """Make the key for one signature of `person`. Log its `sha256` before using it (promise 61)."""
        return self._authority.issue(person, now)

    def timestamp(self, request: bytes) -> bytes:
        """Answer an RFC 3161 request, DER in and out, with the moment now."""
        return self._timestamps.respond(request, self._clock())

    def revocation(self, certificate: bytes | None = None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return fresh revocation lists, and the status of `certificate` if given; DER."""
        now = self._clock()
        crls = (self._authority.root_crl(now), self._authority.issuing_crl(now))
        if certificate is None:
            return crls, ()
        return crls, (self._authority.status(x509.load_der_x509_certificate(certificate), now),)

    def credentials(self, certificate: bytes) -> Credentials:
        """Return all that proves a certificate of ours at this moment."""
        crls, ocsps = self.revocation(certificate)
        chain = (self._authority.issuing.der,)
        return Credentials(certificate, chain, self.roots, crls, ocsps, self._clock())

    # --- deeds on a document -------------------------------------------------------------------------

    def sign(
        self,
        workers: Workers,
        source: Scratch,
        key: OneTimeKey,
        *,
        field: str,
        certify: bool,
        answers: Sequence[FieldValue] = (),
        reason: str | None = None,
    ) -> Scratch:
        """Fill and sign as the person `key` was issued to. Raises as pdf.sign.sign, and KeyAlreadyUsed."""
        stamping = self._stamping()
        return sign.sign(
            workers,
            source,
            field=field,
            certify=certify,
            answers=answers,
            credentials=stamping.proven(self.credentials(key.certificate)),
            sign=key.sign,
            timestamp=stamping.answer,
            name=_common_name(key.certificate),
            reason=reason,
        )

    def seal(self, workers: Workers, source: Scratch, *, certify: bool = False) -> Scratch:
        """Close the document with the organisation's seal: PAdES B-LTA. Raises as pdf.sign.seal.

        certify: True where the seal is the only signature, as on a certificate of completion.
        """
        stamping = self._stamping()
        return sign.seal(
            workers,
            source,
            credentials=stamping.proven(self.credentials(self._authority.seal.der)),
            sign=self._sign_with_seal,
            timestamp=stamping.answer,
            certify=certify,
            name=_common_name(self._authority.seal.der),
        )

    def renew(self, workers: Workers, source: Scratch) -> Scratch:
        """Add an archive timestamp to a sealed document. Raises as pdf.sign.renew."""
        stamping = self._stamping()
        credentials = stamping.proven(self.credentials(self._authority.timestamp.der))
        return sign.renew(workers, source, credentials=credentials, timestamp=stamping.answer)

    def validate(self, workers: Workers, source: Scratch) -> validate.Report:
        """Judge a document, trusting this installation's root and its revocation lists of this moment.

        About times the roots of the timestamp authorities that are set are trusted as well.
        """
        crls, _ = self.revocation()
        return validate.validate(
            workers,
            source,
            roots=self.roots,
            own=self.root_fingerprints,
            clock_roots=self.clock_roots,
            crls=crls,
            now=self._clock(),
        )

    @property
    def clock_roots(self) -> tuple[bytes, ...]:
        """Whom to believe about times alone, DER: the roots of the timestamp authorities of others."""
        return self.clocks.roots if self.clocks is not None else ()

    def _stamping(self) -> Stamping:
        return Stamping.begin(self.timestamp, self.clocks)

    def seal_name(self) -> str:
        """The name on the seal's certificate."""
        return _common_name(self._authority.seal.der)

    def _sign_with_seal(self, message: bytes) -> bytes:
        return sign_bytes(self._authority.seal.key, message)

    # --- before and beside ---------------------------------------------------------------------------

    def preflight(self, workers: Workers, prepared: Scratch, names: Sequence[str]) -> list[str]:
        """Return in plain words what would keep `prepared` from being completed; nothing is kept.

        names: of everybody who signs. Checks keys, chain, dates and fonts, then seals the document itself and
        validates the result as completion will.
        """
        return [
            *self._chain_problems(),
            *_font_problems(workers, names),
            *self._trial_problems(workers, prepared),
        ]

    def _chain_problems(self) -> list[str]:
        own = self._authority
        upper = [own.issuing.certificate, own.root.certificate]
        problems = []
        for leaf in (own.seal, own.timestamp, own.responder):
            try:
                pure.verify_chain([leaf.certificate, *upper], self._clock())
            except CertificateError as error:
                problems.append(str(error))
        return problems

    def _trial_problems(self, workers: Workers, prepared: Scratch) -> list[str]:
        try:
            with self.seal(workers, prepared) as sealed:
                report = self.validate(workers, sealed)
        except (PdfError, CertificateError) as error:
            return [f"A trial signature failed: {error}"]
        if report.verdict is not Verdict.VALID:
            return [f"A trial signature would not hold: {report.reasons[0]}"]
        return []

    def answer_status(self, request: bytes) -> StatusAnswer:
        """Answer an OCSP request about a certificate that was issued here, DER in."""
        return status.answer(request, [self._authority], self._clock())

    def published(self) -> dict[str, Callable[[], bytes]]:
        """What certificates point readers to: file names under /pki/ and what makes their bytes, DER."""
        own = self._authority
        return {
            "root.cer": lambda: own.root.der,
            "issuing.cer": lambda: own.issuing.der,
            "root.crl": lambda: own.root_crl(self._clock()),
            "issuing.crl": lambda: own.issuing_crl(self._clock()),
        }


def _row(name: str) -> str:
    return f"ca-{name}"


def _common_name(certificate: bytes) -> str:
    return pure.title(x509.load_der_x509_certificate(certificate))


def _font_problems(workers: Workers, names: Sequence[str]) -> list[str]:
    problems = []
    for name in names:
        missing = appearance.missing_letters(workers, name)
        if missing:
            letters = " ".join(sorted(missing))
            problems.append(f"No installed font can draw these letters of the name {name}: {letters}")
    return problems
