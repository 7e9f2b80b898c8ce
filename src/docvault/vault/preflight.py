"""What would keep a document from being completed, in plain words, found before it is sent. Keeps nothing."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from cryptography import x509

from docvault.certificates import authority
from docvault.certificates.keys import CertificateError, KeyPair, OfflineRoot
from docvault.pdf import appearance
from docvault.pdf.errors import PdfError
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.seals.errors import SealError


def chain_problems(
    leaves: Iterable[x509.Certificate], upper: Sequence[x509.Certificate], now: datetime
) -> list[str]:
    """Check each certificate with those above it."""
    problems = []
    for leaf in leaves:
        try:
            authority.verify_chain([leaf, *upper], now)
        except CertificateError as error:
            problems.append(str(error))
    return problems


def list_problems(root: KeyPair | OfflineRoot, now: datetime) -> list[str]:
    """Check the list of a root whose key is kept outside: nobody here can sign a fresh one."""
    if not isinstance(root, OfflineRoot) or root.ends > now:
        return []
    ended = f"The revocation list of “{authority.title(root.certificate)}” ended on {root.ends:%Y-%m-%d}."
    return [f"{ended} A fresh one takes the root: docvault keys ceremony list."]


def font_problems(workers: Workers, names: Iterable[str]) -> list[str]:
    """Check that every name can be drawn."""
    problems = []
    for name in names:
        missing = appearance.missing_letters(workers, name)
        if missing:
            letters = " ".join(sorted(missing))
            problems.append(f"No installed font can draw these letters of the name {name}: {letters}")
    return problems


def trial_problems(seal: Callable[[], Scratch], validate: Callable[[Scratch], Report]) -> list[str]:
    """Seal for a trial, and judge the result as completion will."""
    try:
        with seal() as sealed:
            report = validate(sealed)
    except (PdfError, CertificateError, SealError) as error:
        return [f"A trial signature failed: {error}"]
    if report.verdict is not Verdict.VALID:
        return [f"A trial signature would not hold: {report.reasons[0]}"]
    return []
