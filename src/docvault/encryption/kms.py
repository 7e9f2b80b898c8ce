"""A root key in AWS KMS (or what speaks its protocol). It never leaves there; masters are sent to it.

Address: `kms:` and the key's ARN, id or alias. Credentials, region and endpoint come from where the AWS tools
take them. Format: "Master key" of docs/formats/file-encryption.md.
"""

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import Tampered
from docvault.encryption.keyring import RootKeyAway

TRIES = 2
CONNECT = 3  # seconds
ANSWER = 5  # seconds
WRONG = {"InvalidCiphertextException", "IncorrectKeyException"}  # it is not what this key wrapped


class KmsKey:
    """A root key in a key management service."""

    def __init__(self, key: str) -> None:
        """key: its ARN, id or alias. Asks nothing yet. Raises RootKeyAway where no region is set."""
        self._key = key
        region = key.split(":")[3] if key.startswith("arn:") and key.count(":") >= 5 else None  # noqa: PLR2004 - the parts of an ARN
        patience = Config(connect_timeout=CONNECT, read_timeout=ANSWER, retries={"total_max_attempts": TRIES})
        try:
            self._client = boto3.client("kms", region_name=region, config=patience)
        except BotoCoreError as error:
            raise RootKeyAway(f"The key service cannot be used: {error}") from error

    @property
    def name(self) -> str:
        return f"kms:{self._key}"

    def wrap(self, master: bytes, context: MasterContext) -> bytes:
        """Return the master wrapped for its context. Raises RootKeyAway."""
        about = _about(context)
        try:
            answer = self._client.encrypt(KeyId=self._key, Plaintext=master, EncryptionContext=about)
            return bytes(answer["CiphertextBlob"])
        except (ClientError, BotoCoreError, KeyError) as error:
            raise _away(error) from error

    def unwrap(self, wrapped: bytes, context: MasterContext) -> bytes:
        """Return the master again. Raises RootKeyAway or Tampered."""
        about = _about(context)
        try:
            answer = self._client.decrypt(KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext=about)
            return bytes(answer["Plaintext"])
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in WRONG:
                raise Tampered from None
            raise _away(error) from error
        except (BotoCoreError, KeyError) as error:
            raise _away(error) from error

    def __repr__(self) -> str:
        return f"KmsKey({self.name!r})"


def _about(context: MasterContext) -> dict[str, str]:
    return {"docvault": "master-key/v1", "generation": str(context.generation)}


def _away(error: Exception) -> RootKeyAway:
    """Return what to tell; the service's own words name the trouble, and no key."""
    return RootKeyAway(
        f"The key service that keeps the root key did not do its work: {error} "
        "Check that it can be reached and that DocVault may use the key."
    )
