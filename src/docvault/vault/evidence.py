"""What is known about the signing of one envelope: its sealed rows and its part of the audit log.

The fields are those of promise 71 in docs/security.md. Decides nothing: whoever calls completes the envelope.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from docvault.audit.kinds import Kind
from docvault.database import (
    audit_checkpoints,
    audit_trail,
    envelope_evidence,
    handovers,
    installation,
    organisations,
    retention,
)
from docvault.database.audit_checkpoints import LogSigner, Signed
from docvault.database.audit_trail import EntryRow
from docvault.database.engine import Database, Transaction
from docvault.database.envelope_documents import EnclosedRow
from docvault.database.envelopes import EnvelopeRow
from docvault.database.handovers import Handover, How
from docvault.database.messages import Records
from docvault.database.recipients import RecipientRow
from docvault.pdf.completion import Deed, Document, Facts, HandedIn, Signer
from docvault.pdf.validate import Report
from docvault.rules.in_person import WORDS, Checked
from docvault.rules.retention import fate

DEEDS = {
    Kind.ENVELOPE_HOSTED: "The host vouched for them and handed over the device",
    Kind.ENVELOPE_VIEWED: "Opened the envelope",
    Kind.ENVELOPE_READ: "Opened or downloaded the document",
    Kind.ENVELOPE_CONSENTED: "Agreed to sign electronically",
    Kind.ENVELOPE_PAPER_ASKED: "Asked to sign on paper instead",
    Kind.ENVELOPE_CONSENT_WITHDRAWN: "Took back the consent to sign electronically",
    Kind.ENVELOPE_PAGES_SEEN: "Was shown pages",
    Kind.ENVELOPE_ATTACHED: "Handed in a file",
    Kind.ENVELOPE_ATTACHMENT_REMOVED: "Took back a file",
    Kind.ENVELOPE_SHEET_ADDED: "Added a sheet of what they signed by hand",
    Kind.ENVELOPE_SHEET_REMOVED: "Took away a sheet",
    Kind.ENVELOPE_PAPER_HANDED_IN: "Handed in the scan, confirmed with a {factor}",
    Kind.ENVELOPE_PAPER_ACCEPTED: "The sender accepted the scan",
    Kind.ENVELOPE_PAPER_RETURNED: "The sender sent the scan back",
    Kind.ENVELOPE_SIGNED: "Signed, confirmed with a {factor}",
    Kind.ENVELOPE_APPROVED: "Approved, confirmed with a {factor}",
    Kind.ENVELOPE_READ_THROUGH: "Confirmed having read everything",
    Kind.ENVELOPE_DELEGATED: "Handed their part to somebody else",
}
BY_OTHERS = frozenset(  # what somebody else did about this signer
    {Kind.ENVELOPE_HOSTED, Kind.ENVELOPE_PAPER_ACCEPTED, Kind.ENVELOPE_PAPER_RETURNED}
)
SECOND_FACTORS = ("totp", "passkey")
FACTOR_NAMES = {
    "mail": "code from a mail",
    "password": "password",
    "totp": "one-time code",
    "passkey": "passkey",
    "host": "the word of a host",
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed document: its SHA-256, hex, and what our own validator says about it."""

    document: EnclosedRow
    sha256: str
    report: Report


@dataclass(frozen=True, slots=True)
class Evidence:
    """Facts for the certificate, and what is attached to it beside the signed document."""

    facts: Facts
    trail: bytes  # a bundle of the audit log that `docvault audit verify` reads
    entries: bytes  # the same entries as JSON, for reading


def collect(
    db: Database,
    records: Records,
    log: LogSigner,
    row: EnvelopeRow,
    sealed: Sequence[Sealed],
    now: datetime,
) -> Evidence:
    """Sign the log as it is, and return the evidence that it proves. Raises Tampered, LogDamaged."""
    with db.transaction() as tx:
        signed = audit_checkpoints.publish(tx, log, now)
        entries = envelope_evidence.trail(tx, row.id)
        facts = _facts(tx, records, log, row, entries, signed, sealed, now)
        return Evidence(
            facts=facts,
            trail=envelope_evidence.proven(tx, log.in_charge(tx), row.id, signed, now),
            entries=_readable(row, entries, signed),
        )


