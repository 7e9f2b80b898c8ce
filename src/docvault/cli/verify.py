"""`docvault verify`: the signature report of a PDF, for people and for programs. Decides nothing itself.

Whom to trust: the certificates given with --trust, and where a data folder is named, the installation's root
and its trust list. Without either nobody is trusted, and the report says so.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from docvault.pdf.scratch import Scratch
    from docvault.pdf.validate import Report, SignatureReport


NOT_VALID = 1  # exit code: the report is there, and it is not "valid"
UNREADABLE = 2  # exit code: the file or a certificate cannot be opened

File = Annotated[Path, typer.Argument(metavar="FILE.pdf", help="The PDF to check.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Trust = Annotated[
    list[Path] | None, typer.Option("--trust", help="A certificate to trust, PEM or DER; may be repeated.")
]
Data = Annotated[
    Path | None,
    typer.Option("--data", help="The data folder of an installation that says whom to trust."),
]
Extract = Annotated[
    int | None,
    typer.Option("--extract", metavar="N", min=1, help="Also save the version that signature N signed."),
]
Output = Annotated[
    Path | None, typer.Option("--output", help="Where to; by default FILE.signed-N.pdf. Never overwritten.")
]

COLOURS = {"valid": "green", "not-trusted": "yellow", "not-signed": "yellow"}  # all others are red
CLOCKS = {
    "timestamp": "proven by {clock}",
    "untrusted-timestamp": "stated by {clock}, a timestamp authority that is not known here",
    "signer-clock": "by the signer's own clock",
}
COVERAGES = {
    "entire-file": "the whole file",
    "entire-revision": "the file as it was then",
    "partial": "only a part of the file",
}
KINDS = {
    "advanced": "advanced electronic signature: a person of this installation, with a second factor",
    "simple": "simple electronic signature",
}
CHANGES = {
    "none": "nothing",
    "maintenance": "only proofs were added",
    "form-filling": "fields were filled in or signatures added",
    "other": "changes that signatures do not allow",
}


def verify(
    file: File,
    as_json: AsJson = False,
    trust: Trust = None,
    data: Data = None,
    extract: Extract = None,
    output: Output = None,
) -> None:
    """Check the signatures of a PDF and say in plain words what holds.

    Exit code 0: valid, that is every signature holds, is trusted and the whole file is covered. 1: anything
    else. 2: the file or a certificate cannot be opened, or the version that --extract names cannot be saved.

    Example: docvault verify contract.pdf --trust root.pem --extract 1
    """
    try:
        roots = [root for path in trust or () for root in _certificates(path)]
        known = _installation(data)
        with _opened(file) as source:
            report = _report(source, roots, known)
            saved = _save(source, report, extract, output or _beside(file, extract)) if extract else None
    except (OSError, ValueError) as error:
        print(f"docvault: {_reason(error)}", file=sys.stderr)
        raise typer.Exit(UNREADABLE) from error
    if as_json:
        print(json.dumps(_plain(report), ensure_ascii=False))
    else:
        _print(file, report)
    if saved:
        print(f"docvault: {saved}", file=sys.stderr)
    if report.verdict != "valid":
        raise typer.Exit(NOT_VALID)


@dataclass(frozen=True)
class _Known:
    """Whom an installation trusts; certificates in DER."""

    own: Sequence[bytes] = ()
    others: Sequence[bytes] = ()
    clocks: Sequence[bytes] = ()
    seals: Mapping[str, bytes] = field(default_factory=dict)  # as `Authority.seals`


@contextmanager
def _opened(file: Path) -> Iterator["Scratch"]:
    from docvault.pdf.scratch import Scratch

    with Scratch.create() as source:
        with file.open("rb") as opened:
            shutil.copyfileobj(opened, source.file)
        yield source


def _report(source: "Scratch", roots: Sequence[bytes], known: _Known) -> "Report":
    from docvault.pdf.validate import validate
    from docvault.pdf.workers import Workers

    with Workers(1) as workers:
        fingerprints = [sha256(each).hexdigest() for each in known.own]
        return validate(
            workers,
            source,
            roots=[*roots, *known.own, *known.others],
            own=fingerprints,
            clock_roots=known.clocks,
            seals=known.seals,
        )


def _beside(file: Path, number: int | None) -> Path:
    return Path(f"{file.stem}.signed-{number}.pdf")


def _save(source: "Scratch", report: "Report", number: int, target: Path) -> str:
    """Write the version that signature `number` signed; return what to say. Raises OSError, ValueError."""
    from docvault.pdf import versions
    from docvault.values import NotFound

    try:
        size = report.version(number)
    except NotFound as error:
        raise ValueError(f"The file does not hold a version that signature {number} signed.") from error
    with versions.cut(source, size) as found, found.open() as opened, target.open("xb") as made:
        shutil.copyfileobj(opened, made)
    signer = report.signatures[number - 1].signer
    return f"{target} is the version that {signer} signed, byte for byte."


def _certificates(path: Path) -> list[bytes]:
    """Return the certificates in a PEM or DER file, DER. Raises OSError, ValueError."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    content = path.read_bytes()
    try:
        if b"-----BEGIN" in content:
            found = x509.load_pem_x509_certificates(content)
        else:
            found = [x509.load_der_x509_certificate(content)]
    except ValueError as error:
        raise ValueError(f"{path} holds no certificate.") from error
    return [certificate.public_bytes(Encoding.DER) for certificate in found]


