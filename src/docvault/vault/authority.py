"""The installation's certificate authority, whose keys sign where they are held; shown to nobody.

Trusted: whoever has an Authority can sign in the organisation's name. PDF workers get certificates and
answers from it, never a key; there is none in it (promise 55).
"""

import hashlib
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from docvault.certificates import authority as pure
from docvault.certificates.authority import CertificateAuthority, SignerIdentity
from docvault.certificates.keys import Credentials, OfflineRoot, OneTimeKey
from docvault.certificates.mechanisms import PublicKey
from docvault.certificates.status import StatusAnswer
from docvault.database import issued_certificates, keys
from docvault.database.engine import Database, Transaction
from docvault.pdf import sign, validate
from docvault.pdf.scratch import Scratch
from docvault.pdf.sign import FieldValue
from docvault.pdf.workers import Workers
from docvault.seals.errors import SealAway
from docvault.seals.seal import Seal
from docvault.timestamps.clocks import Clocks
from docvault.values import Clock, NotFound, utc_now
from docvault.vault import authority_keys, preflight, seals
from docvault.vault.bench import Bench
from docvault.vault.files import Vault
from docvault.vault.held import HeldSigner
from docvault.vault.masters import FRESH
from docvault.vault.preflight import Problem
from docvault.vault.records import Records
from docvault.vault.seals import SealUsed
from docvault.vault.stamping import Stamping


@dataclass(frozen=True, slots=True)
class End:
    """When a certificate in use ends. name: ca-…, as `docvault keys` calls its key."""

    name: str
    title: str
    at: datetime


