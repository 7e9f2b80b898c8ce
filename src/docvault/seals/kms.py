"""A seal's key in AWS KMS (or what speaks its protocol). It never leaves there.

Address: `kms:` and the key's ARN, id or alias. What is signed is hashed here, so one signature is one request
and the service sees no document. Credentials, region and endpoint come from where the AWS tools take them.
"""

import hashlib

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key

from docvault.certificates import mechanisms
from docvault.certificates.mechanisms import ECDSA, RSA_PSS, PublicKey
from docvault.seals.errors import SealAway, SealUnclear

TRIES = 2
CONNECT = 3  # seconds
ANSWER = 5  # seconds
ALGORITHMS = {ECDSA: "ECDSA_SHA_256", RSA_PSS: "RSASSA_PSS_SHA_256"}  # as KMS calls them
WRONG = {"NotFoundException", "InvalidKeyUsageException", "UnsupportedOperationException"}
ARN_PARTS = 6


class ServiceHolder:
    """A key in a key management service."""

    certificates: tuple[x509.Certificate, ...] = ()  # none lies beside the key

    def __init__(self, key: str) -> None:
        """key: its ARN, id or alias. Asks nothing yet. Raises SealUnclear where no region is set."""
        self._key = key
        self._mechanism: str | None = None
        parts = key.split(":")
        region = parts[3] if key.startswith("arn:") and len(parts) >= ARN_PARTS else None
        patience = Config(connect_timeout=CONNECT, read_timeout=ANSWER, retries={"total_max_attempts": TRIES})
        try:
            self._client = boto3.client("kms", region_name=region, config=patience)
        except BotoCoreError as error:
            raise SealUnclear(f"The key service of the seal cannot be used: {error}") from error

    @property
    def name(self) -> str:
        return f"kms:{self._key}"

    def public_key(self) -> PublicKey:
        """Return the public part. Raises SealUnclear, KeyUnfit or SealAway."""
        try:
            answer = self._client.get_public_key(KeyId=self._key)
            usage, public = answer["KeyUsage"], load_der_public_key(answer["PublicKey"])
        except (ClientError, BotoCoreError, KeyError, ValueError) as error:
            raise _words(error) from error
        if usage != "SIGN_VERIFY":
            raise SealUnclear("This key of the key service is not for signing (KeyUsage SIGN_VERIFY).")
        found = mechanisms.known(public)
        self._mechanism = mechanisms.of(found)
        return found

    def sign(self, message: bytes) -> bytes:
        """Return the signature of SHA-256 of `message`; of ECDSA in DER. Raises SealUnclear or SealAway."""
        mechanism = self._mechanism or mechanisms.of(self.public_key())
        try:
            answer = self._client.sign(
                KeyId=self._key,
                Message=hashlib.sha256(message).digest(),
                MessageType="DIGEST",
                SigningAlgorithm=ALGORITHMS[mechanism],
            )
            return bytes(answer["Signature"])
        except (ClientError, BotoCoreError, KeyError) as error:
            raise _words(error) from error

    def __repr__(self) -> str:
        return f"ServiceHolder({self.name!r})"


def _words(error: Exception) -> SealUnclear | SealAway:
    """Return what to tell; the service's own words name the trouble, and no key."""
    code = error.response.get("Error", {}).get("Code") if isinstance(error, ClientError) else ""
    if code in WRONG:
        return SealUnclear(f"The key service has no key that can seal: {error}")
    return SealAway(
        f"The key service that keeps the seal's key did not do its work: {error} "
        "Check that it can be reached, and that DocVault may GetPublicKey and Sign with the key."
    )
