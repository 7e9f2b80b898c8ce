"""The organisation's seal as the settings name it: a key somewhere, and perhaps certificates for it.

Without certificates the built-in authority certifies the key (vault/seals.py).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from docvault.certificates import chains, mechanisms
from docvault.certificates.chains import Bundle
from docvault.certificates.keys import certificate_der
from docvault.certificates.mechanisms import PublicKey, SignatureWrong
from docvault.outbound.asking import Asker, Unanswered
from docvault.outbound.revocations import Proofs, Revocations
from docvault.seals.errors import SealAway, SealLies, SealUnclear
from docvault.seals.holders import Holder
from docvault.seals.pkcs12 import FileHolder

SECONDS = 8.0  # for a revocation list
LIST_MOST = 1024 * 1024  # bytes of one: it is put into every document


@dataclass(frozen=True, slots=True)
class Seal:
    """A seal that can be used. Whoever holds it can seal in the organisation's name: never hand it on.

    chain: its own certificate first, the root last; empty where it has none from elsewhere.
    """

    holder: Holder
    chain: tuple[x509.Certificate, ...]
    crls: tuple[bytes, ...]  # DER; given with the chain
    revocations: Revocations = field(repr=False)

    def sign(self, message: bytes, key: PublicKey) -> bytes:
        """Return the signature of `message`, checked with the certificate's key. Raises SealError."""
        signature = self.holder.sign(message)
        try:
            mechanisms.verify(key, message, signature)
        except SignatureWrong as error:
            raise SealLies(
                f"{self.holder.name} signed with another key than the one in the seal's certificate. "
                "Give DOCVAULT_SIGNER and DOCVAULT_SIGNER_CHAIN of the same key, and start again."
            ) from error
        return signature

    def proofs(self, now: datetime) -> Proofs:
        """Return what shows that no certificate of the chain is revoked. Raises SealAway or ChainUnfit."""
        path = tuple(certificate_der(each) for each in self.chain)
        given = Proofs(crls=self.crls)
        if self.crls:
            chains.prove(self.chain, given.crls, (), now)
            return given
        try:
            found = self.revocations.of(path, now)
        except Unanswered as error:
            raise SealAway(
                f"Nobody says whether the seal's certificate was revoked: {error}. List that host in "
                "DOCVAULT_SIGNER_HOSTS, or put revocation lists (PEM) into DOCVAULT_SIGNER_CHAIN."
            ) from error
        chains.prove(self.chain, found.crls, found.ocsps, now)
        self.revocations.remember(path, found, now)
        return found


def open_seal(address: str, *, passphrase: str = "", chain: str = "", hosts: Collection[str] = ()) -> Seal:
    """Open the seal at an address. Raises as `open_holder` and `seal_of`."""
    return seal_of(open_holder(address, passphrase), chain=chain, hosts=hosts)


def seal_of(holder: Holder, *, chain: str = "", hosts: Collection[str] = ()) -> Seal:
    """Return the seal whose key is kept there.

    chain: a PEM file of certificates and perhaps revocation lists; empty: those beside the key, or none.
    hosts: where revocation lists lie. Asks a token or a service only where there are certificates to compare.
    Raises SealUnclear, KeyUnfit, ChainUnfit or SealAway.
    """
    bundle = _read(chain) if chain else Bundle((), ())
    found = (*bundle.certificates, *holder.certificates)
    revocations = Revocations(Asker(frozenset(hosts), SECONDS, LIST_MOST, plain=True))
    return Seal(holder, _arranged(holder, found), bundle.crls, revocations)


def open_holder(address: str, passphrase: str = "") -> Holder:
    """Open what keeps a seal's key: pkcs12:/path, pkcs11:… or kms:…. Raises SealUnclear, KeyUnfit."""
    kind, _, rest = address.partition(":")
    if kind == "pkcs12":
        return FileHolder(Path(rest), passphrase)
    if kind == "pkcs11":
        from docvault.seals.hsm import TokenHolder  # noqa: PLC0415 - the library is there for tokens only

        return TokenHolder(address)
    if kind == "kms":
        from docvault.seals.kms import ServiceHolder  # noqa: PLC0415 - boto3 is slow to import, and few need it

        return ServiceHolder(rest)
    raise SealUnclear("DOCVAULT_SIGNER must be built-in, pkcs12:/path/of/seal.p12, pkcs11:… or kms:….")


def _read(chain: str) -> Bundle:
    try:
        content = Path(chain).read_bytes()
    except OSError as error:
        raise SealUnclear(f"DOCVAULT_SIGNER_CHAIN cannot be read: {error}.") from error
    return chains.read(content)


def _arranged(holder: Holder, found: Sequence[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Return the chain of the holder's key; where the key is away, of the first certificate."""
    if not found:
        return ()
    try:
        key = holder.public_key()
    except SealAway:
        # What is signed later is compared with the certificate, so a start need not wait for the token.
        key = mechanisms.known(found[0].public_key())
    return chains.arrange(key, found)
