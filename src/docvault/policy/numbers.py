"""The numbers of policies/*.toml as typed, checked values. Decides nothing.

Each file's comments give the source of its numbers; the floors here are what DocVault promises whatever a
deployment writes (docs/threat-model.md), so a policy can be stricter than them but never weaker.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from msgspec import Meta

from docvault.policy.vocabulary import Role
from docvault.values import DocVaultError


class NumbersInvalid(DocVaultError):
    """A file of numbers is missing, misspelt or outside what DocVault promises."""


Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class Uploads:
    max_bytes: Positive  # plaintext bytes of one file
    max_signing_bytes: Positive  # bytes of a PDF that can be signed
    max_signing_pages: Positive
    unfinished_hours: Positive  # an upload that rests longer is collected
    organisation_bytes: Positive  # plaintext bytes of all originals of one organisation
    shown: frozenset[str]  # ends of names, with their dot, of files that can be looked at
    request_days: Annotated[int, Meta(ge=1, le=366)]  # how far ahead a request for files may end
    request_files: Annotated[int, Meta(ge=1, le=100_000)]  # the most files a request may ask for
    visit_hours: Annotated[int, Meta(ge=1, le=24)]  # of a guest, from saying who they are
    person_bytes: Positive = 256 * 1024**3  # plaintext bytes of all originals that one person brought


@dataclass(frozen=True, slots=True)
class Signing:
    max_documents: Positive  # of one envelope
    max_recipients: Positive
    max_fields: Positive
    max_message_characters: Positive
    max_text_characters: Positive  # of one text field
    max_picture_bytes: Positive  # of an uploaded signature picture
    max_attachment_bytes: Annotated[int, Meta(ge=1, le=32 * 1024 * 1024)]  # of a file that a signer hands in
    reminder_hours: Positive  # at least this long between two reminders to one person
    reminder_days: Annotated[int, Meta(ge=1, le=90)]  # between reminders by itself, unless the sender chose
    reminders_most: Annotated[int, Meta(ge=1, le=20)]  # by itself, to one person
    quiet_from: Annotated[int, Meta(ge=0, le=23)]  # hour of the day; reminders and warnings wait until…
    quiet_until: Annotated[int, Meta(ge=0, le=23)]
    time_zone: str  # of those who have chosen none
    warn_days: Annotated[int, Meta(ge=1, le=30)]  # before an envelope expires
    extension_days: Annotated[int, Meta(ge=1, le=366)]  # what one click gives
    may_delegate: bool  # recipients may hand on their part, unless the sender says no
    may_use_paper: bool  # a sender may let people sign on paper and hand in a scan
    max_paper_sheets: Annotated[int, Meta(ge=1, le=200)]  # files of one person for one envelope
    max_paper_bytes: Annotated[int, Meta(ge=1, le=128 * 1024 * 1024)]  # of all of them
    may_delegate_outside: bool  # senders may let them hand it to somebody without an account
    delegations_most: Annotated[int, Meta(ge=1, le=20)]  # of one part, one after the other
    refused_domains: tuple[str, ...]  # whose addresses are not asked without an account; also below them
    outside_link_days: Annotated[int, Meta(ge=1, le=366)]  # of a link to somebody without an account
    certificate_years: Annotated[int, Meta(ge=1, le=30)]

    def __post_init__(self) -> None:
        """Raise ValueError for a time zone that nobody knows, or a domain that no address can have."""
        try:
            ZoneInfo(self.time_zone)
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError(f"time_zone {self.time_zone} is not known here") from error
        for each in self.refused_domains:
            if each != each.lower() or not each.strip(".") or each.startswith((".", "@")):
                raise ValueError(f"refused_domains has {each}; write a domain such as example.com")


@dataclass(frozen=True, slots=True)
class KindOfDocument:
    """One kind that a sender can choose. excluded: why it cannot be signed electronically; empty: it can."""

    id: Annotated[str, Meta(pattern="^[a-z-]{1,30}$")]
    name: Annotated[str, Meta(min_length=1)]
    excluded: str = ""


@dataclass(frozen=True, slots=True)
class Kinds:
    kind: Annotated[tuple[KindOfDocument, ...], Meta(min_length=1)]

    @property
    def why_not(self) -> dict[str, str]:
        """Return why a kind cannot be signed electronically, by its id; empty where it can."""
        return {each.id: each.excluded for each in self.kind}


@dataclass(frozen=True, slots=True)
class Argon2:
    """Parameters of argon2id (RFC 9106)."""

    memory_kib: Annotated[int, Meta(ge=7168)]
    passes: Positive
    lanes: Positive
    at_once: Annotated[int, Meta(ge=1, le=16)]  # hashes computed at the same time, per process
    waiting: Annotated[int, Meta(ge=0)]  # how many more may wait before the answer is "too busy"


@dataclass(frozen=True, slots=True)
class Throttle:
    free_tries: Annotated[int, Meta(ge=1, le=10)]
    first_delay_seconds: Positive  # doubles with every further failure
    longest_delay_seconds: Annotated[int, Meta(ge=1, le=86400)]
    factor_stops_at: Annotated[int, Meta(ge=5, le=100)]  # consecutive failures that switch a factor off
    source_free_tries: Annotated[int, Meta(ge=1, le=1000)]  # a source may be an office with many people
    forget_after_hours: Annotated[int, Meta(ge=1)]  # a counter that rests this long starts again


@dataclass(frozen=True, slots=True)
class Passwords:
    min_length: Annotated[int, Meta(ge=8)]  # code points after NFC
    max_length: Annotated[int, Meta(ge=128, le=4096)]
    min_score: Annotated[int, Meta(ge=2, le=4)]  # of zxcvbn, 0 to 4
    context_words: tuple[str, ...]
    invitation_hours: Annotated[int, Meta(ge=1, le=336)]
    reset_minutes: Annotated[int, Meta(ge=5, le=60)]
    email_change_hours: Annotated[int, Meta(ge=1, le=72)]  # to confirm a new address
    not_me_hours: Annotated[int, Meta(ge=24, le=720)]  # how long the link of a notice freezes the account
    old_address_days: Annotated[int, Meta(ge=7, le=90)]  # how long notices still go to a former address
    notice_minutes: Annotated[int, Meta(ge=10, le=1440)]  # between two notices that a stranger can cause
    recovery_codes: Annotated[int, Meta(ge=4, le=20)]
    argon2: Argon2
    throttle: Throttle


@dataclass(frozen=True, slots=True)
class Sessions:
    idle_minutes: Annotated[int, Meta(ge=1, le=60)]
    administrator_idle_minutes: Annotated[int, Meta(ge=1, le=15)]
    absolute_hours: Annotated[int, Meta(ge=1, le=24)]
    administrator_absolute_hours: Annotated[int, Meta(ge=1, le=12)]
    enrol_minutes: Annotated[int, Meta(ge=1, le=60)]  # a session that may only enrol a factor
    fresh_minutes: Annotated[int, Meta(ge=1, le=15)]  # how recent a sign-in must be to change a factor
    challenge_minutes: Annotated[int, Meta(ge=1, le=10)]
    challenge_tries: Annotated[int, Meta(ge=1, le=10)]
    step_up_minutes: Annotated[int, Meta(ge=1, le=5)]
    at_once: Annotated[int, Meta(ge=1, le=100)]  # sessions of one person; one more ends the oldest
    in_person_minutes: Annotated[int, Meta(ge=5, le=240)] = 60  # of a signer at their host's device
    passkey_roles: frozenset[Role] = frozenset()  # who must use a passkey (promise 2)


@dataclass(frozen=True, slots=True)
class Tokens:
    """Of programs that act for somebody, within scopes and for a while."""

    default_days: Annotated[int, Meta(ge=1, le=366)]
    max_days: Annotated[int, Meta(ge=1, le=366)]
    max_per_person: Annotated[int, Meta(ge=1, le=100)]  # in force at the same time
    warn_days: tuple[Positive, ...]  # days before a token ends on which its owner is told


@dataclass(frozen=True, slots=True)
class Access:
    folder_depth: Annotated[int, Meta(ge=1, le=50)]  # a folder at the top counts as 1
    share_days: Positive  # how far ahead the agreed end of a share may lie
    break_glass_minutes: Annotated[int, Meta(ge=1, le=1440)]


@dataclass(frozen=True, slots=True)
class Proposals:
    open_hours: Annotated[int, Meta(ge=1, le=720)]  # until a proposal that nobody confirms lapses
    reproof_delay_hours: Annotated[int, Meta(ge=1, le=720)]  # for the owner of a lost factor to object
    reproof_link_hours: Annotated[int, Meta(ge=1, le=168)]


@dataclass(frozen=True, slots=True)
class GroupRole:
    """What members of one group of the provider are here. organisation: of clients, the client's name."""

    group: str
    role: Role
    organisation: str = ""


