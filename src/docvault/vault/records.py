"""The installation's small secrets in rows: sealed under the root key, one key per purpose. Never writes a
row.

Format: "Small secrets" of docs/formats/file-encryption.md.
"""

from docvault.encryption import records
from docvault.encryption.keyring import FileKeyring


class Records:
    """Seals and opens small secrets. A context is `purpose:rest`, for example `totp:` and a person's id.

    The purpose chooses the key and the whole context is authenticated: a secret opens only where it belongs.
    """

    def __init__(self, keyring: FileKeyring) -> None:
        self._keyring = keyring

    def seal(self, context: str, plaintext: bytes) -> bytes:
        """Return the record of at most 2 MiB of `plaintext`; the same bytes never give the same record
        twice.
        """
        return records.seal(self._key(context), context.encode(), plaintext)

    def open(self, context: str, sealed: bytes) -> bytes:
        """Return the plaintext. Raises UnknownAlgorithm or Tampered, tried in that order."""
        return records.unseal(self._key(context), context.encode(), sealed)

    def derive(self, purpose: str) -> bytes:
        """Return a 32-byte key that is never stored but the same at every start, such as the passwords'
        pepper.
        """
        return self._keyring.derive(f"derived-{purpose}")

    def _key(self, context: str) -> bytes:
        purpose, colon, rest = context.partition(":")
        if not purpose or not colon or not rest:
            raise ValueError("a context names its purpose: purpose:rest")
        return self._keyring.derive(f"record-{purpose}")
