"""What a folder can be, how deep it can lie, and how long it can be shared for. Pure: no I/O, no clock."""

from datetime import UTC, date, datetime, time, timedelta

from docvault.values import DocVaultError

KINDS = ("rfp", "sow", "contract", "whitepaper", "general")
ROLES = ("viewer", "contributor", "signer", "manager")


class FolderRefused(DocVaultError):
    """The folder is as it was; the message says why."""


def check_kind(kind: str) -> None:
    """Return only for a kind of folder. Raises FolderRefused."""
    if kind not in KINDS:
        raise FolderRefused("Please choose what the folder is for.")


def check_depth(depth: int, most: int) -> None:
    """Return only if a folder may lie so deep; at the top it is 1. Raises FolderRefused."""
    if depth > most:
        raise FolderRefused(f"Folders lie at most {most} deep. Please make this one further up.")


def check_role(role: str) -> None:
    """Return only for a role that a folder can be shared with. Raises FolderRefused."""
    if role not in ROLES:
        raise FolderRefused("Please choose whether this person views, contributes, signs or manages.")


def end_of(last_day: date | None, now: datetime, most_days: int) -> datetime | None:
    """Return the moment a share ends: when its last day is over in UTC. None means no end.

    Raises FolderRefused for a day that is over, or further away than most_days.
    """
    if last_day is None:
        return None
    today = now.astimezone(UTC).date()
    if last_day < today:
        raise FolderRefused("The last day of access is over already. Please choose today or a later day.")
    if (last_day - today).days > most_days:
        raise FolderRefused(
            f"Please choose a last day within {most_days // 365} years, or leave it empty for no end."
        )
    return datetime.combine(last_day, time(), tzinfo=UTC) + timedelta(days=1)


def last_day(ends_at: datetime | None) -> date | None:
    """Return the last whole day of a share that ends at that moment, in UTC."""
    return None if ends_at is None else (ends_at.astimezone(UTC) - timedelta(microseconds=1)).date()