@dataclass(frozen=True, slots=True)
class Sso:
    """What the identity provider's word is worth here."""

    groups_claim: str
    email_domains: tuple[str, ...]  # of addresses that may be connected; none: every domain
    endpoint_hosts: tuple[str, ...]  # beside the issuer's own, of its endpoints
    second_factor_amr: tuple[str, ...]  # any of these values of `amr` counts as the second factor
    second_factor_acr: tuple[str, ...]  # and any of these of `acr`
    second_factor_hours: Annotated[int, Meta(ge=1, le=24)]  # how old the provider's proof may be
    make_people: bool
    groups_may_make_officers: bool
    groups: tuple[GroupRole, ...] = ()

    def __post_init__(self) -> None:
        """Raise ValueError for a map that would make people without saying so."""
        privileged = {Role.ADMINISTRATOR, Role.COMPLIANCE_OFFICER}
        if not self.groups_may_make_officers and any(each.role in privileged for each in self.groups):
            raise ValueError(
                "a group makes administrators or compliance officers, which two people decide (promise 26);"
                " groups_may_make_officers = true would allow it"
            )
        if any(each.role is Role.OUTSIDER for each in self.groups):
            raise ValueError("a group makes outsiders, who have no account")
        if self.make_people and not self.groups:
            raise ValueError("make_people needs groups: nobody is let in without a role")
        if any((each.role == Role.CLIENT) != bool(each.organisation) for each in self.groups):
            raise ValueError("a group of clients names their organisation, and no other group does")


