"""The table of what our errors mean in HTTP: the only place that gives them a status code."""

from dataclasses import dataclass
from http import HTTPStatus

from docvault.actions.archives import ArchiveRefused
from docvault.actions.attachments import AttachmentRefused
from docvault.actions.comparisons import NotComparable
from docvault.actions.documents import NoPages
from docvault.actions.uploads import OffsetConflict, TooLarge
from docvault.actions.versions import AlreadyNewest
from docvault.audit.errors import AuditError, BundleTooLarge
from docvault.blobs.store import BlobError, BlobLocked, BlobMissing, StorageFull, StoreFailed
from docvault.certificates.anchors import AnchorRefused
from docvault.certificates.keys import CertificateError
from docvault.credentials import refusals
from docvault.database.audit import AuditNotWritten
from docvault.database.audit_checkpoints import LogDamaged
from docvault.database.engine import BadCursor, DatabaseBusy, DatabaseFull, DatabaseGone
from docvault.database.envelopes import EnvelopeChanged
from docvault.database.identities import IdentityTaken
from docvault.database.organisations import OrganisationKnown
from docvault.database.people import AlreadyKnown
from docvault.database.step_ups import StepUpInvalid
from docvault.encryption.errors import EncryptionError, KeysAway, Tampered
from docvault.encryption.keyring import RootKeyAway
from docvault.identity.errors import ProviderAway, WordRefused
from docvault.pdf.errors import PageMissing, PdfError, WorkersBusy
from docvault.policy.engine import Forbidden, PolicyError
from docvault.rules.answers import AnswerRefused, SignatureRefused
from docvault.rules.bulk_files import ListRefused
from docvault.rules.envelopes import EnvelopeIncomplete, EnvelopeRefused
from docvault.rules.factors import FactorRefused
from docvault.rules.fields import FieldRefused
from docvault.rules.languages import LanguageUnknown
from docvault.rules.outsiders import CodesWrong
from docvault.rules.places import PlaceGone, PlaceRefused
from docvault.rules.proposals import ProposalError, ProposalInvalid, SecondPersonNeeded, TwoPeopleNeeded
from docvault.rules.quotas import QuotaInvalid, QuotaReached
from docvault.rules.requests import AccessCodeWrong, GuestInvalid, RequestFull, RequestInvalid
from docvault.rules.retention import RetentionRefused
from docvault.rules.single_sign_on import SignOnRefused
from docvault.rules.time_zones import TimeZoneUnknown
from docvault.values import DocVaultError, NotFound
from docvault.vault.errors import Destroyed, NotScanned, Quarantined
from docvault.vault.sending import PreflightFailed
from docvault.web.access import (
    FactorNeeded,
    NotForOutsiders,
    NotSignedIn,
    TwoCredentials,
    VerifierBusy,
    VisitOver,
)
from docvault.web.csrf import CrossSite
from docvault.web.forms import FormInvalid
from docvault.web.parameters import ParametersUnclear
from docvault.web.wire import BodyInvalid


@dataclass(frozen=True, slots=True)
class Meaning:
    """slug: the stable end of the problem's `type`."""

    status: HTTPStatus
    slug: str
    title: str


INVALID = Meaning(HTTPStatus.BAD_REQUEST, "invalid-request", "Please check what you entered")
ABSENT = Meaning(HTTPStatus.NOT_FOUND, "not-found", "Not found")
KNOWN = Meaning(HTTPStatus.CONFLICT, "already-known", "Already here")
LARGE = Meaning(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too-large", "Too large")
BUSY = Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "busy", "Busy for a moment")
FULL = Meaning(HTTPStatus.INSUFFICIENT_STORAGE, "storage-full", "The storage is full")
AWAY = Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "storage-away", "Stored files cannot be reached")
GONE = Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "database-away", "The portal cannot be used right now")
DAMAGED = Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "file-damaged", "This file cannot be shown right now")
FAULT = Meaning(HTTPStatus.INTERNAL_SERVER_ERROR, "unexpected", "Something went wrong on our side")

