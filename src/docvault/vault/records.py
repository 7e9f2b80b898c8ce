"""The installation's small secrets in rows: sealed under the master key, one key per purpose. Never writes a
row. The installation's own keys are none of them: nobody opens those.

Format: "Small secrets" of docs/formats/file-encryption.md.
"""

from docvault.encryption import masters
from docvault.encryption.masters import Workshop


class Records:
    """Seals and opens small secrets. A context is `purpose:rest`, for example `totp:` and a person's id.

    The purpose chooses the key and the whole context is authenticated: a secret opens only where it belongs.
    """

    def __init__(self, keyring: Workshop) -> None:
        self.keyring = keyring

    def seal(self, context: str, plaintext: bytes) -> bytes:
        """Return the record of at most 2 MiB of `plaintext`; the same bytes never give the same record
        twice. Raises KeyKept for a context of the installation's own keys.
        """
        return self.keyring.seal(masters.record_purpose(context), context.encode(), plaintext)

    def open(self, context: str, sealed: bytes) -> bytes:
        """Return the plaintext. Raises KeyKept as `seal`, UnknownAlgorithm or Tampered, in that order."""
        return self.keyring.unseal(masters.record_purpose(context), context.encode(), sealed)