def _facts(
    tx: Transaction,
    records: Records,
    log: LogSigner,
    row: EnvelopeRow,
    entries: Sequence[EntryRow],
    signed: Signed,
    sealed: Sequence[Sealed],
    now: datetime,
) -> Facts:
    portal = installation.find(tx)
    passed = handovers.of_envelope(tx, row.id)
    return Facts(
        envelope_id=row.id,
        title=row.title,
        organisation=organisations.operator(tx).name,
        portal=portal.name if portal else "DocVault",
        sender=row.sender_name,
        sender_email=row.sender_email,
        sent_at=row.sent_at or row.created_at,
        completed_at=now,
        documents=tuple(_documents(row, sealed, envelope_evidence.uploaded(tx, entries))),
        signers=tuple(_signer(tx, records, one, entries, passed) for one in row.recipients),
        log_origin=log.origin,
        log_size=signed.size,
        checkpoint=signed.note,
        retained_until=_retained_until(tx, row, now),
    )


def _retained_until(tx: Transaction, row: EnvelopeRow, now: datetime) -> date | None:
    """Return until when every document is kept by the schedules of today, counted from this completion."""
    lives = [one.life for one in retention.of(tx, [one.document_id for one in row.documents], now).values()]
    completed = [replace(life, completed_at=now, open_envelope=False) for life in lives]
    days = [fate(life, tx.policy.numbers.retention).kept_until.date() for life in completed]
    return min(days, default=None)


def _documents(row: EnvelopeRow, sealed: Sequence[Sealed], uploaded: Sequence[str]) -> Iterable[Document]:
    for one, digest in zip(sealed, uploaded, strict=True):
        yield Document(
            name=row.title if len(sealed) == 1 else one.document.name,
            pages=one.document.pages,
            sha256_original=digest,
            sha256_sent=one.document.digest or "",
            sha256_sealed=one.sha256,
            report=one.report,
            arrived=one.document.arrival.signatures if one.document.arrival else 0,
        )


def _signer(
    tx: Transaction,
    records: Records,
    one: RecipientRow,
    entries: Sequence[EntryRow],
    passed: Sequence[Handover],
) -> Signer:
    opened = json.loads(records.open(f"evidence:{one.id}", one.evidence)) if one.evidence else {}
    issued = [
        entry
        for entry in entries
        if entry.kind == Kind.SIGNING_CERTIFICATE_ISSUED
        and entry.facts["certificate"] == one.certificate_sha256
    ]
    factors = str(opened.get("factors", ""))
    return Signer(
        name=one.name,
        email=one.email,
        organisation=one.organisation_name,
        role=one.part.value,
        turn=one.turn,
        identity=" ".join([_identity(tx, one, opened), *_passed_on(one, passed)]),
        authentication=_authentication(factors, _confirmed_with(opened), one),
        level="advanced" if any(factor in factors for factor in SECOND_FACTORS) else "simple",
        consent_id=one.consent_text or "",
        consent_sha256=one.consent_sha256 or "",
        consent_language=(one.consent_text or "").partition("-")[0],
        consented_at=one.consented_at,
        signed_at=one.signed_at,
        certificate_sha256=one.certificate_sha256 or "",
        certificate_index=issued[0].index if issued else None,
        deeds=tuple(_deeds(entries, one)),
        files=tuple(_files(entries, one)),
        on_paper=_on_paper(entries, one),
    )


def _identity(tx: Transaction, one: RecipientRow, said: Mapping[str, Any]) -> str:
    """Say who vouched for this person: the one who invited them, by a link to their address."""
    trail = audit_trail.object_trail(tx, "person", one.person_id)
    if "mail_code_at" in said:
        known = _outside(one, said, trail)
        return f"{known} {_beside(one, said)}" if "host" in said else known
    invited = [entry for entry in trail if entry.kind == Kind.PERSON_INVITED]
    if not invited:
        return "Has an account of this portal."
    by = invited[0].actor_name if invited[0].actor_id else "the portal's operator"
    return f"Invited by {by} on {invited[0].at:%Y-%m-%d}, through a one-time link."


def _passed_on(one: RecipientRow, passed: Iterable[Handover]) -> Iterable[str]:
    """Say how the part came to this person, where somebody else was asked first."""
    for each in passed:
        if each.recipient_id == one.id:
            how = "Acts for" if each.kind is How.DELEGATED else "Put by the sender in the place of"
            when = f"{each.at:%Y-%m-%d %H:%M:%S} UTC"
            yield f"{how} {each.from_name} since {when}. The reason given: “{each.reason}”."


