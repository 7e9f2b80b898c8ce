"""What a verification of a bundle can say. Holds no checks."""

from dataclasses import dataclass

from docvault.audit.errors import AuditError


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and the first index that cannot be trusted because of it."""

    index: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What holds. `trusted` is False when only the bundle itself says whose key this is."""

    origin: str
    fingerprint: str
    trusted: bool
    key_changes: int  # how often the log got another key; each is signed by both
    older_key: bool  # the key that was given is one that the log had before
    full: bool
    size: int  # of the log
    count: int  # of the entries inside
    root: str  # hex
    filters: dict[str, str]
    created: str
    first_at: str | None
    last_at: str | None
    details: str | None  # included | left-out; None: the bundle is from before they said so
    erased: int  # entries whose details were erased on purpose
    left_out: int  # entries whose details are not in this bundle, on purpose
    history: int  # earlier checkpoints that this log continues
    since: int | None  # size of the older checkpoint that was given


class BundleRefused(AuditError):
    """The bundle does not verify. Nothing in it may be relied upon from `first_bad_index` on."""

    def __init__(self, problem: Problem, problems: list[Problem], fingerprint: str | None) -> None:
        super().__init__(problem.reason)
        self.first_bad_index = problem.index
        self.reason = problem.reason
        self.problems = problems
        self.fingerprint = fingerprint
