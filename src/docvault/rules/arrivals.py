"""Documents that arrived signed: what is known of them, and which fields can lie on them. Pure: no I/O."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from docvault.rules.envelope_documents import Paged, fields_within, with_first_pages
from docvault.rules.fields import FieldKind, FieldRefused, PlacedField

POSSIBLE = frozenset({FieldKind.SIGNATURE, FieldKind.ATTACHMENT})  # a file stays outside the PDF


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a document brought along that new signatures go on top of.

    signatures: archive timestamps count as well. visible: a new signature may show on its pages.
    names: the document's own signature fields that people sign in, by recipient.
    """

    signatures: int
    visible: bool
    names: Mapping[str, str] = field(default_factory=dict)

    def dump(self) -> str:
        """Return it as it is kept."""
        return json.dumps(
            {"signatures": self.signatures, "visible": self.visible, "names": dict(self.names)},
            sort_keys=True,
        )

    @classmethod
    def load(cls, kept: str | None) -> Self | None:
        """Read what `dump` wrote; None for a document that arrived without signatures."""
        return None if kept is None else cls(**json.loads(kept))


class Arrived(Paged, Protocol):
    """A document of an envelope that knows how it arrived."""

    @property
    def name(self) -> str: ...

    @property
    def arrival(self) -> Arrival | None: ...


def check_fields_on_top(placed: Sequence[PlacedField], documents: Iterable[Arrived]) -> None:
    """Accept only what can be added to documents that arrived signed. Raises FieldRefused.

    placed: the fields of the whole envelope, with pages counted over all its documents.
    """
    for document, first in with_first_pages(documents):
        if document.arrival is not None:
            _check(fields_within(placed, first, document.pages), first, document.name)


def _check(placed: Sequence[PlacedField], first: int, name: str) -> None:
    signing = set()
    for one in placed:
        page = one.page + first - 1
        if one.kind not in POSSIBLE:
            raise FieldRefused(
                f"{name} arrived signed, so only signatures can be added to it and nothing can be filled in. "
                f"Please remove the {one.kind} field on page {page}."
            )
        if one.kind is FieldKind.SIGNATURE and one.recipient_id in signing:
            raise FieldRefused(
                f"{name} arrived signed, so each person signs it in one place. "
                f"Please remove one of the signature fields of the same person, e.g. on page {page}."
            )
        signing |= {one.recipient_id} if one.kind is FieldKind.SIGNATURE else set()
