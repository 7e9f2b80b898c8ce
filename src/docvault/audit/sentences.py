"""One plain sentence for every kind of entry: who did what to what. Does no I/O, escapes nothing.

Names and titles come from the entry's details; where those were erased, the sentence stands without them.
"""

from collections.abc import Mapping
from typing import Any

from docvault.audit.kinds import Kind

ERASED = "A person whose details were erased"
UNKNOWN = "Somebody who was not signed in"
ITSELF = "DocVault"

# {who}: the person who acted; {title}: the envelope's or document's; {folder}; {person}: the one acted upon;
# {organisation}; {count}; {reason}: with its own lead-in, or nothing.
_SENTENCES: Mapping[str, str] = {
    Kind.INSTALLATION_CREATED: "{who} set up this portal",
    Kind.ORGANISATION_CREATED: "{who} added the organisation {organisation}",
    Kind.ORGANISATION_ASSIGNED: "{who} gave {person} the client {organisation}",
    Kind.ORGANISATION_UNASSIGNED: "{who} took the client {organisation} from {person}",
    Kind.MEMBER_ADDED: "{who} made {person} a member of {organisation}",
    Kind.MEMBER_REMOVED: "{who} ended the membership of {person} in {organisation}",
    Kind.PERSON_INVITED: "{who} invited {person}",
    Kind.INVITATION_ACCEPTED: "{who} accepted the invitation and chose a password",
    Kind.PERSON_JOINED: "{who} joined the portal",
    Kind.PERSON_DISABLED: "{who} disabled the account of {person}",
    Kind.PERSON_ENABLED: "{who} enabled the account of {person}",
    Kind.PERSON_FROZEN: "{person} froze the account with the link of a notice",
    Kind.PERSON_RENAMED: "{who} changed the name to {new}",
    Kind.PERSON_ERASED: "The details of a person were erased",
    Kind.PERSON_ROLE_CHANGED: "{who} gave {person} another role",
    Kind.LANGUAGE_CHOSEN: "{who} chose the language of mail",
    Kind.TIME_ZONE_CHOSEN: "{who} chose a time zone",
    Kind.EMAIL_CHANGE_STARTED: "{who} asked for another e-mail address",
    Kind.EMAIL_CHANGED: "{who} confirmed another e-mail address",
    Kind.IDENTITY_LINKED: "The account of {person} was connected with single sign-on",
    Kind.IDENTITY_UNLINKED: "The account of {person} was disconnected from single sign-on",
    Kind.PASSWORD_SET: "{who} set a password",
    Kind.PASSWORD_WRONG: "{who} gave a wrong current password",
    Kind.PASSWORD_RESET_STARTED: "{who} started a password reset for {person}",
    Kind.FACTOR_ENROLMENT_STARTED: "{who} began to set up a second factor",
    Kind.FACTOR_ENROLMENT_REFUSED: "{who} could not prove a second factor while setting it up",
    Kind.FACTOR_ENROLLED: "{who} set up a second factor",
    Kind.FACTOR_REMOVED: "{who} removed an authenticator app",
    Kind.FACTOR_REPROVED: "{person} may set up a second factor anew",
    Kind.PASSKEY_ADDED: "{who} added the passkey {passkey}",
    Kind.PASSKEY_RENAMED: "{who} renamed a passkey to {passkey}",
    Kind.PASSKEY_REMOVED: "{who} removed the passkey {passkey}",
    Kind.RECOVERY_CODES_ISSUED: "{who} received recovery codes",
    Kind.RECOVERY_CODE_USED: "{who} used a recovery code",
    Kind.PASSWORD_ACCEPTED: "{who} entered the right password",
    Kind.SIGN_ON_ACCEPTED: "{who} came from single sign-on",
    Kind.SIGN_IN_SUCCEEDED: "{who} signed in",
    Kind.SIGN_IN_REFUSED: "A sign-in as {person} was refused",
    Kind.SIGNED_OUT: "{who} signed out",
    Kind.SESSION_REVOKED: "{who} ended a session of {person}",
    Kind.SESSIONS_REVOKED: "{who} ended the sessions of {person}",
    Kind.DEVICE_ADDED: "{who} signed in from a new device",
    Kind.DEVICE_FORGOTTEN: "{who} forgot a device",
    Kind.TOKEN_CREATED: "{who} made the token {token}",
    Kind.TOKEN_REVOKED: "{who} revoked the token {token}",
    Kind.CERTIFICATE_ENDS_SOON: "Administrators were told when the certificate {certificate} ends",
    Kind.TOKEN_ENDS_SOON: "{person} was told that the token {token} ends soon",
    Kind.STEP_UP_CONFIRMED: "{who} confirmed with a second factor",
    Kind.STEP_UP_REFUSED: "{who} gave a second factor that was refused",
    Kind.PROPOSAL_MADE: "{who} proposed: {proposal}",
    Kind.PROPOSAL_CONFIRMED: "{who} confirmed: {proposal}",
    Kind.PROPOSAL_REFUSED: "{who} refused: {proposal}",
    Kind.PROPOSAL_WITHDRAWN: "{who} withdrew: {proposal}",
    Kind.PROPOSAL_LAPSED: "{lapsed}: {proposal}",
    Kind.PROPOSAL_DONE: "Carried out, {decided}: {proposal}",
    Kind.FOLDER_CREATED: "{who} created the folder {folder}",
    Kind.FOLDER_RENAMED: "{who} renamed a folder to {folder}",
    Kind.FOLDER_MOVED: "{who} moved the folder {folder}",
    Kind.FOLDER_TRASHED: "{who} put the folder {folder} into the bin",
    Kind.FOLDER_RESTORED: "{who} took the folder {folder} out of the bin",
    Kind.FOLDER_DOWNLOADED: "{who} downloaded the folder {folder}",
    Kind.FOLDER_SHARED: "{who} shared the folder {folder} with {person}",
    Kind.FOLDER_SHARE_CHANGED: "{who} changed how the folder {folder} is shared with {person}",
    Kind.FOLDER_UNSHARED: "{who} stopped sharing the folder {folder} with {person}",
    Kind.FOLDER_DENIED: "{who} keeps {person} out of the folder {folder}",
    Kind.FOLDER_ALLOWED: "{who} no longer keeps {person} out of the folder {folder}",
    Kind.UPLOAD_STARTED: "{who} started to upload {title}",
    Kind.UPLOAD_ABANDONED: "The upload of {title} was abandoned",
    Kind.DOCUMENT_ADDED: "{who} added {title}",
    Kind.DOCUMENT_READ: "{who} opened {title}",
    Kind.DOCUMENT_DOWNLOADED: "{who} downloaded {title}",
    Kind.DOCUMENT_RENAMED: "{who} renamed {title}",
    Kind.DOCUMENT_MOVED: "{who} moved {title} to another folder",
    Kind.DOCUMENT_TRASHED: "{who} put {title} into the bin",
    Kind.DOCUMENT_RESTORED: "{who} took {title} out of the bin",
    Kind.VERSION_RESTORED: "{who} brought back an older version of {title}",
    Kind.DOCUMENT_COMPARED: "{who} compared two versions of {title}",
    Kind.DOCUMENT_SCANNED: "{title} was scanned for malware",
    Kind.DOCUMENT_DISPOSED: "{title} was destroyed{reason}",
    Kind.DOCUMENT_LOCKED: "The store for files keeps a version of {title} from being removed",
    Kind.DOCUMENT_SEARCHED: "{who} searched in documents",
    Kind.FILE_REQUEST_MADE: "{who} asked guests for files: {title}",
    Kind.FILE_REQUEST_EXTENDED: "{who} gave the request for files {title} another last day",
    Kind.FILE_REQUEST_CLOSED: "{who} closed the request for files: {title}",
    Kind.FILE_REQUEST_OPENED: "A guest, {person}, opened the request for files",
    Kind.HOLD_PLACED: "{who} placed a legal hold on {title}{reason}",
    Kind.HOLD_LIFTED: "The legal hold on {title} was lifted, as two people decided",
    Kind.RETENTION_OVERRIDDEN: "{title} is kept until another day, as two people decided",
    Kind.RETENTION_REPORTED: "{who} looked at what is kept for how long",
    Kind.QUOTA_SET: "{who} set how much {organisation} may store",
    Kind.PERSON_QUOTA_SET: "{who} set how much {person} may store",
    Kind.TRUST_ADDED: "{who} added {title} to the trust list{reason}",
    Kind.TRUST_REMOVED: "{who} took {title} from the trust list",
    Kind.FOLDER_KEY_ROTATED: "The folder {folder} got a new key",
    Kind.KEY_ROTATION_STARTED: "{who} began to rotate a key",
    Kind.KEY_ROTATION_DONE: "The rotation of a key was completed",
    Kind.KEY_DESTROYED: "{who} destroyed an old key",
    Kind.LOG_KEY_CHANGED: "{who} gave the audit log a new key",
    Kind.BACKUP_MADE: "{who} made a backup",
    Kind.BACKUP_RESTORED: "{who} restored a backup",
    Kind.PROPERTIES_CHANGED: "{who} changed the properties of a file or folder",
    Kind.GLASS_BROKEN: "{who} broke the glass of {title}{reason}",
    Kind.ENVELOPE_CREATED: "{who} created the envelope {title}",
    Kind.ENVELOPE_FIELDS_PLACED: "{who} placed {count} on {title}",
    Kind.ENVELOPE_SENT: "{who} sent {title} to be signed",
    Kind.ENVELOPE_CODE_MAILED: "A code was mailed to {person} for {title}",
    Kind.ENVELOPE_CODE_ACCEPTED: "{person} gave the code that was mailed for {title}",
    Kind.ENVELOPE_CODE_REFUSED: "A wrong code was given for {person} and {title}",
    Kind.ENVELOPE_ACCESS_CODE_SET: "{who} made a new access code for {person}, who signs {title}",
    Kind.ENVELOPE_HOSTED: "{who} vouched for {person} and handed them the device to sign {title}",
    Kind.ENVELOPE_HANDED_BACK: "The device was taken back from {person}, who signs {title} in person",
    Kind.ENVELOPE_VIEWED: "{who} opened {title} to sign it",
    Kind.ENVELOPE_READ: "{who} read {title}",
    Kind.ENVELOPE_REMINDED: "{who} sent a reminder about {title}",
    Kind.ENVELOPE_CONSENTED: "{who} agreed to sign {title} electronically",
    Kind.ENVELOPE_PAPER_ASKED: "{who} would rather sign {title} on paper{reason}",
    Kind.ENVELOPE_CONSENT_WITHDRAWN: "{who} took back the consent to sign {title} electronically{reason}",
    Kind.ENVELOPE_PAGES_SEEN: "{who} looked at {pages} of {title}",
    Kind.ENVELOPE_ATTACHED: "{who} handed in a file with {title}",
    Kind.ENVELOPE_ATTACHMENT_REMOVED: "{who} took back a file from {title}",
    Kind.ENVELOPE_SHEET_ADDED: "{who} added a sheet of {title}, signed by hand",
    Kind.ENVELOPE_SHEET_REMOVED: "{who} took away a sheet of {title}",
    Kind.ENVELOPE_PAPER_HANDED_IN: "{who} handed in a scan of {title}, signed by hand",
    Kind.ENVELOPE_PAPER_ACCEPTED: "{who} accepted the scan of {title} that {person} signed by hand",
    Kind.ENVELOPE_PAPER_RETURNED: "{who} sent the scan of {title} back to {person}",
    Kind.ENVELOPE_SIGNED: "{who} signed {title}",
    Kind.ENVELOPE_APPROVED: "{who} approved {title}",
    Kind.ENVELOPE_READ_THROUGH: "{who} confirmed having read {title}",
    Kind.ENVELOPE_DECLINED: "{who} declined to sign {title}{reason}",
    Kind.ENVELOPE_VOIDED: "{who} voided {title}{reason}",
    Kind.ENVELOPE_WARNED: "DocVault warned that {title} expires soon",
    Kind.ENVELOPE_EXPIRED: "{title} expired",
    Kind.ENVELOPE_EXTENDED: "{who} gave more time to sign {title}",
    Kind.ENVELOPE_DELEGATED: "{who} handed their part in {title} to {person}{account}{reason}",
    Kind.ENVELOPE_CORRECTED: "{who} put {person} in the place of another recipient of {title}{reason}",
    Kind.ENVELOPE_REPLACED: "{who} replaced {title} by an envelope that corrects it",
    Kind.SIGNING_CERTIFICATE_ISSUED: "DocVault issued a signing certificate for {person}",
    Kind.SIGNATURE_APPLIED: "DocVault put the signature of {person} into {title}",
    Kind.ENVELOPE_COMPLETED: "{title} was completed: sealed, timestamped and checked",
    Kind.COMPLETION_FAILED: "{title} could not be completed yet{reason}",
    Kind.ARCHIVE_RENEWED: "The proof of time of {title} was renewed by {clock}",
    Kind.ARCHIVE_FAILED: "The proof of time of {title} could not be renewed yet{reason}",
    Kind.TEMPLATE_SAVED: "{who} saved {title}",
    Kind.TEMPLATE_KIND_SAID: "{who} said what kind of document {title} holds",
    Kind.TEMPLATE_RETIRED: "{who} retired {title}",
    Kind.TEMPLATE_LINK_MADE: "{who} made a link to {title}",
    Kind.TEMPLATE_LINK_CLOSED: "{who} closed a link to {title}",
    Kind.TEMPLATE_LINK_CODE_MAILED: "A code was mailed to {person}, who opened a link to {title}",
    Kind.TEMPLATE_LINK_CODE_REFUSED: "A wrong code was given for {person}, who opened a link to {title}",
    Kind.BULK_CHECKED: "{who} uploaded a list to send {title} with",
    Kind.BULK_STARTED: "{who} started a bulk send of {title}",
    Kind.BULK_RETRIED: "{who} tried the failed rows of a bulk send of {title} again",
    Kind.BULK_CANCELLED: "{who} cancelled what was not sent of a bulk send of {title}",
    Kind.BULK_ROW_FAILED: "A row of a bulk send of {title} was not sent{reason}",
    Kind.BULK_STOPPED: "A bulk send of {title} was stopped{reason}",
    Kind.BULK_FINISHED: "A bulk send of {title} came to its end",
    Kind.BULK_FORGOTTEN: "The list of a bulk send of {title} was erased",
    Kind.AUDIT_READ: "{who} read the audit trail",
    Kind.AUDIT_EXPORTED: "{who} exported {entries} of the audit trail{details}",
    Kind.ACCESS_REPORTED: "{who} asked who could see what",
    Kind.POLICIES_LOADED: "The policies in force changed",
    Kind.POLICY_EXPLAINED: "{who} asked why somebody may or may not do something",
    Kind.OUTBOX_READ: "{who} looked at the outgoing mail",
    Kind.MESSAGE_SENT: "DocVault sent a mail to {person}",
    Kind.MESSAGE_WITHHELD: "DocVault held back a mail to {person}",
}

