"""Why somebody is not let in, as a closed list. No message says whether an account exists (promise 9)."""

from docvault.values import DocVaultError


class CredentialRefused(DocVaultError):
    """The root error of this room."""


class SignInRefused(CredentialRefused):
    """The password or the challenge was not accepted: one text for every reason."""

    def __init__(self, message: str = "The e-mail address or the password is not right.") -> None:
        super().__init__(message)


class PasswordWrong(CredentialRefused):
    """Somebody signed in gave a wrong current password."""

    def __init__(self) -> None:
        super().__init__("That is not your current password.")


class CodeRefused(SignInRefused):
    """A one-time or recovery code was not accepted: wrong, late and already used are one answer."""

    def __init__(
        self,
        message: str = "That code was not accepted. A code works once; wait for the next one and try again.",
    ) -> None:
        super().__init__(message)


class ChallengeOver(SignInRefused):
    """The time or the tries between password and code are used up."""

    def __init__(self) -> None:
        super().__init__("That took too long or too many tries. Please sign in again with your password.")


class FactorStopped(SignInRefused):
    """Too many wrong codes in a row: the factor stays off until its owner is known again (promise 7)."""

    def __init__(self) -> None:
        super().__init__("Too many wrong codes were entered. Please ask an administrator for help.")


class PasskeyRefused(SignInRefused):
    """A passkey's answer was not accepted: unknown, made for something else and wrong are one answer."""

    def __init__(
        self,
        message: str = "That passkey was not accepted. Please try again, or sign in another way.",
    ) -> None:
        super().__init__(message)


class PasskeyCopied(PasskeyRefused):
    """The passkey's counter went back: there may be a copy of it. Its owner is told; whoever tries is not."""


class PasskeyNeeded(SignInRefused):
    """A policy says that people of this role sign in and confirm with a passkey (promise 2)."""

    def __init__(self) -> None:
        super().__init__("In your role a code is not enough here. Please use your passkey.")


class PasskeyUnusable(CredentialRefused):
    """What the browser made cannot be kept as a passkey: one text for every reason."""

    def __init__(
        self,
        message: str = "The passkey could not be added. Please try again, or use another device.",
    ) -> None:
        super().__init__(message)


class Throttled(CredentialRefused):
    """Too many tries. `retry_after` is the number of seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many tries. Please wait {_spoken(retry_after)} and try again.")
        self.retry_after = retry_after


class TooBusy(CredentialRefused):
    """More people sign in than the machine can check at once; `retry_after` is in seconds."""

    retry_after = 1

    def __init__(self) -> None:
        super().__init__("Many people are signing in right now. Please try again in a moment.")


class PasswordRefused(CredentialRefused):
    """The new password is not good enough; the message says why."""


class LinkRefused(CredentialRefused):
    """An invitation or reset link is unknown, used or too old: one text for all (promise 39)."""

    def __init__(self) -> None:
        super().__init__("This link does not work any more. Please ask for a new one.")


class NotFresh(CredentialRefused):
    """A second factor is only changed shortly after signing in (promise 5)."""

    def __init__(self) -> None:
        super().__init__(
            "Please sign in again first: a second factor is only changed shortly after signing in."
        )


def _spoken(seconds: int) -> str:
    minutes = -(-seconds // 60)
    if seconds < 60:  # noqa: PLR2004 - seconds of a minute
        return "a second" if seconds == 1 else f"{seconds} seconds"
    return "a minute" if minutes == 1 else f"{minutes} minutes"
