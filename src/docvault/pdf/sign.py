"""Signing, sealing and renewing PDFs: what the portal asks of a worker. Never opens a PDF and hands out no
key.

A worker fills and signs in one incremental update; whenever it needs a signature or a timestamp it asks, and
the callables given here answer. Order, levels and locks follow docs/formats/signed-document.md.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from docvault.certificates.keys import Credentials
from docvault.pdf.errors import PdfUnreadable
from docvault.pdf.scratch import Scratch
from docvault.pdf.workers import Workers

SEAL_FIELD = "docvault-seal"
SIGNING_SECONDS = 120  # a 1 GiB file is hashed about four times
SIGNATURES_MOST = 1  # that one task may ask for: a worker that was taken over gets no second one
TIMESTAMPS_MOST = 3  # to learn a token's size, for the signature, for the archive

Sign = Callable[[bytes], bytes]  # bytes to sign -> ECDSA signature over their SHA-256, DER
Timestamp = Callable[[bytes], bytes]  # RFC 3161 request -> response, both DER


@dataclass(frozen=True, slots=True)
class FieldValue:
    """One answer. `drawing` is a one-page PDF of the field's displayed size; it is what readers see."""

    name: str  # of the field
    text: str | None = None  # the value of a text field, for machines and screen readers
    checked: bool | None = None  # of a tick box
    drawing: Scratch | None = None


def sign(
    workers: Workers,
    source: Scratch,
    *,
    field: str,
    certify: bool,
    answers: Sequence[FieldValue] = (),
    credentials: Credentials,
    sign: Sign,
    timestamp: Timestamp,
    name: str | None = None,
    reason: str | None = None,
) -> Scratch:
    """Fill `answers`, put one PAdES B-LT signature into `field` and return the new revision.

    certify: True for the first signature of a document; later ones may then only fill and sign (DocMDP P =
    2). sign is called exactly once. Raises CannotSign, PdfUnreadable and what `sign` and `timestamp` raise.
    """
    options = _options(field, answers, credentials, certify=certify, name=name, reason=reason, seal=False)
    return _run(workers, "sign", source, answers, options, {"sign": sign, "timestamp": timestamp})


def seal(
    workers: Workers,
    source: Scratch,
    *,
    credentials: Credentials,
    sign: Sign,
    timestamp: Timestamp,
    field: str = SEAL_FIELD,
    certify: bool = False,
    name: str | None = None,
    reason: str | None = None,
) -> Scratch:
    """Close the document with the organisation's seal and an archive timestamp: PAdES B-LTA.

    The seal locks every field and allows no change (FieldMDP All, P = 1); only archive timestamps may follow.
    Its field is made where it is missing. certify: True where the seal is the only signature. Raises as
    `sign`.
    """
    options = _options(field, (), credentials, certify=certify, name=name, reason=reason, seal=True)
    return _run(workers, "sign", source, (), options, {"sign": sign, "timestamp": timestamp})


def renew(workers: Workers, source: Scratch, *, credentials: Credentials, timestamp: Timestamp) -> Scratch:
    """Add a fresh archive timestamp to a B-LTA document, before the last one's certificate expires.

    credentials: of the timestamp authority in force; its certificate is not signed with. Raises as `sign`.
    """
    return _run(workers, "renew", source, (), {"credentials": asdict(credentials)}, {"timestamp": timestamp})


def _options(
    field: str,
    answers: Sequence[FieldValue],
    credentials: Credentials,
    *,
    certify: bool,
    name: str | None,
    reason: str | None,
    seal: bool,
) -> dict[str, Any]:
    drawings = [answer for answer in answers if answer.drawing is not None]
    return {
        "field": field,
        "certify": certify,
        "seal": seal,
        "name": name,
        "reason": reason,
        "credentials": asdict(credentials),
        "answers": [
            {
                "name": answer.name,
                "text": answer.text,
                "checked": answer.checked,
                "drawing": 1 + drawings.index(answer) if answer.drawing is not None else None,
            }
            for answer in answers
        ],
    }


def _run(
    workers: Workers,
    task: str,
    source: Scratch,
    answers: Sequence[FieldValue],
    options: dict[str, Any],
    questions: dict[str, Callable[[bytes], bytes]],
) -> Scratch:
    files = [source, *(answer.drawing for answer in answers if answer.drawing is not None)]
    most = {"sign": SIGNATURES_MOST, "timestamp": TIMESTAMPS_MOST}
    answered = {name: _at_most(most[name], answer) for name, answer in questions.items()}
    _, outputs = workers.run(task, files, options, answered, timeout=SIGNING_SECONDS)
    return outputs[0]


def _at_most(times: int, answer: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return `answer`, which raises PdfUnreadable when it is asked more often than an honest task would."""
    left = iter(range(times))

    def answered(question: bytes) -> bytes:
        if next(left, None) is None:
            raise PdfUnreadable(detail="asked too often")
        return answer(question)

    return answered
