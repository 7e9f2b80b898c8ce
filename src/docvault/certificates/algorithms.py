"""Which algorithms a signature may have been made with, and until when. Decides nothing about trust.

Follows the suites of ETSI TS 119 312: SHA-2 and SHA-3 digests; ECDSA; RSA-PSS; RSA with PKCS#1 v1.5 or with
fewer than 3000 bits only in signatures made before 2029. Our own signatures are P-256 with SHA-256 (keys.py).
"""

from datetime import UTC, datetime

from docvault.certificates.keys import CertificateError

DIGESTS = frozenset({"sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"})
CURVE_LEAST = 256  # bits of an elliptic curve
RSA_LEAST = 1900  # bits, while the old suites may be used
RSA_LASTING = 3000  # bits without an end date
OLD_SUITES_END = datetime(2029, 1, 1, tzinfo=UTC)


class AlgorithmTooWeak(CertificateError):
    """A signature of this kind proves nothing at that time."""


def check(*, family: str, bits: int, digest: str, made_at: datetime) -> None:
    """Check one signature's algorithms. Raises AlgorithmTooWeak.

    family: `ecdsa`, `rsassa_pss` or `rsassa_pkcs1v15`, everything else is refused. made_at: the proven time.
    """
    if digest not in DIGESTS:
        raise AlgorithmTooWeak(f"The digest {digest} can be forged.")
    if family not in ("ecdsa", "rsassa_pss", "rsassa_pkcs1v15"):
        raise AlgorithmTooWeak(f"Signatures of the kind {family} are not accepted.")
    least = CURVE_LEAST if family == "ecdsa" else RSA_LEAST
    end = lasts_until(family=family, bits=bits)
    if bits < least or (end is not None and made_at >= end):
        raise AlgorithmTooWeak("The signature's key or padding is too weak for its time.")


def lasts_until(*, family: str, bits: int) -> datetime | None:
    """Return when signatures of this kind stop to prove anything, where that is known."""
    lasting = family == "ecdsa" or (family == "rsassa_pss" and bits >= RSA_LASTING)
    return None if lasting else OLD_SUITES_END
