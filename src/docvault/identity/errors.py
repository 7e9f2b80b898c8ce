"""Why an identity provider's word was not taken. What exactly was wrong goes to the log."""

from docvault.values import DocVaultError


class IdentityError(DocVaultError):
    """The root error of this room. why: what exactly was wrong, for the log."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(message)
        self.why = why


class ProviderAway(IdentityError):
    """It does not answer, not in time, or with something that is no answer."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "The sign-on service does not answer as it should. Signing in with your password works.",
            why,
        )


class WordRefused(IdentityError):
    """What came back is not a sign-on that we began, for us, from it, now."""

    def __init__(self, why: str) -> None:
        super().__init__("Single sign-on did not succeed. Please start again.", why)
