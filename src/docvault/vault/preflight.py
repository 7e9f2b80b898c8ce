"""What would keep a document from being completed, found before it is sent. Keeps nothing.

Each problem is said twice: to whoever sends, who can only tell somebody, and to whoever runs the portal.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from docvault.blobs.store import BlobError, BlobStore
from docvault.certificates import authority
from docvault.certificates.chains import ChainOutOfTime, ChainUnfit
from docvault.certificates.keys import CertificateError, KeyPair, OfflineRoot
from docvault.pdf import appearance, on_top
from docvault.pdf.errors import PdfError
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.seals.errors import SealAway, SealError

# What is said to people instead of words that name files, hosts and keys; the first that fits.
_PLAIN: Sequence[tuple[type[Exception], str]] = (
    (SealAway, "The place that keeps the key of the organisation's seal does not answer."),
    (SealError, "The organisation's seal cannot be used as it is set up now."),
    (ChainOutOfTime, "The certificate of the organisation's seal is not valid today."),
    (ChainUnfit, "The certificate of the organisation's seal cannot be proven."),
)
TELL = "Please tell whoever runs this portal: `docvault doctor` says more."


@dataclass(frozen=True, slots=True)
class Problem:
    """words: for whoever sends. detail: for whoever runs the portal; may name files and hosts."""

    words: str
    detail: str


def plain(error: Exception) -> str:
    """Return what is said to people about an error: of the seal less than it says itself."""
    found = next((words for kind, words in _PLAIN if isinstance(error, kind)), None)
    return str(error) if found is None else f"{found} {TELL}"


def storage_problems(blobs: BlobStore) -> list[Problem]:
    """Check that the store for files writes, reads and removes."""
    try:
        blobs.probe()
    except BlobError as error:
        return [Problem(str(error), f"{error} ({error.__cause__ or type(error).__name__})")]
    return []


def chain_problems(
    leaves: Iterable[x509.Certificate], upper: Sequence[x509.Certificate], now: datetime
) -> list[Problem]:
    """Check each certificate with those above it."""
    problems = []
    for leaf in leaves:
        try:
            authority.verify_chain([leaf, *upper], now)
        except CertificateError as error:
            problems.append(Problem(f"{error} {TELL}", str(error)))
    return problems


def list_problems(root: KeyPair | OfflineRoot, now: datetime) -> list[Problem]:
    """Check the list of a root whose key is kept outside: nobody here can sign a fresh one."""
    if not isinstance(root, OfflineRoot) or root.ends > now:
        return []
    ended = f"The revocation list of “{authority.title(root.certificate)}” ended on {root.ends:%Y-%m-%d}."
    how = "A fresh one takes the root: docvault keys ceremony list."
    return [Problem(f"{ended} {TELL}", f"{ended} {how}")]


def font_problems(workers: Workers, names: Iterable[str]) -> list[Problem]:
    """Check that every name can be drawn."""
    problems = []
    for name in dict.fromkeys(names):
        missing = appearance.missing_letters(workers, name)
        if missing:
            letters = " ".join(sorted(missing))
            words = f"No installed font can draw these letters of the name {name}: {letters}"
            problems.append(Problem(words, words))
    return problems


def trial_problems(
    seal: Callable[[], Scratch], validate: Callable[[Scratch], Report], arrived: int
) -> list[Problem]:
    """Seal for a trial, and judge the result as completion will. arrived: signatures that it came with."""
    try:
        with seal() as sealed:
            report = validate(sealed)
    except (PdfError, CertificateError, SealError) as error:
        said = "A trial signature failed:"
        return [Problem(f"{said} {plain(error)}", f"{said} {error}")]
    objection = on_top.objection(report, arrived)
    words = f"A trial signature would not hold: {objection}"
    return [Problem(words, words)] if objection else []
