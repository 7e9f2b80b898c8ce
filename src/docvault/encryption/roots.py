"""Where a root key is kept, by its address."""

from pathlib import Path

from docvault.encryption.keyring import FileKeyring
from docvault.encryption.masters import RootKey


def open_root(address: str) -> RootKey:
    """Open the root key at an address: file:…, pkcs11:… or kms:…. Raises KeyringError."""
    kind, _, rest = address.partition(":")
    if kind == "kms":
        from docvault.encryption.kms import KmsKey  # noqa: PLC0415 - boto3 is slow to import, and few need it

        return KmsKey(rest)
    if kind == "pkcs11":
        from docvault.encryption.hsm import HsmKey  # noqa: PLC0415 - the same

        return HsmKey(address)
    return FileKeyring.open(Path(rest))
