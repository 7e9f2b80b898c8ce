"""What the audit log can say: a closed list. Grammar: `subject:event`, `subject:part:event`, in the past."""

from enum import StrEnum


class Kind(StrEnum):
    INSTALLATION_CREATED = "installation:created"
    ORGANISATION_CREATED = "organisation:created"
    ORGANISATION_ASSIGNED = "organisation:assigned"
    PERSON_INVITED = "person:invited"
    INVITATION_ACCEPTED = "person:invitation:accepted"  # a password was chosen; the factor is still owed
    PERSON_JOINED = "person:joined"
    PERSON_DISABLED = "person:disabled"
    PERSON_ENABLED = "person:enabled"
    PASSWORD_SET = "person:password:set"  # noqa: S105 - the name of an event
    PASSWORD_RESET_STARTED = "person:password:reset-started"  # noqa: S105 - the name of an event
    FACTOR_ENROLMENT_STARTED = "person:factor:enrolment-started"
    FACTOR_ENROLMENT_REFUSED = "person:factor:enrolment-refused"
    FACTOR_ENROLLED = "person:factor:enrolled"
    RECOVERY_CODES_ISSUED = "person:recovery-codes:issued"
    RECOVERY_CODE_USED = "person:recovery-code:used"
    PASSWORD_ACCEPTED = "session:password:accepted"  # noqa: S105 - the name of an event
    SIGN_IN_SUCCEEDED = "session:started"
    SIGN_IN_REFUSED = "session:refused"
    SIGNED_OUT = "session:ended"
    STEP_UP_CONFIRMED = "session:step-up:confirmed"
    STEP_UP_REFUSED = "session:step-up:refused"
    FOLDER_CREATED = "folder:created"
    FOLDER_SHARED = "folder:shared"
    FOLDER_UNSHARED = "folder:unshared"
    UPLOAD_STARTED = "document:upload:started"
    UPLOAD_ABANDONED = "document:upload:abandoned"
    DOCUMENT_ADDED = "document:version:added"
    DOCUMENT_READ = "document:read"  # a person opened its pages or text
    DOCUMENT_DOWNLOADED = "document:downloaded"
    ENVELOPE_CREATED = "envelope:created"
    ENVELOPE_FIELDS_PLACED = "envelope:fields:placed"
    ENVELOPE_SENT = "envelope:sent"
    ENVELOPE_VIEWED = "envelope:viewed"
    ENVELOPE_READ = "envelope:read"  # a person opened or downloaded one of its documents
    ENVELOPE_REMINDED = "envelope:reminded"
    ENVELOPE_CONSENTED = "envelope:recipient:consented"
    ENVELOPE_PAGES_SEEN = "envelope:recipient:pages-seen"
    ENVELOPE_SIGNED = "envelope:recipient:signed"
    ENVELOPE_DECLINED = "envelope:recipient:declined"
    ENVELOPE_VOIDED = "envelope:voided"
    SIGNING_CERTIFICATE_ISSUED = "envelope:certificate:issued"
    SIGNATURE_APPLIED = "envelope:signature:applied"
    ENVELOPE_COMPLETED = "envelope:completed"
    COMPLETION_FAILED = "envelope:completion:failed"
    AUDIT_READ = "audit:read"
    AUDIT_EXPORTED = "audit:exported"
    OUTBOX_READ = "outbox:read"
    MESSAGE_SENT = "message:sent"
