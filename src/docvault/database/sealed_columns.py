"""Every column that holds something sealed under a master key, and what each value is bound to.

A rotation walks this list, and what it forgets dies with the old key: tests/house/test_sealed_columns.py
fails for a new column of bytes that is neither here nor said to hold something else. Opens nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, Select, and_, func, select, tuple_, update

from docvault.database import keys, tables
from docvault.database.engine import Transaction
from docvault.database.tables import (
    bulk_rows,
    fields,
    folder_keys,
    folders,
    found_fields,
    holds,
    invitations,
    kept_answers,
    link_codes,
    mail_codes,
    messages,
    outside_signers,
    passkeys,
    proposals,
    recipients,
    single_sign_ons,
    template_links,
    template_versions,
    totp_factors,
)
from docvault.encryption.contexts import FolderContext
from docvault.encryption.masters import FOLDER_KEY, HEADER, generation_of, header, record_purpose

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """One column. `label` returns a value's one-purpose key and its context, for a row of `rows`."""

    column: Column[Any]
    label: Callable[[Values], tuple[str, bytes]]
    rows: Select[Any]

    @property
    def name(self) -> str:
        return f"{self.column.table.name}.{self.column.name}"


def _record(column: Column[Any], context: Callable[[Values], str]) -> SealedColumn:
    """A small secret: `purpose:rest` names its key."""

    def label(row: Values) -> tuple[str, bytes]:
        words = context(row)
        return record_purpose(words), words.encode()

    return SealedColumn(column, label, select(column.table))


def _folder_key(row: Values) -> tuple[str, bytes]:
    return FOLDER_KEY, FolderContext(row["organisation_id"], row["folder_id"], row["generation"]).encode()


SEALED: Sequence[SealedColumn] = (
    _record(totp_factors.c.secret, lambda row: f"totp:{row['person_id']}"),
    _record(totp_factors.c.pending, lambda row: f"totp:{row['person_id']}"),
    _record(passkeys.c.sealed, lambda row: f"passkey:{row['person_id']}:{row['id']}"),
    _record(single_sign_ons.c.sealed, lambda row: f"single-sign-on:{row['state_hash'].hex()}"),
    _record(invitations.c.detail, lambda row: f"link:{row['person_id']}"),
    _record(holds.c.sealed, lambda row: f"hold:{row['id']}"),
    _record(proposals.c.sealed, lambda row: f"proposal:{row['id']}"),
    _record(messages.c.body, lambda row: f"message:{row['id']}"),
    _record(recipients.c.answers, lambda row: f"answers:{row['id']}"),
    _record(found_fields.c.found, lambda row: f"found:{row['envelope_id']}:{row['position']}"),
    _record(kept_answers.c.answers, lambda row: f"kept-answers:{row['recipient_id']}"),
    _record(fields.c.prefilled, lambda row: f"prefilled:{row['id']}"),
    _record(template_versions.c.fields, lambda row: f"template:{row['template_id']}:{row['number']}"),
    _record(bulk_rows.c.sealed, lambda row: f"bulk-row:{row['bulk_id']}:{row['number']}"),
    _record(template_links.c.sealed, lambda row: f"template-link:{row['id']}"),
    _record(link_codes.c.sealed, lambda row: f"link-code:{row['id']}"),
    _record(recipients.c.evidence, lambda row: f"evidence:{row['id']}"),
    _record(outside_signers.c.access_code, lambda row: f"access-code:{row['recipient_id']}"),
    _record(mail_codes.c.code, lambda row: f"mail-code:{row['id']}"),
    _record(tables.keys.c.wrapped, lambda row: keys.context_of(row["name"], row["generation"])),
    SealedColumn(
        folder_keys.c.wrapped,
        _folder_key,
        select(folder_keys, folders.c.organisation_id).join_from(folder_keys, folders),
    ),
)


def tally(tx: Transaction, sealed: SealedColumn) -> dict[int, int]:
    """Return how many values of the column are under each master."""
    start = _start(sealed)
    chosen = select(start, func.count()).where(_holds(sealed)).group_by(start)
    found = tx.connection.execute(chosen).all()
    return {generation_of(bytes(begins)): count for begins, count in found}


def older(
    tx: Transaction, sealed: SealedColumn, generation: int, *, after: Sequence[Any] | None, limit: int
) -> Sequence[Values]:
    """Return rows whose value is under another master than `generation`, in the order of their keys.

    after: the key of the last row of the batch before, from `key_of`.
    """
    primary = list(sealed.column.table.primary_key)
    chosen = sealed.rows.where(_holds(sealed), _start(sealed) != header(generation))
    if after is not None:
        chosen = chosen.where(tuple_(*primary) > tuple_(*after))
    rows = tx.connection.execute(chosen.order_by(*primary).limit(limit)).mappings()
    return [dict(row) for row in rows]


def key_of(sealed: SealedColumn, row: Values) -> list[Any]:
    """Return what names the row in its table."""
    return [row[column.name] for column in sealed.column.table.primary_key]


def replace(tx: Transaction, sealed: SealedColumn, row: Values, value: bytes) -> bool:
    """Put `value` in the place of the one in `row`; False if somebody changed that meanwhile."""
    primary = sealed.column.table.primary_key
    same = [column == row[column.name] for column in primary]
    unchanged = sealed.column == row[sealed.column.name]
    changed = update(sealed.column.table).where(and_(*same, unchanged)).values({sealed.column: value})
    return tx.connection.execute(changed).rowcount == 1


def _start(sealed: SealedColumn) -> Any:
    return func.substr(sealed.column, 1, HEADER, type_=LargeBinary)


def _holds(sealed: SealedColumn) -> Any:
    return sealed.column.is_not(None) & (func.length(sealed.column) > 0)
