"""What an API token may be: its name, its life, what its maker confirms, when its end is told. Pure."""

import hashlib
import json
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from docvault.policy.numbers import Tokens
from docvault.policy.vocabulary import Permission
from docvault.values import DocVaultError

PURPOSE = "token:create"  # of the step-up that a new token needs
# What an app password for a drive is for: reading and writing folders by WebDAV.
DRIVE = (
    Permission.FOLDER_CREATE,
    Permission.FOLDER_SEE,
    Permission.FOLDER_UPLOAD,
    Permission.FOLDER_ARRANGE,
    Permission.DOCUMENT_SEE,
    Permission.DOCUMENT_DOWNLOAD,
    Permission.DOCUMENT_CHANGE,
)
NAME_LONGEST = 100  # characters
_REFUSED = frozenset({"Cc", "Cf", "Cs", "Cn", "Zl", "Zp"})  # controls and what is invisible


class TokenRefused(DocVaultError):
    """The token cannot be made like that; the message says why."""


def name(text: str) -> str:
    """Return what its owner calls it: NFC, single spaces. Raises TokenRefused."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain or len(plain) > NAME_LONGEST:
        raise TokenRefused(f"Please name the token, in 1 to {NAME_LONGEST} characters.")
    if any(unicodedata.category(letter) in _REFUSED for letter in plain):
        raise TokenRefused("The name has invisible characters in it. Please write it again.")
    return plain


def scopes(wanted: Collection[str], offered: Collection[Permission]) -> tuple[Permission, ...]:
    """Return the permissions in their own order. offered: what this owner may give away at all.

    Raises TokenRefused for none, for an unknown one and for one that is not offered.
    """
    if not wanted:
        raise TokenRefused("Please choose at least one thing the token may do.")
    beyond = sorted(set(wanted) - {each.value for each in offered})
    if beyond:
        raise TokenRefused(f"You cannot make a token for {', '.join(beyond)[:200]}.")
    return tuple(each for each in Permission if each.value in wanted)


def days(wanted: int, limits: Tokens) -> int:
    """Return how long it lives. Raises TokenRefused."""
    if not 1 <= wanted <= limits.max_days:
        raise TokenRefused(f"A token lives from 1 to {limits.max_days} days.")
    return wanted


def digest(token_name: str, wanted: Collection[str], life: int) -> str:
    """Return what the step-up for a token is bound to: hex SHA-256 of the three as compact JSON.

    `{"days":90,"name":"Backup","scopes":["document:download","folder:see"]}`, scopes sorted.
    """
    said = {"days": life, "name": token_name, "scopes": sorted(wanted)}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def is_warning_due(
    *,
    created_at: datetime,
    expires_at: datetime,
    warned_at: datetime | None,
    warn_days: Sequence[int],
    now: datetime,
) -> bool:
    """Tell whether its owner is to be told now: once on each of the days that its life reaches back to."""
    moments = [expires_at - timedelta(days=each) for each in warn_days]
    passed = [moment for moment in moments if created_at < moment <= now]
    return now < expires_at and bool(passed) and (warned_at is None or warned_at < max(passed))
