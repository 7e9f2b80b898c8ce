"""The words of authorization: roles, permissions, who acts and on what. Decides nothing.

Permissions follow the grammar `subject:verb` or `subject:part:verb` and are the Cedar actions of policies/,
one to one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from docvault.values import OrganisationId, PersonId, SessionId

AttributeValue = str | bool | int | frozenset[str]


class Role(StrEnum):
    ADMINISTRATOR = "administrator"
    COMPLIANCE_OFFICER = "compliance_officer"
    ACCOUNT_MANAGER = "account_manager"
    CLIENT = "client"
    OUTSIDER = "outsider"  # no account: asked by mail to sign, and nothing else (decision 0038)


class Permission(StrEnum):
    ACCOUNT_CHANGE = "account:change"  # one's own: name, address, password, factors, sessions, tokens
    ORGANISATION_LIST = "organisation:list"
    ORGANISATION_CREATE = "organisation:create"
    ORGANISATION_ASSIGN = "organisation:assign"  # give an account manager a client, or take one
    PERSON_LIST = "person:list"
    PERSON_INVITE = "person:invite"
    PERSON_CHANGE = "person:change"  # disable, enable, end sessions, start a reset, place in organisations
    PERSON_PROMOTE = "person:promote"  # propose another role
    PERSON_REPROVE = "person:reprove"  # propose that a lost factor is set up anew
    PERSON_ERASE = "person:erase"  # propose that somebody's details are erased
    PROPOSAL_SEE = "proposal:see"
    PROPOSAL_CONFIRM = "proposal:confirm"  # be the second person
    FOLDER_CREATE = "folder:create"
    FOLDER_SEE = "folder:see"
    FOLDER_SHARE = "folder:share"  # give others a role, up to one's own rights
    FOLDER_MANAGE = "folder:manage"  # keep people out
    FOLDER_UPLOAD = "folder:upload"
    FOLDER_ARRANGE = "folder:arrange"  # make folders inside; rename, move, bin it
    FOLDER_SIGN = "folder:sign"  # be asked to sign what lies in it
    DOCUMENT_SEE = "document:see"  # name, size, versions
    DOCUMENT_READ = "document:read"  # the body on screen: pages and text
    DOCUMENT_DOWNLOAD = "document:download"  # the file itself
    DOCUMENT_CHANGE = "document:change"  # rename, move, bin, bring back
    DOCUMENT_SHRED = "document:shred"  # propose that its keys are destroyed for good
    DOCUMENT_BREAK_GLASS = "document:break-glass"  # open the body of one for a while, with a reason
    ENVELOPE_CREATE = "envelope:create"
    ENVELOPE_SEE = "envelope:see"
    ENVELOPE_READ = "envelope:read"  # its documents
    ENVELOPE_MANAGE = "envelope:manage"  # place fields, send, remind, void
    ENVELOPE_SIGN = "envelope:sign"  # the ceremony: consent, answer, sign, decline
    ENVELOPE_HOST = "envelope:host"  # vouch for somebody who signs in person, and hand them the device
    AUDIT_READ = "audit:read"
    AUDIT_EXPORT = "audit:export"
    ACCESS_REPORT = "access:report"  # who could see what, on any day
    POLICY_EXPLAIN = "policy:explain"  # why somebody may or may not do something
    HOLD_MANAGE = "hold:manage"  # place legal holds, propose to lift one
    KEY_DESTROY = "key:destroy"  # propose that old keys of the installation are destroyed
    QUOTA_MANAGE = "quota:manage"  # say how much organisations and people may store
    TRUST_SEE = "trust:see"  # whom this portal trusts when it checks signatures
    TRUST_MANAGE = "trust:manage"  # trust authorities, or no longer
    OUTBOX_READ = "outbox:read"


class ResourceType(StrEnum):
    PORTAL = "Portal"  # the installation itself: people, organisations, audit, outbox
    ORGANISATION = "Organisation"
    FOLDER = "Folder"
    DOCUMENT = "Document"
    ENVELOPE = "Envelope"


TERMINAL = "terminal"  # whoever runs commands on the portal's own machine: their id, session and factors

ANYTHING = frozenset({"*"})  # the scopes of a session: all that its person may do
ONLY = "only:"  # before the id of the one thing that a session is about, among its scopes


@dataclass(frozen=True, slots=True)
class Acting:
    """The person who acts, as their session says. For the machine's own user, cli/people makes one."""

    person_id: PersonId
    organisation_id: OrganisationId  # the one they were invited to
    role: Role
    organisations: frozenset[OrganisationId]  # where they belong now, the first one among them
    clients: frozenset[OrganisationId]  # whom an account manager looks after
    session_id: SessionId
    session_kind: str  # full | enrol | token | in-person
    factors: str  # e.g. password+totp
    name: str
    email: str
    address: str  # the true peer
    user_agent: str
    at: datetime  # rights are those of this moment: a grant that has run out by then gives none
    scopes: frozenset[str] = ANYTHING  # what a token may be used for, or everything

    @property
    def at_terminal(self) -> bool:
        """Tell whether this is who holds the machine and its keys, so that a second person guards nothing."""
        return self.factors == TERMINAL

    def is_about(self, thing_id: str) -> bool:
        """Tell whether this session may be about a thing: one at somebody else's device is about one only."""
        only = [each for each in self.scopes if each.startswith(ONLY)]
        return not only or f"{ONLY}{thing_id}" in only


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody without an account, in one visit by the link of a request for files.

    Has no right of their own: the link lends what its maker may do at that moment.
    """

    visit_id: str
    request_id: str
    request_title: str
    name: str  # as they say; nobody has checked it
    email: str  # the same
    address: str  # the true peer
    user_agent: str
    at: datetime

    @property
    def known_as(self) -> str:
        """Return how pages and the trail call them."""
        return f"{self.name} (guest, through the request “{self.request_title}”)"


@dataclass(frozen=True, slots=True)
class Resource:
    """What is acted on. Attributes are those of the Cedar schema; entity references are plain ids."""

    type: ResourceType
    id: str
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)


PORTAL = Resource(ResourceType.PORTAL, "portal")