# Why a proposal came to nothing, by the word of its fact `why`.
_LAPSED = {
    "nobody-confirmed-in-time": "Nobody confirmed or came for it in time",
    "one-of-the-two-may-no-longer": "One of the two people may no longer decide this",
    "the-person-it-is-about-changed": "The account it is about changed meanwhile",
}

_INDEFINITE = {
    "document": "a document",
    "envelope": "an envelope",
    "template": "a template",
    "bulk": "a template",
}


def sentence(kind: str, facts: Mapping[str, Any], private: Mapping[str, Any] | None, *, acted: bool) -> str:
    """Return the entry in words, without a full stop; an unknown kind (of a newer version) is named as it is.

    private: the details, or None when they were erased.
    acted: whether the entry names a person who acted.
    """
    who = name_of_actor(private, acted=acted)
    if kind not in _SENTENCES:
        return f"{who}: {kind}"
    return _SENTENCES[kind].format(who=who, **_words(kind, facts, private or {}))


def name_of_actor(private: Mapping[str, Any] | None, *, acted: bool) -> str:
    """Return who acted: the name at that time, or words for nobody, an erased person, DocVault itself."""
    known = private or {}
    if acted:
        return str(known.get("actor_name") or ERASED)
    named = known.get("actor_name") or known.get("name") or known.get("email")
    if named:
        return str(named)
    return UNKNOWN if "address" in known else ITSELF


