"""What the keys of the authorities sign for a process that asks: no certificate of a further authority, ever.

A running portal needs none. Renewing authorities is done at the terminal, in a process of its own.
"""

from cryptography import x509

from docvault.certificates import der
from docvault.encryption.errors import KeyKept
from docvault.encryption.masters import SealedKey
from docvault.encryption.own_keys import name_of

ROOT, ISSUING = "ca-root", "ca-issuing"
OTHERS = frozenset({"log", "ca-timestamp", "ca-responder", "ca-seal"})  # no certificate of theirs makes one
_ECDSA_SHA256 = der.sequence(der.oid("1.2.840.10045.4.3.2"))
_NO_SIGNATURE = b"\x03\x09\x00" + der.sequence(der.integer(1), der.integer(1))  # of the right shape


def check(key: SealedKey, message: bytes) -> None:
    """Return only if this key may sign that. Raises KeyKept.

    The root's signs revocation lists; the issuing authority's also certificates of people and seals. A key
    that waits for the answer to a request signs nothing: it is an authority's to be.
    """
    name = name_of(key.context)
    if name in OTHERS:
        return
    if name in (ROOT, ISSUING) and _is_list(message):
        return
    if name != ISSUING or not _is_of_no_authority(message):
        raise KeyKept


def _is_list(message: bytes) -> bool:
    try:
        x509.load_der_x509_crl(_around(message))
    except ValueError:
        return False
    return True


def _is_of_no_authority(message: bytes) -> bool:
    try:
        extensions = x509.load_der_x509_certificate(_around(message)).extensions
    except (ValueError, x509.DuplicateExtension):
        return False
    for each in extensions:
        if isinstance(each.value, x509.BasicConstraints) and each.value.ca:
            return False
        if isinstance(each.value, x509.KeyUsage) and (each.value.key_cert_sign or each.value.crl_sign):
            return False
    return True


def _around(message: bytes) -> bytes:
    """Return what is to be signed as a whole certificate or list."""
    return der.sequence(message, _ECDSA_SHA256, _NO_SIGNATURE)