@dataclass(frozen=True, slots=True)
class Schedule:
    """How long documents of one kind are kept. why: shown to whoever may see the document."""

    starts: Literal["created", "last-version", "last-use", "completed"]
    keep_months: Annotated[int, Meta(ge=1, le=1200)]  # calendar months
    why: Annotated[str, Meta(min_length=1, max_length=200)]


@dataclass(frozen=True, slots=True)
class Retention:
    """By the kind of the folder. bin_days: between the recycle bin and destruction."""

    bin_days: Annotated[int, Meta(ge=1, le=365)]
    rfp: Schedule
    sow: Schedule
    contract: Schedule
    whitepaper: Schedule
    general: Schedule

    def of(self, kind: str) -> Schedule:
        """Return the schedule of folders of a kind; a kind that is not known is kept as a contract."""
        known = {"rfp": self.rfp, "sow": self.sow, "whitepaper": self.whitepaper, "general": self.general}
        return known.get(kind, self.contract)


@dataclass(frozen=True, slots=True)
class Numbers:
    uploads: Uploads
    signing: Signing
    passwords: Passwords
    sessions: Sessions
    tokens: Tokens
    access: Access
    proposals: Proposals
    sso: Sso
    retention: Retention
    kinds: Kinds


Section = TypeVar("Section")


def load(folder: Path) -> Numbers:
    """Read every *.toml of `folder` that a section is named after. Raises NumbersInvalid."""
    return Numbers(
        uploads=_section(folder / "uploads.toml", Uploads),
        signing=_section(folder / "signing.toml", Signing),
        passwords=_section(folder / "passwords.toml", Passwords),
        sessions=_section(folder / "sessions.toml", Sessions),
        tokens=_section(folder / "tokens.toml", Tokens),
        access=_section(folder / "access.toml", Access),
        proposals=_section(folder / "proposals.toml", Proposals),
        sso=_section(folder / "sso.toml", Sso),
        retention=_section(folder / "retention.toml", Retention),
        kinds=_section(folder / "kinds.toml", Kinds),
    )


def _section(path: Path, shape: type[Section]) -> Section:
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NumbersInvalid(f"{path} cannot be read: {error}") from error
    unknown = _unknown(content, shape)
    if unknown:
        raise NumbersInvalid(f"{path}: {', '.join(sorted(unknown))} is not a number that DocVault knows.")
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as error:
        raise NumbersInvalid(f"{path}: {error}") from error


def _unknown(content: dict[str, object], shape: type) -> set[str]:
    """Return names that the shape does not have: a misspelt limit must not be silently without effect."""
    fields = {field.name: field.type for field in msgspec.inspect.type_info(shape).fields}  # type: ignore[attr-defined]
    found = set(content) - set(fields)
    for name, value in content.items():
        inner = getattr(fields.get(name), "cls", None)
        if isinstance(value, dict) and inner is not None:
            found |= {f"{name}.{each}" for each in _unknown(value, inner)}
        item = getattr(getattr(fields.get(name), "item_type", None), "cls", None)
        if isinstance(value, list) and item is not None:
            entries = [each for each in value if isinstance(each, dict)]
            found |= {f"{name}.{each}" for entry in entries for each in _unknown(entry, item)}
    return found