def _words(kind: str, facts: Mapping[str, Any], private: Mapping[str, Any]) -> dict[str, str]:
    subject = kind.partition(":")[0]
    reason = private.get("reason")
    return {
        "title": _quoted(
            private, ("title", "filename", "document", "name"), _INDEFINITE.get(subject, "something")
        ),
        "folder": _quoted(private, ("folder", "name"), "with an erased name"),
        "person": _plain(private, ("person", "name", "recipient", "email"), "a person"),
        "new": _plain(private, ("new_name",), "another one"),
        "passkey": _quoted(private, ("passkey",), "with an erased name"),
        "token": _quoted(private, ("token",), "with an erased name"),
        "certificate": _quoted(facts, ("certificate",), "of a key"),
        "clock": _plain(private, ("clock",), "a timestamp authority"),
        "proposal": _plain(private, ("proposal",), "something that needs two people"),
        "details": ", with personal details" if facts.get("details") else "",
        "decided": "alone, as nobody else could confirm" if facts.get("alone") else "as two people decided",
        "lapsed": _LAPSED.get(str(facts.get("why")), "It was not carried out"),
        "organisation": _plain(private, ("organisation", "organisation_name", "name"), "of a client"),
        "count": _counted(facts.get("fields", facts.get("count")), "field", "the fields"),
        "pages": _counted(_size(facts.get("pages", facts.get("seen"))), "page", "the pages"),
        "entries": _counted(facts.get("count"), "entry", "a part", plural="entries"),
        "account": ", who has no account" if facts.get("without_account") else "",
        "reason": f": {reason}" if reason else "",
    }


def _plain(private: Mapping[str, Any], names: tuple[str, ...], otherwise: str) -> str:
    return next((str(private[name]) for name in names if private.get(name)), otherwise)


def _quoted(private: Mapping[str, Any], names: tuple[str, ...], otherwise: str) -> str:
    found = _plain(private, names, "")
    return f"“{found}”" if found else otherwise


def _size(value: Any) -> Any:
    return len(value) if isinstance(value, list) else value


def _counted(count: Any, noun: str, otherwise: str, *, plural: str | None = None) -> str:
    if not isinstance(count, int) or isinstance(count, bool):
        return otherwise
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {plural or noun + 's'}"
