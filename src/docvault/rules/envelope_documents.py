"""The documents of one envelope: how many, their fingerprint, and how pages count on. Pure: no I/O.

Pages of an envelope are one sequence from 1 over all its documents, in their order; so are fields on them.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from docvault.rules.envelopes import EnvelopeIncomplete
from docvault.rules.fields import PlacedField

_SEVERAL = b"docvault/envelope/v1\n"  # nothing else is hashed with this beginning


class Paged(Protocol):
    """A document that knows its pages."""

    @property
    def pages(self) -> int: ...


One = TypeVar("One", bound=Paged)


class PageBeyond(EnvelopeIncomplete):
    """No document of the envelope has that page."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A document that shall go into an envelope, and where it lies."""

    id: str
    folder_id: str


def check_documents(chosen: Sequence[Chosen], most: int) -> None:
    """Accept 1 to `most` documents of one folder, each once. Raises EnvelopeIncomplete.

    One folder, because whoever may see an envelope sees all its documents (promise 27).
    """
    if not chosen:
        raise EnvelopeIncomplete("Choose at least one document.")
    if len(chosen) > most:
        raise EnvelopeIncomplete(f"An envelope can have at most {most} documents.")
    if len({one.id for one in chosen}) != len(chosen):
        raise EnvelopeIncomplete("Each document can be in an envelope only once.")
    if len({one.folder_id for one in chosen}) != 1:
        raise EnvelopeIncomplete("The documents of an envelope have to lie in the same folder.")


def digest_of(digests: Sequence[str]) -> str:
    """Return the fingerprint that a signer confirms, hex SHA-256. digests: of each document, in order.

    Of one document it is that document's own; of several it binds each of them and their order.
    """
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256(_SEVERAL + "".join(f"{digest}\n" for digest in digests).encode()).hexdigest()


def with_first_pages(documents: Iterable[One]) -> list[tuple[One, int]]:
    """Return each document with the number of its first page in the envelope, from 1."""
    placed, first = [], 1
    for document in documents:
        placed.append((document, first))
        first += document.pages
    return placed


def find_page(documents: Iterable[One], page: int) -> tuple[One, int]:
    """Return the document that has a page of the envelope, and the page's number in it. Raises PageBeyond."""
    for document, first in with_first_pages(documents):
        if first <= page < first + document.pages:
            return document, page - first + 1
    raise PageBeyond("There is no such page.")


def fields_within(fields: Iterable[PlacedField], first: int, pages: int) -> list[PlacedField]:
    """Return the fields of one document, with pages counted in it. first: its first page in the envelope."""
    return [
        replace(field, page=field.page - first + 1) for field in fields if first <= field.page < first + pages
    ]
