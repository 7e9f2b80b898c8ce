"""The refusals of the audit room. Every message is safe for the person it reaches."""

from docvault.values import DocVaultError


class AuditError(DocVaultError):
    """The root of everything that the audit room refuses."""


class EntryInvalid(AuditError):
    """The entry cannot be written in the canonical form of docs/formats/audit-log.md."""


class NoteInvalid(AuditError):
    """The signed note is malformed, or carries no good signature of the expected key."""


class ProofInvalid(AuditError):
    """The Merkle proof does not lead to the root."""


class TreeInvalid(AuditError):
    """Stored hashes do not fit the size they claim."""


class BundleTooLarge(AuditError):
    """The export would pass 4 GiB, the limit of the bundle's container."""