# The nearest class in an error's ancestry counts.
MEANINGS: dict[type[Exception], Meaning] = {
    DocVaultError: Meaning(HTTPStatus.BAD_REQUEST, "refused", "That is not possible"),
    NotFound: ABSENT,
    Forbidden: Meaning(HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    NotSignedIn: Meaning(HTTPStatus.UNAUTHORIZED, "not-signed-in", "Please sign in"),
    NotForOutsiders: Meaning(HTTPStatus.FORBIDDEN, "forbidden", "Not allowed"),
    FactorNeeded: Meaning(HTTPStatus.UNAUTHORIZED, "factor-needed", "Second factor needed"),
    TwoCredentials: Meaning(HTTPStatus.BAD_REQUEST, "two-credentials", "Two ways to sign in at once"),
    CrossSite: Meaning(HTTPStatus.FORBIDDEN, "cross-site", "Request refused"),
    FormInvalid: INVALID,
    ParametersUnclear: INVALID,
    VerifierBusy: BUSY,
    BodyInvalid: INVALID,
    BadCursor: INVALID,
    LanguageUnknown: INVALID,
    TimeZoneUnknown: INVALID,
    AlreadyKnown: KNOWN,
    OrganisationKnown: KNOWN,
    StepUpInvalid: Meaning(HTTPStatus.FORBIDDEN, "step-up-invalid", "Please confirm again"),
    SignOnRefused: Meaning(HTTPStatus.UNAUTHORIZED, "sign-on-refused", "Single sign-on refused"),
    WordRefused: Meaning(HTTPStatus.UNAUTHORIZED, "sign-on-refused", "Single sign-on refused"),
    ProviderAway: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "sign-on-away", "Single sign-on does not answer"),
    IdentityTaken: Meaning(HTTPStatus.CONFLICT, "already-connected", "Connected already"),
    refusals.SignInRefused: Meaning(HTTPStatus.UNAUTHORIZED, "sign-in-refused", "Sign-in refused"),
    refusals.PasswordWrong: Meaning(HTTPStatus.UNAUTHORIZED, "password-wrong", "Password not accepted"),
    refusals.CodeRefused: Meaning(HTTPStatus.UNAUTHORIZED, "code-refused", "Code not accepted"),
    refusals.ChallengeOver: Meaning(HTTPStatus.UNAUTHORIZED, "challenge-over", "Please sign in again"),
    refusals.FactorStopped: Meaning(HTTPStatus.UNAUTHORIZED, "factor-stopped", "Second factor stopped"),
    refusals.PasskeyRefused: Meaning(HTTPStatus.UNAUTHORIZED, "passkey-refused", "Passkey not accepted"),
    refusals.PasskeyNeeded: Meaning(HTTPStatus.UNAUTHORIZED, "passkey-needed", "Please use your passkey"),
    refusals.PasskeyUnusable: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "passkey-unusable", "The passkey was not added"
    ),
    FactorRefused: Meaning(HTTPStatus.CONFLICT, "factor-refused", "Your factors stay as they are"),
    refusals.Throttled: Meaning(HTTPStatus.TOO_MANY_REQUESTS, "too-many-tries", "Too many tries"),
    refusals.TooBusy: BUSY,
    refusals.PasswordRefused: Meaning(
        HTTPStatus.UNPROCESSABLE_ENTITY, "password-refused", "Choose another password"
    ),
    refusals.LinkRefused: Meaning(HTTPStatus.NOT_FOUND, "link-refused", "This link does not work any more"),
    refusals.NotFresh: Meaning(HTTPStatus.FORBIDDEN, "not-fresh", "Please sign in again"),
    StorageFull: FULL,
    QuotaReached: Meaning(HTTPStatus.INSUFFICIENT_STORAGE, "quota-reached", "No room for this file"),
    QuotaInvalid: INVALID,
    AnchorRefused: INVALID,
    RequestInvalid: INVALID,
    GuestInvalid: INVALID,
    RequestFull: Meaning(HTTPStatus.CONFLICT, "request-full", "No room for this file"),
    AccessCodeWrong: Meaning(HTTPStatus.FORBIDDEN, "access-code-wrong", "Access code not accepted"),
    CodesWrong: Meaning(HTTPStatus.FORBIDDEN, "codes-wrong", "Not accepted"),
    VisitOver: Meaning(HTTPStatus.UNAUTHORIZED, "visit-over", "Your visit is over"),
    DatabaseFull: FULL,
    DatabaseBusy: BUSY,
    DatabaseGone: GONE,
    StoreFailed: AWAY,
    BlobLocked: Meaning(HTTPStatus.CONFLICT, "file-locked", "The file is locked"),
    BlobMissing: DAMAGED,
    KeysAway: Meaning(HTTPStatus.SERVICE_UNAVAILABLE, "keys-away", "Busy for a moment"),
    Tampered: DAMAGED,
    TooLarge: LARGE,
    OffsetConflict: Meaning(HTTPStatus.CONFLICT, "upload-offset", "The upload goes on elsewhere"),
    PlaceRefused: Meaning(HTTPStatus.CONFLICT, "place-refused", "It stays where it is"),
    AlreadyNewest: Meaning(HTTPStatus.CONFLICT, "already-newest", "Nothing to bring back"),
    ArchiveRefused: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "archive-refused", "No archive of this"),
    NotComparable: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "not-comparable", "Nothing to compare"),
    PlaceGone: Meaning(HTTPStatus.CONFLICT, "place-gone", "Its place is gone"),
    NoPages: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "no-pages", "No pages to show"),
    PdfError: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "pdf", "This PDF cannot be used like that"),
    PageMissing: ABSENT,
    WorkersBusy: BUSY,
    NotScanned: Meaning(HTTPStatus.CONFLICT, "not-scanned", "Not checked for malware yet"),
    Quarantined: Meaning(HTTPStatus.CONFLICT, "quarantined", "This file is locked"),
    ProposalError: Meaning(HTTPStatus.CONFLICT, "proposal-refused", "The proposal does not allow that"),
    ProposalInvalid: Meaning(HTTPStatus.BAD_REQUEST, "proposal-invalid", "This cannot be proposed"),
    SecondPersonNeeded: Meaning(HTTPStatus.FORBIDDEN, "second-person-needed", "Somebody else has to"),
    TwoPeopleNeeded: Meaning(HTTPStatus.CONFLICT, "two-people-needed", "This needs two people"),
    EnvelopeRefused: Meaning(HTTPStatus.CONFLICT, "envelope-refused", "The envelope does not allow that"),
    EnvelopeIncomplete: Meaning(HTTPStatus.BAD_REQUEST, "envelope-incomplete", "Something is missing"),
    FieldRefused: Meaning(HTTPStatus.BAD_REQUEST, "field-refused", "A field cannot stand there"),
    ListRefused: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "list-refused", "The list cannot be read"),
    PreflightFailed: Meaning(HTTPStatus.UNPROCESSABLE_ENTITY, "preflight-failed", "It could not be sealed"),
    AttachmentRefused: Meaning(HTTPStatus.BAD_REQUEST, "file-refused", "The file was not kept"),
    AnswerRefused: Meaning(HTTPStatus.BAD_REQUEST, "answer-refused", "An answer does not fit"),
    SignatureRefused: Meaning(HTTPStatus.BAD_REQUEST, "signature-refused", "The signature cannot be used"),
    EnvelopeChanged: Meaning(HTTPStatus.CONFLICT, "changed-meanwhile", "Somebody else was faster"),
    BundleTooLarge: LARGE,
    RetentionRefused: Meaning(HTTPStatus.CONFLICT, "retention-refused", "This is kept"),
    Destroyed: Meaning(HTTPStatus.GONE, "destroyed", "Destroyed for good"),
    # Ours to mend, not the reader's: logged, and told without detail.
    AuditError: FAULT,
    AuditNotWritten: FAULT,
    BlobError: FAULT,
    CertificateError: FAULT,
    EncryptionError: FAULT,
    RootKeyAway: FAULT,
    LogDamaged: FAULT,
    PolicyError: FAULT,
}


def meaning_of(error: Exception) -> Meaning:
    """Return the meaning of the nearest class in the error's ancestry. DocVaultError is always there."""
    return MEANINGS[next(cls for cls in type(error).__mro__ if cls in MEANINGS)]
