"""Files that signers hand in with their signature: brought, taken back, and given to everybody afterwards.

They are encrypted and pass the malware gate like every file; they are not put into the PDF.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

from docvault.audit.kinds import Kind
from docvault.database import attachments, envelope_history, envelopes, fields
from docvault.database.attachments import PURPOSE, AttachmentRow
from docvault.database.engine import Database, Transaction
from docvault.database.envelopes import EnvelopeRow
from docvault.database.recipients import RecipientRow
from docvault.policy.vocabulary import Acting
from docvault.rules import envelopes as rules
from docvault.rules import names, sizes
from docvault.rules.envelopes import SigningRefused, State
from docvault.rules.fields import FieldKind
from docvault.values import EnvelopeId, NotFound, new_id
from docvault.vault.files import Vault

MEDIA_TYPE = "application/octet-stream"  # it is downloaded, never shown
TRIES = 50  # files that one person may bring for one document, replaced ones too


class AttachmentRefused(SigningRefused):
    """The file was not kept; the message says why."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """A file to hand out. open_range yields its bytes from start up to, not including, stop."""

    name: str
    size: int  # bytes
    sha256: str
    open_range: Callable[[int, int], Iterator[bytes]]
    media_type: str = MEDIA_TYPE


def attach_file(
    db: Database,
    vault: Vault,
    *,
    acting: Acting,
    envelope_id: EnvelopeId,
    field_id: str,
    filename: str,
    content: bytes,
    now: datetime,
) -> AttachmentRow:
    """Keep a file for a field of one's own, in the place of the one before.

    Raises BadName, NotFound, Forbidden, EnvelopeClosed, AlreadySigned, NotYourTurn, NotYourPart,
    AttachmentRefused, StorageFull.
    """
    name = names.file_name(filename)
    with db.reading() as tx:
        row, _ = _field(tx, acting, envelope_id, field_id, now)
        document_id = row.documents[0].document_id
        _check_room(tx, acting, document_id, len(content))
    staged = vault.stage(
        db,
        document_id=document_id,
        purpose=PURPOSE,
        media_type=MEDIA_TYPE,
        created_by=acting.person_id,
        source=BytesIO(content),
        now=now,
    )
    try:
        with db.transaction() as tx:
            row, recipient = _field(tx, acting, envelope_id, field_id, now)
            kept = vault.keep(tx, staged, now=now)
            attachment_id = new_id()
            attachments.put(
                tx,
                id=attachment_id,
                envelope_id=row.id,
                recipient_id=recipient.id,
                field_id=field_id,
                version_id=kept.id,
                name=name,
                size=kept.size,
                sha256=kept.sha256,
                created_at=now,
            )
            facts = {"recipient": recipient.id, "field": field_id, "sha256": kept.sha256, "size": kept.size}
            _record(tx, Kind.ENVELOPE_ATTACHED, row, acting, facts, name, now)
            found = attachments.of_recipient(tx, recipient.id)
            return next(one for one in found if one.id == attachment_id)
    except BaseException:
        vault.discard(staged)
        raise


def remove_file(
    db: Database, *, acting: Acting, envelope_id: EnvelopeId, field_id: str, now: datetime
) -> None:
    """Take back the file of a field before signing. Raises as `attach_file`, and NotFound without a file."""
    with db.transaction() as tx:
        row, recipient = _field(tx, acting, envelope_id, field_id, now)
        found = attachments.of_recipient(tx, recipient.id)
        mine = next((one for one in found if one.field_id == field_id), None)
        if mine is None:
            raise NotFound
        attachments.keep_only(tx, recipient.id, [one.id for one in found if one is not mine])
        facts: dict[str, object] = {"recipient": recipient.id, "field": field_id, "sha256": mine.sha256}
        _record(tx, Kind.ENVELOPE_ATTACHMENT_REMOVED, row, acting, facts, mine.name, now)


def list_files(db: Database, *, acting: Acting, envelope_id: EnvelopeId) -> Sequence[AttachmentRow]:
    """Return the files that `acting` may have: of a completed envelope all, before only their own.

    Raises NotFound, Forbidden.
    """
    with db.reading() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        return _theirs(tx, row, acting)


def open_file(
    db: Database, vault: Vault, *, acting: Acting, envelope_id: EnvelopeId, attachment_id: str, now: datetime
) -> AttachedFile:
    """Hand out one of those files. Raises NotFound, Forbidden, NotScanned, Quarantined."""
    with db.transaction() as tx:
        row = envelopes.for_reading(tx, acting, envelope_id)
        found = next((one for one in _theirs(tx, row, acting) if one.id == attachment_id), None)
        if found is None:
            raise NotFound
        facts = {"which": "attachment", "version": found.version_id, "how": "downloaded"}
        envelope_history.record(tx, Kind.ENVELOPE_READ, row, at=now, acting=acting, facts=facts)
    opened = vault.open_version(db, found.version_id)
    return AttachedFile(found.name, opened.size, found.sha256, opened.range)


def _theirs(tx: Transaction, row: EnvelopeRow, acting: Acting) -> Sequence[AttachmentRow]:
    found = attachments.of_envelope(tx, row.id)
    if row.state is State.COMPLETED:
        return found
    mine = row.recipient_of(acting.person_id)
    return [one for one in found if mine is not None and one.recipient_id == mine.id]


def _field(
    tx: Transaction, acting: Acting, envelope_id: EnvelopeId, field_id: str, now: datetime
) -> tuple[EnvelopeRow, RecipientRow]:
    """Return the envelope and the signer's row, if the field asks them for a file now."""
    row, recipient = envelopes.for_signing(tx, acting, envelope_id)
    rules.require_turn(envelopes.to_decide(tx, row), recipient.id, rules.SIGNING, now)
    for field in fields.of_envelope(tx, row.id):
        if field.id == field_id and field.recipient_id == recipient.id and field.kind is FieldKind.ATTACHMENT:
            return row, recipient
    raise NotFound


def _check_room(tx: Transaction, acting: Acting, document_id: str, size: int) -> None:
    most = tx.policy.numbers.signing.max_attachment_bytes
    if size > most:
        raise AttachmentRefused(f"This file is too large. It can have up to {sizes.words(most)}.")
    if size == 0:
        raise AttachmentRefused("This file is empty. Please choose another one.")
    if attachments.count_tries(tx, document_id, acting.person_id) >= TRIES:
        raise AttachmentRefused("You have handed in too many files here. Please ask the sender.")


def _record(
    tx: Transaction,
    kind: Kind,
    row: EnvelopeRow,
    acting: Acting,
    facts: dict[str, object],
    name: str,
    now: datetime,
) -> None:
    envelope_history.record(tx, kind, row, at=now, acting=acting, facts=facts, private={"name": name})