def _installation(data: Path | None) -> _Known:
    """Return whom the installation named by --data or DOCVAULT_DATA trusts; nobody where none is named."""
    if data is None and "DOCVAULT_DATA" not in os.environ:
        return _Known()
    from docvault import settings, wiring

    chosen = {"DOCVAULT_DATA": str(data)} if data is not None else {}
    found = settings.load({**os.environ, **chosen})
    return _Known(
        wiring.trusted_roots(found),
        wiring.trusted_others(found),
        wiring.trusted_clocks(found),
        wiring.trusted_seals(found),
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _plain(report: "Report") -> dict[str, Any]:
    """The report as JSON can carry it; the names are docs' promise to programs."""
    plain = asdict(report) | {"summary": report.summary, "advice": report.advice}
    for signature in plain["signatures"]:
        for name in ("time", "good_until"):
            signature[name] = signature[name].isoformat() if signature[name] else None
    return plain


def _print(file: Path, report: "Report") -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    colour = COLOURS.get(report.verdict, "red")
    console.print(Text(f"{file.name}: {report.verdict}", style=f"bold {colour}"))
    console.print(Text(report.summary))
    console.print(Text(report.advice))
    for number, signature in enumerate(report.signatures, start=1):
        _print_signature(console, number, signature)
    if not report.signatures:
        for reason in report.reasons:
            console.print(Text(f"  {reason}"))
    if report.pages_changed:
        pages = ", ".join(map(str, report.pages_changed))
        console.print(Text(f"\nThese pages look different since the first signature: {pages}"))


def _print_signature(console: Any, number: int, signature: "SignatureReport") -> None:
    from rich.table import Table
    from rich.text import Text

    what = "Timestamp" if signature.kind == "timestamp" else "Signature"
    console.print()
    console.print(Text(f"{number}. {what} by {signature.signer}", style="bold"))
    rows = {
        "Organisation": signature.organisation,
        "E-mail": signature.email,
        "Time": _when(signature),
        "Covers": COVERAGES.get(signature.coverage),
        "Afterwards": CHANGES.get(signature.modification),
        "Trusted through": signature.anchor,
        "Level": signature.level,
        "Kind": KINDS.get(signature.assurance or ""),
        "Certificate": signature.certificate_sha256 and f"SHA-256 {signature.certificate_sha256}",
        "Result": signature.reason,
    }
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, value in rows.items():
        if value:
            table.add_row(Text(f"   {label}", style="dim"), Text(value))
    console.print(table)


def _when(signature: "SignatureReport") -> str | None:
    if signature.time is None:
        return None
    day = f"{signature.time.day} {signature.time:%B %Y, %H:%M:%S} UTC"
    words = CLOCKS.get(signature.time_source, "").replace("{clock}", str(signature.clock))
    return f"{day}, {words}" if words else day
