"""Each permission as a person reads it: what somebody who has it does. Decides nothing."""

from collections.abc import Mapping

from docvault.policy.vocabulary import Permission

WORDS: Mapping[Permission, str] = {
    Permission.ACCOUNT_CHANGE: "Change your own account",
    Permission.ORGANISATION_LIST: "See the names of organisations",
    Permission.ORGANISATION_CREATE: "Add client organisations",
    Permission.ORGANISATION_ASSIGN: "Give account managers their clients",
    Permission.PERSON_LIST: "See who has an account",
    Permission.PERSON_INVITE: "Invite people",
    Permission.PERSON_CHANGE: "Disable and enable people",
    Permission.PERSON_PROMOTE: "Propose another role for somebody",
    Permission.PERSON_REPROVE: "Propose that a lost factor is set up anew",
    Permission.PROPOSAL_SEE: "See what waits for a second person",
    Permission.PROPOSAL_CONFIRM: "Be the second person who confirms",
    Permission.FOLDER_CREATE: "Make folders",
    Permission.FOLDER_SEE: "See folders and who may see them",
    Permission.FOLDER_SHARE: "Share folders",
    Permission.FOLDER_MANAGE: "Keep people out of folders",
    Permission.FOLDER_UPLOAD: "Upload files",
    Permission.FOLDER_ARRANGE: "Make, rename, move and bin folders in folders",
    Permission.FOLDER_SIGN: "Be asked to sign",
    Permission.DOCUMENT_SEE: "See documents: name, size and versions",
    Permission.DOCUMENT_READ: "Read the pages of documents",
    Permission.DOCUMENT_DOWNLOAD: "Download files",
    Permission.DOCUMENT_CHANGE: "Rename and move documents, put them into the bin and back",
    Permission.DOCUMENT_SHRED: "Propose that a document is destroyed for good",
    Permission.DOCUMENT_BREAK_GLASS: "Open a document that is closed to you, with a reason",
    Permission.ENVELOPE_CREATE: "Start envelopes",
    Permission.ENVELOPE_SEE: "See envelopes and how far they are",
    Permission.ENVELOPE_READ: "Read and download the documents of envelopes",
    Permission.ENVELOPE_MANAGE: "Place fields, send, remind and void envelopes",
    Permission.ENVELOPE_SIGN: "Sign or decline",
    Permission.AUDIT_READ: "Read the audit trail",
    Permission.AUDIT_EXPORT: "Export the audit trail",
    Permission.ACCESS_REPORT: "Ask who could see what on a day",
    Permission.POLICY_EXPLAIN: "Ask why somebody may or may not do something",
    Permission.HOLD_MANAGE: "Place legal holds",
    Permission.QUOTA_MANAGE: "Say how much organisations and people may store",
    Permission.OUTBOX_READ: "See which mail left the portal",
}
