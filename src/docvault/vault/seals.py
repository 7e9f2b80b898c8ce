"""Which certificates the organisation's seals from elsewhere have: noted once, so that what they sealed stays
good when the setting changes. Holds no key.

A generation is a row called `seal` without a secret: a chain in PEM, the seal's own certificate first. What
others vouch for is believed about that very seal, and about nobody else's signature.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509

from docvault.audit.kinds import Kind
from docvault.certificates import authority as certificates
from docvault.certificates import chains, mechanisms
from docvault.certificates.authority import CertificateAuthority
from docvault.certificates.keys import Credentials, certificate_der
from docvault.certificates.mechanisms import PublicKey
from docvault.database import audit, keys
from docvault.database.engine import Transaction
from docvault.seals.errors import SealAway
from docvault.seals.seal import Seal

NAME = "seal"

Chain = tuple[x509.Certificate, ...]


@dataclass(frozen=True, slots=True)
class SealUsed:
    """A seal with the certificates that it has here. Whoever holds it can seal: never hand it on."""

    seal: Seal
    chain: Chain

    @property
    def is_certified_here(self) -> bool:
        """Whether the built-in authority vouches for it."""
        return not self.seal.chain

    @property
    def der(self) -> bytes:
        return certificate_der(self.chain[0])

    @property
    def key(self) -> PublicKey:
        return mechanisms.known(self.chain[0].public_key())

    def sign(self, message: bytes) -> bytes:
        """Return the signature of `message`. Raises SealError."""
        return self.seal.sign(message, self.key)

    def credentials(self, ours: Credentials, now: datetime) -> Credentials:
        """Return all that proves the seal. Raises SealAway, ChainOutOfTime or ChainUnfit.

        ours: of the seal itself where the built-in authority certified it, else of the built-in clock.
        """
        chains.check_dates(self.chain, now)
        proven = ours if self.is_certified_here else self._proven_by_others(ours, now)
        return replace(proven, mechanism=mechanisms.of(self.key), signature_most=mechanisms.longest(self.key))

    def _proven_by_others(self, ours: Credentials, now: datetime) -> Credentials:
        proofs = self.seal.proofs(now)
        *between, root = (certificate_der(each) for each in self.chain[1:])
        return replace(
            ours,
            certificate=self.der,
            chain=tuple(between),
            roots=(root, *ours.roots),
            crls=(*ours.crls, *proofs.crls),
            ocsps=(*ours.ocsps, *proofs.ocsps),
            clock_chain=ours.chain,
        )


def use(
    tx: Transaction, own: CertificateAuthority, seal: Seal, key: PublicKey | None, now: datetime
) -> SealUsed:
    """Note the seal's certificates, or have `own` certify its key, and return it ready for use.

    key: None while its place is away; then only a seal that was noted before can be used. Raises SealAway.
    """
    rows = keys.generations(tx, NAME)
    newest = _chain(rows[-1].public) if rows else ()
    chain = seal.chain or _certified(own, newest, key, now)
    if chain != newest:
        keys.put(tx, NAME, b"", chains.dump(chain), now, generation=len(rows) + 1)
        facts = {
            "kind": NAME,
            "generation": len(rows) + 1,
            "certificates": [certificates.fingerprint(each) for each in chain],
            "holder": seal.holder.name,
        }
        audit.append(tx, Kind.KEY_ROTATION_DONE, at=now, object_type="key", facts=facts)
    return SealUsed(seal, chain)


def state(tx: Transaction) -> int:
    """Return how many seals were noted, to see that another one took over."""
    return len(keys.generations(tx, NAME))


def vouched(tx: Transaction, ours: Sequence[bytes]) -> dict[str, bytes]:
    """Return the root of each seal that others certified, DER, by the SHA-256 of the seal's certificate.

    ours: the roots of the built-in authority, which need no mention.
    """
    found = [_chain(row.public) for row in keys.generations(tx, NAME)]
    return {
        certificates.fingerprint(chain[0]): certificate_der(chain[-1])
        for chain in found
        if certificate_der(chain[-1]) not in ours
    }


def serials(tx: Transaction) -> frozenset[int]:
    """Return the serial numbers of the seals that were noted, also of those that others certified."""
    return frozenset(_chain(row.public)[0].serial_number for row in keys.generations(tx, NAME))


def _certified(own: CertificateAuthority, newest: Chain, key: PublicKey | None, now: datetime) -> Chain:
    """Return the certificate that the built-in authority gave this key, made now where there is none."""
    of_ours = bool(newest) and certificates.is_issued_by(newest[0], own.issuing.certificate)
    if key is None:
        if not of_ours:
            raise SealAway(
                "The seal's key cannot be reached, and it has no certificate yet: make the place that keeps "
                "it available for the first start."
            )
        return newest
    if of_ours and newest[0].public_key() == key and newest[0].not_valid_after_utc > now:
        return newest
    return own.certify_seal(key, now), own.issuing.certificate, own.root.certificate


def _chain(public: bytes) -> Chain:
    return chains.read(public).certificates
