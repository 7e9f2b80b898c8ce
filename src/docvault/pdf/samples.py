"""Documents to try DocVault with: an agreement, a request for proposals, a statement of work, a white paper.

They are written for this purpose and set with typst. Nobody in them exists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from docvault.pdf.render import page_sizes
from docvault.pdf.typesetting import typeset
from docvault.pdf.workers import Workers

CLIENT, PROVIDER = 1, 2  # parties of a sample, in the order of its signature blocks
DUE = timedelta(days=42)


@dataclass(frozen=True, slots=True)
class Names:
    """Who appears in a sample."""

    client: str = "Tamarind Foods"
    provider: str = "Larkspur Logistics"
    client_signer: str = "Hilda Berg"
    provider_signer: str = "Omar Castellan"


@dataclass(frozen=True, slots=True)
class Spot:
    """A place for a field. x, y: top left corner in displayed points; page from 1."""

    kind: str  # signature | initials | date | text | checkbox
    party: int  # CLIENT or PROVIDER
    page: int
    x: float
    y: float
    w: float
    h: float
    label: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A finished PDF, and where its parties sign; a document nobody signs has no spots."""

    filename: str
    content: bytes
    pages: int
    spots: tuple[Spot, ...] = ()


def contract(workers: Workers, names: Names, day: date) -> Sample:
    """A master services agreement of several pages with signature blocks for both parties on the last one."""
    sample = _set(workers, "contract", "Master Services Agreement.pdf", names, day, "MSA")
    spots = (*_blocks(sample.pages), *_initials(sample.pages))
    return Sample(sample.filename, sample.content, sample.pages, spots)


def rfp(workers: Workers, names: Names, day: date) -> Sample:
    """A request for proposals with requirements, prices and a timetable."""
    return _set(workers, "rfp", "Request for Proposals.pdf", names, day, "RFP")


def sow(workers: Workers, names: Names, day: date) -> Sample:
    """A statement of work with packages, deliverables and instalments."""
    return _set(workers, "sow", "Statement of Work - Depot North.pdf", names, day, "SOW")


def whitepaper(workers: Workers, names: Names, day: date) -> Sample:
    """A white paper with a chart, for reading only."""
    return _set(workers, "whitepaper", "Evidence That Travels With the Goods.pdf", names, day, "WP")


def _set(workers: Workers, name: str, filename: str, names: Names, day: date, prefix: str) -> Sample:
    folder = Path(__file__).with_name("sample_documents")
    source = "\n".join(folder.joinpath(f"{part}.typ").read_text(encoding="utf-8") for part in ("house", name))
    made = datetime.fromisoformat(f"{day.isoformat()}T08:00:00+00:00")
    with typeset(workers, source, _inputs(names, day, prefix), created=made) as set_pdf:
        return Sample(filename, set_pdf.read(), len(page_sizes(workers, set_pdf)))


def _inputs(names: Names, day: date, prefix: str) -> Mapping[str, str]:
    return {
        "client": names.client,
        "provider": names.provider,
        "client-signer": names.client_signer,
        "provider-signer": names.provider_signer,
        "reference": f"{prefix}-{day.year}-{day.timetuple().tm_yday:03d}",
        "date": _written(day),
        "due": _written(day + DUE),
    }


def _written(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _blocks(page: int) -> list[Spot]:
    """The signature blocks of contract.typ, which draws its lines at y 318, 358, 398 and 438."""
    return [
        spot
        for party, x in ((CLIENT, 68.0), (PROVIDER, 322.0))
        for spot in (
            Spot("signature", party, page, x, 262, 205, 54, "Signature"),
            Spot("text", party, page, x, 380, 205, 16, "Title"),
            Spot("date", party, page, x, 420, 120, 16, "Date"),
        )
    ]


def _initials(pages: int) -> list[Spot]:
    """Both parties initial the page with the fees, in its bottom margin."""
    page = min(3, pages)
    return [
        Spot("initials", CLIENT, page, 440, 766, 40, 18, "Initials"),
        Spot("initials", PROVIDER, page, 487, 766, 40, 18, "Initials"),
    ]
