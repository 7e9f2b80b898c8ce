"""The words of authorization: roles, permissions, who acts and on what. Decides nothing.

Permissions follow the grammar `subject:verb` or `subject:part:verb` and are the Cedar actions of policies/,
one to one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from docvault.values import OrganisationId, PersonId, SessionId

AttributeValue = str | bool | int | frozenset[str]


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    COMPLIANCE_OFFICER = "compliance_officer"
    ACCOUNT_MANAGER = "account_manager"
    CLIENT = "client"


class Permission(StrEnum):
    ORGANISATION_LIST = "organisation:list"
    ORGANISATION_CREATE = "organisation:create"
    ORGANISATION_ASSIGN = "organisation:assign"  # give an account manager a client
    PERSON_LIST = "person:list"
    PERSON_INVITE = "person:invite"
    PERSON_CHANGE = "person:change"  # disable, enable, start a reset
    FOLDER_CREATE = "folder:create"
    FOLDER_SEE = "folder:see"
    FOLDER_SHARE = "folder:share"
    FOLDER_UPLOAD = "folder:upload"
    DOCUMENT_SEE = "document:see"  # name, size, versions
    DOCUMENT_READ = "document:read"  # the body, pages and text
    ENVELOPE_CREATE = "envelope:create"
    ENVELOPE_SEE = "envelope:see"
    ENVELOPE_READ = "envelope:read"  # its documents
    ENVELOPE_MANAGE = "envelope:manage"  # place fields, send, remind, void
    ENVELOPE_SIGN = "envelope:sign"  # the ceremony: consent, answer, sign, decline
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    OUTBOX_READ = "outbox:read"


class ResourceType(StrEnum):
    PORTAL = "Portal"  # the installation itself: people, organisations, audit, outbox
    ORGANISATION = "Organisation"
    FOLDER = "Folder"
    DOCUMENT = "Document"
    ENVELOPE = "Envelope"


@dataclass(frozen=True, slots=True)
class Acting:
    """The person who acts, as their session says. For the machine's own user, cli/people makes one."""

    person_id: PersonId
    organisation_id: OrganisationId
    role: Role
    clients: frozenset[OrganisationId]  # whom an account manager looks after
    session_id: SessionId
    session_kind: str  # full | enrol
    factors: str  # e.g. password+totp
    name: str
    email: str
    address: str  # the true peer
    user_agent: str


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. Attributes are those of the Cedar schema; entity references are plain ids."""

    type: ResourceType
    id: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


PORTAL = Resource(ResourceType.PORTAL, "portal")
