"""What a sender is told of documents that arrived signed, before anybody is asked to sign on top."""

from dataclasses import dataclass

from docvault.database import envelopes, trust_anchors
from docvault.database.engine import Database
from docvault.pdf.validate import Report
from docvault.pdf.workers import Workers
from docvault.policy.vocabulary import Acting
from docvault.rules.arrivals import Arrival
from docvault.values import EnvelopeId
from docvault.vault import pages
from docvault.vault.authority import Authority
from docvault.vault.files import Vault


@dataclass(frozen=True, slots=True)
class ArrivedDocument:
    """One document of an envelope that arrived signed. report: as it is now, with what was added since."""

    name: str
    arrival: Arrival
    report: Report


def show_arrivals(
    db: Database,
    vault: Vault,
    pdf: Workers,
    authority: Authority,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
) -> list[ArrivedDocument]:
    """Return the documents of an envelope that arrived signed, to whoever may manage it, with a fresh check.

    Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row = envelopes.for_managing(tx, acting, envelope_id, lock=False)
        trusted = trust_anchors.certificates(tx)
    found = []
    for document in row.documents:
        if document.arrival is not None:
            with pages.source(db, vault, document.newest_version_id) as opened:
                report = authority.validate(pdf, opened, trusted=trusted)
            found.append(ArrivedDocument(document.name, document.arrival, report))
    return found
