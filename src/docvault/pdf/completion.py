"""The certificate of completion: who signed what, when, and how that is known, as PDF/A-3b with its proofs.

Never claims "qualified" (promise 73). The page is drawn in a worker and then sealed like any document.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers

SECONDS = 60
BROUGHT = (
    "Every signature made here holds and its signer is known. A document came with signatures of others: "
    "they are intact, and it is not known here who made them."
)


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing a signer did, as the audit log has it."""

    at: datetime
    what: str  # a short sentence, e.g. "Opened the document"
    address: str  # the peer's IP address
    user_agent: str
    index: int | None = None  # of the entry in the audit log


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A file that went with a signature, outside the PDF."""

    name: str
    size: int  # bytes
    sha256: str  # hex


@dataclass(frozen=True, slots=True)
class Signer:
    """All evidence about one person."""

    name: str
    email: str
    organisation: str
    role: str  # e.g. signer
    turn: int
    identity: str  # who vouched for this person and how
    authentication: str  # the factors and when they were checked
    level: str  # of the electronic signature by this evidence: simple or advanced
    consent_id: str
    consent_sha256: str
    consent_language: str
    consented_at: datetime | None
    signed_at: datetime | None
    certificate_sha256: str
    certificate_index: int | None  # of the log entry written before the key was used
    deeds: tuple[Deed, ...] = ()
    files: tuple[HandedIn, ...] = ()
    on_paper: str = ""  # how they signed by hand instead; empty: electronically


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    pages: int
    sha256_original: str  # as uploaded
    sha256_sent: str  # with fields, as everybody was shown it
    sha256_sealed: str  # as attached
    report: Report  # of the sealed document
    arrived: int = 0  # how many of its signatures, the oldest, it came with


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the certificate says. Times are aware; they are shown in UTC."""

    envelope_id: str
    title: str
    organisation: str  # that runs the portal and seals
    portal: str  # its name
    sender: str
    sender_email: str
    sent_at: datetime
    completed_at: datetime
    documents: tuple[Document, ...]
    signers: tuple[Signer, ...]
    log_origin: str
    log_size: int
    checkpoint: str  # the signed note, as text
    retained_until: date | None = None  # None: as long as the organisation's policy says
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the certificate; it comes out byte for byte."""

    name: str
    media_type: str
    description: str
    content: Scratch
    relationship: str = "Supplement"  # Source | Data | Supplement (ISO 19005-3, annex E)


def certificate_of_completion(workers: Workers, facts: Facts, attachments: Sequence[Attachment]) -> Scratch:
    """Draw the certificate; the caller seals it with `certify=True`. Raises PdfUnreadable."""
    options = {
        "facts": _plain(facts),
        "created": int(facts.completed_at.timestamp()),
        "attachments": [
            {
                "name": each.name,
                "media_type": each.media_type,
                "description": each.description,
                "relationship": each.relationship,
            }
            for each in attachments
        ],
    }
    files = [each.content for each in attachments]
    _, outputs = workers.run("certificate", files, options, timeout=SECONDS, processor=SECONDS)
    return outputs[0]


def _plain(facts: Facts) -> dict[str, Any]:
    """Return what the page shows. Each document was found valid before there is a certificate at all."""
    plain = asdict(facts) | _judgement(facts)
    plain["marks"] = [mark for document in facts.documents for mark in _marks(facts, document)]
    for document in plain["documents"]:
        del document["report"]
    shown: dict[str, Any] = _shown(plain)
    return shown


def _judgement(facts: Facts) -> dict[str, str]:
    """Say what was found of all documents; it may not be known who signed before one arrived."""
    unknown = [one for one in facts.documents if one.report.verdict is Verdict.NOT_TRUSTED]
    if not unknown:
        first = facts.documents[0].report
        return {"verdict": str(first.verdict), "summary": first.summary}
    return {"verdict": "valid", "summary": BROUGHT}


def _marks(facts: Facts, document: Document) -> Iterator[dict[str, Any]]:
    for number, each in enumerate(document.report.signatures):
        yield {
            "kind": each.kind,
            "signer": each.signer if len(facts.documents) == 1 else f"{each.signer} in {document.name}",
            "time": each.time,
            "proven": each.time_source == "timestamp",
            "clock": each.clock or "",
            "level": f"PAdES {each.level}" if each.kind == "signature" else "RFC 3161",
            "certificate": each.certificate_sha256 or "",
            "reason": each.reason,
            "brought": number < document.arrived,
            "known": each.trust == "trusted",
        }


def _shown(value: Any) -> Any:
    """Write moments and days as people read them; everything else stays."""
    match value:
        case dict():
            return {name: _shown(each) for name, each in value.items()}
        case list() | tuple():
            return [_shown(each) for each in value]
        case datetime():
            return f"{value.day} {value:%B %Y, %H:%M:%S} UTC"
        case date():
            return f"{value.day} {value:%B %Y}"
        case _:
            return value