class Authority:
    """Issues, stamps, seals and answers for the installation; notices in seconds that a key was renewed."""

    def __init__(
        self, db: Database, own: Records, clock: Clock = utc_now, clocks: Clocks | None = None
    ) -> None:
        """clocks: the timestamp authorities of others, where any are set.

        Raises NotFound, UnknownAlgorithm, Tampered or KeyUnreadable, in that order.
        """
        self.clocks = clocks
        self._db = db
        self._records = own
        self._clock = clock
        self._lock = threading.Lock()
        self._outside: SealUsed | None = None
        with db.reading() as tx:
            self._open(tx)

    @staticmethod
    def exists(db: Database) -> bool:
        """Tell whether the keys were made."""
        with db.reading() as tx:
            return keys.find(tx, authority_keys.KINDS[0]) is not None

    @staticmethod
    def find_roots(db: Database) -> tuple[bytes, ...]:
        """Return the roots, DER, without opening any key. Raises NotFound."""
        with db.reading() as tx:
            return authority_keys.roots(tx)

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
            authority_keys.put(tx, vault.records, made, now)
        return cls(db, vault.records)

    @classmethod
    def load(
        cls, db: Database, vault: Vault, *, clock: Clock = utc_now, clocks: Clocks | None = None
    ) -> "Authority":
        """Open the keys. Raises NotFound, UnknownAlgorithm, Tampered or KeyUnreadable, in that order."""
        return cls(db, vault.records, clock, clocks)

    def use(self, seal: Seal) -> None:
        """Close documents with this seal, and no longer with the built-in one.

        Raises SealUnclear, KeyUnfit, or SealAway where it was never used before.
        """
        key: PublicKey | None = None
        with suppress(SealAway):  # a start does not wait for a token: each signature is checked all the same
            key = seal.holder.public_key()
        with self._db.transaction() as tx:
            self._outside = seals.use(tx, self._authority, seal, key, self._clock())
        self.refresh()

    def refresh(self) -> None:
        """Look for renewed keys at once."""
        with self._lock, self._db.aside() as tx:
            if _state(tx) != self._state:
                self._open(tx)
            self._looked = time.monotonic()

    def _open(self, tx: Transaction) -> None:
        self._state = _state(tx)
        opened = authority_keys.open_all(tx, self._records)
        serials = opened.units | seals.serials(tx)
        self._known = Bench(opened, seals.vouched(tx, opened.roots), serials, self._clock)
        self._looked = time.monotonic()

    @property
    def _bench(self) -> Bench:
        if time.monotonic() - self._looked >= FRESH:
            self.refresh()
        return self._known

    @property
    def _authority(self) -> CertificateAuthority:
        return self._bench.own

    @property
    def roots(self) -> tuple[bytes, ...]:
        """Every root that certificates of this installation lead to, the newest first; DER."""
        return self._bench.opened.roots

    @property
    def root_fingerprints(self) -> tuple[str, ...]:
        """The hex SHA-256 of each root."""
        return tuple(hashlib.sha256(root).hexdigest() for root in self.roots)

    @property
    def seals(self) -> Mapping[str, bytes]:
        """The root that vouches for each seal of ours that others certified, DER, by the hex SHA-256 of the
        seal's certificate.
        """
        return self._bench.seals

    def __repr__(self) -> str:
        return "Authority(…)"  # never a key, wherever this is printed

    # --- what a signature needs ----------------------------------------------------------------------

    def issue(self, person: SignerIdentity, *, now: datetime) -> OneTimeKey:
        """Make the key for one signature of `person`. Log its `sha256` before using it (promise 61)."""
        key = HeldSigner(self._records.keyring)
        return self._authority.issue(person, now, key, key.forget)

    def note_issued(self, tx: Transaction, key: OneTimeKey, now: datetime) -> None:
        """List the certificate of a key, in the transaction that logs it: its status is good from then on."""
        issuer = hashlib.sha256(key.chain[0]).hexdigest()
        serial = x509.load_der_x509_certificate(key.certificate).serial_number
        issued_certificates.add(tx, issuer, serial, now)

    def timestamp(self, request: bytes) -> bytes:
        """Answer an RFC 3161 request, DER in and out, with the moment now."""
        return self._bench.timestamp(request)

    def revocation(self, certificate: bytes | None = None) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
        """Return revocation lists, of replaced authorities their last one, and the status of `certificate` if
        given; DER.
        """
        bench, now = self._bench, self._clock()
        if certificate is None:
            return bench.crls(now), ()
        parsed = x509.load_der_x509_certificate(certificate)
        return bench.crls(now), (bench.opened.of_issuer(parsed).status(parsed, now),)

    def credentials(self, certificate: bytes) -> Credentials:
        """Return all that proves a certificate of ours at this moment."""
        return self._bench.credentials(certificate)

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
        bench = self._bench
        stamping = Stamping.begin(bench.timestamp, self.clocks)
        return sign.sign(
            workers,
            source,
            field=field,
            certify=certify,
            answers=answers,
            credentials=stamping.proven(bench.credentials(key.certificate)),
            sign=key.sign,
            timestamp=stamping.answer,
            name=_common_name(key.certificate),
            reason=reason,
        )

    def seal(self, workers: Workers, source: Scratch, *, certify: bool = False) -> Scratch:
        """Close the document with the organisation's seal: PAdES B-LTA. Raises as pdf.sign.seal.

        certify: True where the seal is the only signature, as on a certificate of completion.
        """
        bench, outside = self._bench, self._outside
        credentials = bench.credentials_of_seal(outside)
        stamping = Stamping.begin(bench.timestamp, self.clocks)
        return sign.seal(
            workers,
            source,
            credentials=stamping.proven(credentials),
            sign=outside.sign if outside else bench.sign_with_seal,
            timestamp=stamping.answer,
            certify=certify,
            name=_common_name(credentials.certificate),
        )

    def renew(self, workers: Workers, source: Scratch) -> Scratch:
        """Add an archive timestamp to a sealed document. Raises as pdf.sign.renew."""
        bench = self._bench
        stamping = Stamping.begin(bench.timestamp, self.clocks)
        credentials = stamping.proven(bench.credentials(bench.own.timestamp.der), self.clock_roots)
        return sign.renew(workers, source, credentials=credentials, timestamp=stamping.answer)

    def validate(
        self, workers: Workers, source: Scratch, *, trusted: Sequence[bytes] = ()
    ) -> validate.Report:
        """Judge a document, trusting this installation's root and its revocation lists of this moment.

        trusted: certificates of others that are trusted as well, DER. About times the roots of the timestamp
        authorities that are set are trusted, too.
        """
        crls, _ = self.revocation()
        return validate.validate(
            workers,
            source,
            roots=(*self.roots, *trusted),
            own=self.root_fingerprints,
            clock_roots=self.clock_roots,
            seals=self.seals,
            crls=crls,
            now=self._clock(),
        )

    @property
    def clock_roots(self) -> tuple[bytes, ...]:
        """Whom to believe about times alone, DER: the roots of the timestamp authorities of others."""
        return self.clocks.roots if self.clocks is not None else ()

    @property
    def wants_others(self) -> bool:
        """Whether times are to be proven by timestamp authorities of others."""
        return self.clocks is not None and bool(self.clocks.addresses)

    def others_answer(self) -> bool:
        """Ask whether one of them works right now."""
        return self.clocks is not None and self.clocks.first() is not None

    def seal_name(self) -> str:
        """The name on the seal's certificate."""
        return _common_name(self._outside.der if self._outside else self._authority.seal.der)

    @property
    def seal_key(self) -> str:
        """Where the key of the seal is kept; no secret."""
        return self._outside.seal.holder.name if self._outside else "built-in"

    # --- before and beside ---------------------------------------------------------------------------

    def preflight(
        self,
        workers: Workers,
        prepared: Scratch,
        names: Sequence[str],
        *,
        arrived: int = 0,
        trusted: Sequence[bytes] = (),
    ) -> list[Problem]:
        """Return in plain words what would keep `prepared` from being completed; nothing is kept.

        names: of everybody whom the documents name. arrived: signatures that it came with. Checks keys,
        chain, dates and fonts, then seals the document itself and validates the result as completion will.
        """
        own = self._authority
        units = (own.timestamp, own.responder) if self._outside else (own.seal, own.timestamp, own.responder)
        upper = (own.issuing.certificate, own.root.certificate)
        return [
            *preflight.chain_problems((each.certificate for each in units), upper, self._clock()),
            *preflight.list_problems(own.root, self._clock()),
            *preflight.font_problems(workers, names),
            *preflight.trial_problems(
                lambda: self.seal(workers, prepared),
                lambda sealed: self.validate(workers, sealed, trusted=trusted),
                arrived,
            ),
        ]

    def answer_status(self, request: bytes) -> StatusAnswer:
        """Answer an OCSP request about a certificate that was issued here, DER in."""
        return self._bench.answer_status(self._db, request)

    def ends(self) -> list[End]:
        """Return when each certificate in use ends, the first to end first."""
        own = self._authority
        pairs = [(name, getattr(own, name.removeprefix("ca-")).certificate) for name in authority_keys.KINDS]
        if self._outside:
            pairs = [pair for pair in pairs if pair[0] != "ca-seal"]
            pairs += [(seals.NAME, one) for one in self._outside.chain]
        ends = [End(name, pure.title(one), one.not_valid_after_utc) for name, one in pairs]
        if isinstance(own.root, OfflineRoot):
            upper = ("ca-root", "ca-issuing")
            ends = [replace(end, name=f"{end.name}-outside") if end.name in upper else end for end in ends]
            title = f"{pure.title(own.root.certificate)}, revocation list"
            ends.append(End(authority_keys.ROOT_LIST, title, own.root.ends))
        return sorted(ends, key=lambda end: end.at)

    def published(self, name: str) -> bytes:
        """Return a file that certificates point readers to under /pki/, DER. Raises NotFound."""
        bench = self._bench
        own, now = bench.own, self._clock()
        files: dict[str, Callable[[], bytes]] = {
            f"{own.root_place}.cer": lambda: own.root.der,
            f"{own.issuing_place}.cer": lambda: own.issuing.der,
            f"{own.root_place}.crl": lambda: own.root_crl(now),
            f"{own.issuing_place}.crl": lambda: own.issuing_crl(now),
        }
        if name in files:
            return files[name]()
        place, _, ending = name.partition(".")
        for left in bench.opened.left:
            if left.place == place and ending in ("cer", "crl"):
                return left.certificate if ending == "cer" else left.crl
        raise NotFound


def _state(tx: Transaction) -> object:
    """Return what changes when another key or seal takes over."""
    return authority_keys.state(tx), seals.state(tx)


def _common_name(certificate: bytes) -> str:
    return pure.title(x509.load_der_x509_certificate(certificate))
