"""The portal's part in a key ceremony: it asks for an issuing authority, and takes what the root signed.

The key of the issuing authority is made here and waits, sealed, as `ca-issuing-request`; the root's never
comes.
"""

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding

from docvault.certificates import authority as pure
from docvault.certificates import ceremony
from docvault.certificates.authority import CertificateAuthority
from docvault.certificates.ceremony import CeremonyRefused, Signed
from docvault.certificates.keys import OfflineRoot, certificate_der, new_key
from docvault.certificates.profiles import issuing_profile
from docvault.database import keys
from docvault.database.engine import Transaction
from docvault.database.keys import KeyRow
from docvault.vault import authority_keys
from docvault.vault.authority_keys import ROOT_LIST
from docvault.vault.held import held_pair
from docvault.vault.records import Records

REQUEST = "ca-issuing-request"


def ask(tx: Transaction, own: Records, now: datetime, *, new_root: bool) -> bytes:
    """Make the key of the next issuing authority and return the request for it, PEM.

    new_root: whether a root signs that is not in use yet; always so while the root's key is still here.
    """
    old = authority_keys.open_all(tx, own).newest
    number = old.root_number + (new_root or not isinstance(old.root, OfflineRoot))
    key = new_key()
    place = pure.place_of("root", number)
    asked = ceremony.request(key, pure.next_issuing_name(old), old.base_url, place)
    generation = len(keys.generations(tx, REQUEST)) + 1
    plain = key.private_bytes(Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    sealed = own.keyring.seal_key(keys.context_of(REQUEST, generation), plain)
    public = asked.public_bytes(Encoding.DER)
    keys.put(tx, REQUEST, sealed.wrapped, public, now, generation=generation)
    return asked.public_bytes(Encoding.PEM)


def take(tx: Transaction, own: Records, signed: Signed, now: datetime) -> list[KeyRow]:
    """Put a new issuing authority into service, with new units under it, and return the rows; or only a fresh
    list of the root in use. Raises CeremonyRefused.
    """
    old = authority_keys.open_all(tx, own).newest
    root = OfflineRoot(signed.root, signed.crl.public_bytes(Encoding.DER))
    same = root.der == old.root.der
    if same and isinstance(old.root, OfflineRoot):
        _require_newer(signed, old.root)
    if signed.issuing is None and not (same and isinstance(old.root, OfflineRoot)):
        raise CeremonyRefused("This list is of a root that is not in use here.")
    generation = len(keys.generations(tx, ROOT_LIST)) + 1
    keys.put(tx, ROOT_LIST, b"", root.crl, now, generation=generation)
    if signed.issuing is None:
        return []
    if not same:
        _require_new_name(tx, signed.root)
    row = _request_of(tx, signed.issuing)
    number = old.root_number if same else old.root_number + 1
    _require_as_asked(signed.issuing, old, number)
    pair = held_pair(own.keyring, certificate_der(signed.issuing), row.sealed)
    made = pure.succeed(old, old.root if same else root, pair, now, root_number=number)
    rows = authority_keys.keep(tx, own, old, made, now)
    keys.destroy(tx, REQUEST, row.generation)
    return rows


def _require_newer(signed: Signed, root: OfflineRoot) -> None:
    """An older list would let a running portal forget what a newer one revoked."""
    if _number(signed.crl) < _number(x509.load_der_x509_crl(root.crl)):
        raise CeremonyRefused("The root's revocation list in this file is older than the one in use.")


def _number(crl: x509.CertificateRevocationList) -> int:
    """Return the number of a list; each is above all before it (RFC 5280, 5.2.3)."""
    return crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def _require_new_name(tx: Transaction, root: x509.Certificate) -> None:
    known = [x509.load_der_x509_certificate(each) for each in authority_keys.roots(tx)]
    if root.subject in [each.subject for each in known]:
        raise CeremonyRefused(
            "There was a root of this very name here, with another certificate. Readers tell roots by their "
            "names: make one with another name."
        )


def _request_of(tx: Transaction, issuing: x509.Certificate) -> KeyRow:
    for row in keys.generations(tx, REQUEST):
        if row.wrapped and x509.load_der_x509_csr(row.public).public_key() == issuing.public_key():
            return row
    raise CeremonyRefused(
        "This issuing authority is not for a request of this installation, or it is in service already."
    )


def _require_as_asked(issuing: x509.Certificate, old: CertificateAuthority, root_number: int) -> None:
    """Refuse an answer to a request from before another renewal: it names files that are not its root's."""
    wanted = [each for each, _ in issuing_profile(old.base_url, pure.place_of("root", root_number))]
    said = [issuing.extensions.get_extension_for_class(type(each)).value for each in wanted]
    if issuing.subject != pure.next_issuing_name(old) or said != wanted:
        raise CeremonyRefused(
            "The request was made for another root, or before the last renewal. Make a new one: `docvault "
            "keys ceremony request`, with --new-root for a root that is not in use yet."
        )