def _outside(one: RecipientRow, said: Mapping[str, Any], trail: Iterable[EntryRow]) -> str:
    """Say by what somebody without an account is known: what they gave, and when their factor was set up."""
    parts = [f"the code mailed to {one.email} at {_at(said['mail_code_at'])}"]
    if "access_code_at" in said:
        parts.append(f"the access code that the sender told them at {_at(said['access_code_at'])}")
    factors = [] if "host" in said else trail  # beside a host no factor of their own was asked for
    parts += [
        f"the {FACTOR_NAMES.get(str(entry.facts['factor']), entry.facts['factor'])} set up at {_at(entry.at)}"
        for entry in factors
        if entry.kind == Kind.FACTOR_ENROLLED
    ]
    return f"Has no account of this portal. Known by {'; '.join(parts)}."


def _beside(one: RecipientRow, said: Mapping[str, Any]) -> str:
    """Say who vouched for somebody who signed in person, how, and with what they proved who they are."""
    host = f"{one.host.name} ({one.host.email})" if one.host else "A host"
    factor = FACTOR_NAMES.get(str(said["host_confirmed_with"]), said["host_confirmed_with"])
    return (
        f"Signed in person at the device of {host}, who vouched at {_at(said['host_at'])} to have checked who"
        f" they are {WORDS[Checked(said['host_checked'])]}, and confirmed that with a {factor} for exactly"
        " these documents."
    )


def _at(moment: str | datetime) -> str:
    at = moment if isinstance(moment, datetime) else datetime.fromisoformat(moment)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _confirmed_with(said: Mapping[str, Any]) -> str:
    """Return the factor that confirmed the signature, in words; before there were passkeys it was a code."""
    factor = str(said.get("confirmed_with", "totp"))
    return FACTOR_NAMES.get(factor, factor)


def _authentication(factors: str, confirmed_with: str, one: RecipientRow) -> str:
    names = " and ".join(FACTOR_NAMES.get(factor, factor) for factor in factors.split("+"))
    when = f"{one.signed_at:%Y-%m-%d %H:%M:%S} UTC" if one.signed_at else "signing"
    return f"Signed in with {names}; confirmed this document with a {confirmed_with} at {when}."


def _on_paper(entries: Sequence[EntryRow], one: RecipientRow) -> str:
    """Say by what a signature on paper is known; empty for who signed electronically."""
    if not one.on_paper:
        return ""
    handed_in, accepted = (
        [entry for entry in entries if entry.kind == kind and entry.facts.get("recipient") == one.id][-1]
        for kind in (Kind.ENVELOPE_PAPER_HANDED_IN, Kind.ENVELOPE_PAPER_ACCEPTED)
    )
    pages = int(str(handed_in.facts["pages"]))
    return (
        f"Signed by hand on paper, so no electronic signature was made. A scan of {pages} "
        f"{'page' if pages == 1 else 'pages'} was handed in at {_at(handed_in.at)} and accepted by "
        f"{accepted.actor_name} at {_at(accepted.at)}."
    )


def _files(entries: Iterable[EntryRow], one: RecipientRow) -> Iterable[HandedIn]:
    """Return the files that were part of what this person signed."""
    for entry in entries:
        if entry.kind == Kind.ENVELOPE_SIGNED and entry.facts.get("recipient") == one.id:
            for file in (entry.private or {}).get("files", ()):
                yield HandedIn(str(file["name"]), int(file["size"]), str(file["sha256"]))


def _deeds(entries: Iterable[EntryRow], one: RecipientRow) -> Iterable[Deed]:
    for entry in entries:
        own = entry.actor_id == one.person_id and entry.kind in DEEDS and entry.kind not in BY_OTHERS
        if own or (entry.kind in BY_OTHERS and entry.facts.get("recipient") == one.id):
            known: dict[str, Any] = entry.private or {}
            yield Deed(
                at=entry.at,
                what=DEEDS[Kind(entry.kind)].format(factor=_confirmed_with(entry.facts)),
                address=str(known.get("address", "")),
                user_agent=str(known.get("user_agent", "")),
                index=entry.index,
            )


def _readable(row: EnvelopeRow, entries: Sequence[EntryRow], signed: Signed) -> bytes:
    plain = {
        "envelope": row.id,
        "checkpoint": signed.note,
        "entries": [
            {
                "index": entry.index,
                "at": entry.at.isoformat(),
                "kind": entry.kind,
                "sentence": entry.sentence,
                "facts": entry.facts,
                "details": entry.private,
                "leaf_hash": entry.leaf_hash.hex(),
            }
            for entry in entries
        ],
    }
    return json.dumps(plain, ensure_ascii=False, indent=1).encode()
