"""Which second factors count after a password, and which may be given up. Pure: no I/O, no clock."""

from dataclasses import dataclass

from docvault.values import DocVaultError

PASSKEYS_MOST = 20  # of one person


class FactorRefused(DocVaultError):
    """Nothing was changed; the message is safe to show."""


class LastFactor(FactorRefused):
    """Without it the person could not sign in any more."""

    def __init__(self) -> None:
        super().__init__("You could not sign in without it. Add another one first, then remove this.")


class TooManyPasskeys(FactorRefused):
    """The person has as many as there may be."""

    def __init__(self) -> None:
        super().__init__(f"You have {PASSKEYS_MOST} passkeys. Remove one that you do not use any more.")


@dataclass(frozen=True, slots=True)
class Owned:
    """What a person can prove themselves with, beside the password."""

    app: bool  # an authenticator app, confirmed
    passkeys: int
    recovery_codes: int  # unused

    @property
    def any(self) -> bool:
        return self.app or self.passkeys > 0


def offered(owned: Owned, *, passkey_only: bool) -> tuple[str, ...]:
    """Return what may follow a right password, best first.

    passkey_only: the person's role must use a passkey. As long as there is none, a code leads to adding one.
    """
    by_code = owned.app and not (passkey_only and owned.passkeys)
    have = {"passkey": owned.passkeys > 0, "totp": by_code, "recovery": owned.recovery_codes > 0}
    return tuple(name for name, is_there in have.items() if is_there)


def check_new_passkey(owned: Owned) -> None:
    """Return only if there may be one more. Raises TooManyPasskeys."""
    if owned.passkeys >= PASSKEYS_MOST:
        raise TooManyPasskeys


def check_without_passkey(owned: Owned, *, passkey_only: bool) -> None:
    """Return only if one passkey may go. Raises LastFactor."""
    if owned.passkeys <= 1 and (passkey_only or not owned.app):
        raise LastFactor


def check_without_app(owned: Owned) -> None:
    """Return only if the authenticator app may go. Raises LastFactor."""
    if owned.passkeys == 0:
        raise LastFactor
