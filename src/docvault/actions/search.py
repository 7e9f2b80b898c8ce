"""Finding documents: by what is known of them, and by the words inside."""

import base64
from datetime import datetime

from docvault.audit.kinds import Kind
from docvault.database import audit, search, search_index
from docvault.database.engine import PAGE, Database, Page
from docvault.database.search import Found, Inside, OrganisationName, Wanted
from docvault.policy.vocabulary import Acting
from docvault.rules import words
from docvault.values import DocVaultError
from docvault.vault.files import Vault

LONGEST = 200  # characters of a question


class QuestionUnclear(DocVaultError):
    """There is nothing to look for; the message says what to write."""


def find_documents(
    db: Database, *, acting: Acting, wanted: Wanted, after: str | None = None, limit: int = PAGE
) -> Page[Found]:
    """Return the documents that `acting` may see and that fit, newest first. Raises BadCursor."""
    with db.reading() as tx:
        return search.page(tx, acting, wanted, after=after, limit=limit)


def find_inside(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    wanted: Wanted,
    inside: str,
    after: str | None = None,
    limit: int = PAGE,
    now: datetime,
) -> Page[Found]:
    """Return the documents that `acting` may read, that fit and that have every word of `inside`.

    Each answer, also a further page, is one entry. Raises QuestionUnclear or BadCursor.
    """
    asked = words.words_asked(inside[:LONGEST])
    if not asked:
        raise QuestionUnclear("Please write a word with letters or digits to look for inside documents.")
    with db.reading() as tx:
        hashes = vault.search_keys.hashes(tx, search_index.places(tx, acting), asked)
        found = search.page(tx, acting, wanted, Inside(hashes), after=after, limit=limit)
    with db.transaction() as tx:
        audit.append(
            tx,
            Kind.DOCUMENT_SEARCHED,
            at=now,
            acting=acting,
            organisation_id=acting.organisation_id,
            facts={"words": len(asked)},
            # Sealed: what people look for are words of documents, and none of those is readable at rest.
            private={"sealed": _sealed(vault, acting, inside)},
        )
    return found


def _sealed(vault: Vault, acting: Acting, inside: str) -> str:
    record = vault.records.seal(f"search:{acting.person_id}", inside[:LONGEST].encode("utf-8", "replace"))
    return base64.b64encode(record).decode()


def organisations_to_choose(db: Database, *, acting: Acting) -> list[OrganisationName]:
    """Return the organisations that a search can be narrowed to: those whose folders `acting` may see."""
    with db.reading() as tx:
        return search.organisations_of(tx, acting)
