"""What can go wrong with keys and ciphertext, as a closed list. Messages never say which check failed."""

from docvault.values import DocVaultError


class EncryptionError(DocVaultError):
    """The root error of this room."""


class Tampered(EncryptionError):
    """What is stored is not what was written here: changed, damaged, moved, or sealed with another key."""

    def __init__(self) -> None:
        super().__init__(
            "We could not open this: what is stored was changed or damaged. Please tell an administrator."
        )


class MasterUnknown(Tampered):
    """Whoever holds the keys has no master of that generation open: there may be none."""


class UnknownAlgorithm(EncryptionError):
    """The algorithm id is not the one we write; there is no legacy mode (promise 58)."""

    def __init__(self) -> None:
        super().__init__("We could not open this: it is stored in a way that this version does not accept.")


class KeyKept(EncryptionError):
    """Somebody asked for a key itself, or for a deed that this key is not for."""

    def __init__(self) -> None:
        super().__init__("This key is kept: it is handed to nobody, and does nothing but what it is for.")


class SignerGone(EncryptionError):
    """A signer's key signs exactly once; this one has, or was destroyed."""

    def __init__(self) -> None:
        super().__init__("This signing key is gone. Every signature needs a fresh one.")


class KeysAway(DocVaultError):
    """The process that holds the keys does not answer; nothing is opened or signed until it does."""

    retry_after = 5  # seconds: it is started again meanwhile

    def __init__(self, why: str = "") -> None:
        """why: for whoever runs the machine."""
        super().__init__(
            "The part of the portal that keeps its keys does not answer. Please try again in a minute."
        )
        self.why = why
