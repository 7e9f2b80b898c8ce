"""Passkeys (W3C WebAuthn Level 3): what a browser is asked for, and whether its answer holds. Reads no row.

Every ceremony asks for user verification, so a passkey is two factors at once: the device, and the PIN or
biometric that opens it. Attestation is not asked for: who built an authenticator decides nothing here,
and the parsers of makers' certificates are not reached.
"""

import hashlib
import ipaddress
import json
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import (
    bytes_to_base64url,
    decode_credential_public_key,
    decoded_public_key_to_cryptography,
    parse_attestation_object,
    parse_client_data_json,
)
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    RegistrationCredential,
)

from docvault.credentials.refusals import PasskeyCopied, PasskeyRefused, PasskeyUnusable

NONCE = 32  # random bytes: 256 bits (ASVS 6.7.2 asks for 64)
RSA_BITS = 2048  # at least
CREDENTIAL_ID = 1023  # bytes at most (WebAuthn 3, 7.1 step 25)
TRANSPORTS = frozenset({"usb", "nfc", "ble", "smart-card", "hybrid", "internal"})  # WebAuthn 3, 5.8.4

# RS256 is what the security chips of many Windows machines speak; such keys sign nothing but our challenges.
ALGORITHMS = (
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
)
_FORMATS = frozenset({AttestationFormat.NONE, AttestationFormat.PACKED})


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom a passkey is made for: this portal, as its settings say, whatever a request's Host claims."""

    id: str  # a domain
    origin: str
    name: str

    @classmethod
    def of(cls, base_url: str, name: str) -> "RelyingParty":
        """Return the party of a portal's address. This machine's own address is `localhost`: no passkey is
        made for a number.
        """
        base = urlsplit(base_url)
        host = base.hostname or ""
        host = "localhost" if _is_loopback(host) else host
        standard = {"https": 443, "http": 80}.get(base.scheme)
        port = f":{base.port}" if base.port not in {None, standard} else ""
        return cls(id=host, origin=f"{base.scheme}://{host}{port}", name=name)


@dataclass(frozen=True, slots=True)
class Credential:
    """One passkey as it is kept under seal: its id, the public key (COSE) and how it is reached."""

    id: bytes
    public_key: bytes
    transports: tuple[str, ...]
    aaguid: str

    def encode(self) -> bytes:
        """Return the bytes that are sealed."""
        plain = {"id": b64encode(self.id).decode(), "public_key": b64encode(self.public_key).decode()}
        return json.dumps(plain | {"transports": self.transports, "aaguid": self.aaguid}).encode()

    @classmethod
    def decode(cls, plain: bytes) -> "Credential":
        """Return what `encode` wrote."""
        found = json.loads(plain)
        return cls(
            id=b64decode(found["id"]),
            public_key=b64decode(found["public_key"]),
            transports=tuple(found["transports"]),
            aaguid=found["aaguid"],
        )


@dataclass(frozen=True, slots=True)
class Creation:
    """What a browser is asked to make; `handle` comes back at sign-in and says whose the passkey is."""

    party: RelyingParty
    challenge: bytes
    handle: bytes
    email: str
    name: str
    known: Sequence[Credential]  # so that the same authenticator is not asked twice


@dataclass(frozen=True, slots=True)
class Request:
    """What a browser is asked to sign; without `allowed`, whatever passkey it has for this portal."""

    party: RelyingParty
    challenge: bytes
    allowed: Sequence[Credential] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A browser's answer to a Creation; raw bytes as they came."""

    credential_id: bytes
    client_data: bytes
    attestation: bytes
    transports: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Signed:
    """A browser's answer to a Request; raw bytes as they came."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes = field(repr=False)
    handle: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fresh:
    """A passkey that was just made and proven."""

    credential: Credential
    sign_count: int
    synced: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What a passkey said about itself when it was used."""

    sign_count: int
    synced: bool


def new_nonce() -> bytes:
    """Return 256 fresh random bits: the challenge itself, or what one is derived with."""
    return secrets.token_bytes(NONCE)


def challenge_for(purpose: str, digest: str, nonce: bytes) -> bytes:
    """Return the challenge that stands for one deed on one digest (promise 17)."""
    return hashlib.sha256(f"docvault/step-up/v1\n{purpose}\n{digest}\n".encode() + nonce).digest()


def credential_hash(credential_id: bytes) -> bytes:
    """Return the 32 bytes by which a passkey is looked up."""
    return hashlib.sha256(b"docvault passkey:" + credential_id).digest()


def check_made(party: RelyingParty, challenge: bytes, answer: Made) -> Fresh:
    """Return the passkey that was made for exactly this. Raises PasskeyUnusable."""
    with _refusing(PasskeyUnusable):
        _check_frame(answer.client_data)
        if parse_attestation_object(answer.attestation).fmt not in _FORMATS:
            raise PasskeyUnusable
        found = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(answer.credential_id),
                raw_id=answer.credential_id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=answer.client_data, attestation_object=answer.attestation
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            require_user_verification=True,
            supported_pub_key_algs=list(ALGORITHMS),
        )
        _check_key(found.credential_public_key)
    if found.credential_id != answer.credential_id or len(found.credential_id) > CREDENTIAL_ID:
        raise PasskeyUnusable
    transports = tuple(sorted(TRANSPORTS.intersection(answer.transports)))
    credential = Credential(found.credential_id, found.credential_public_key, transports, str(found.aaguid))
    return Fresh(credential, found.sign_count, found.credential_backed_up)


def check_signed(
    party: RelyingParty, challenge: bytes, credential: Credential, handle: bytes, answer: Signed
) -> Seen:
    """Return what the passkey said if it signed exactly this. Raises PasskeyRefused.

    handle: of the person whose passkey it is. The counter is the caller's to compare, with `check_counter`.
    """
    if answer.credential_id != credential.id or answer.handle not in {None, handle}:
        raise PasskeyRefused
    with _refusing(PasskeyRefused):
        _check_frame(answer.client_data)
        found = verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(answer.credential_id),
                raw_id=answer.credential_id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=answer.client_data,
                    authenticator_data=answer.authenticator_data,
                    signature=answer.signature,
                    user_handle=answer.handle,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=credential.public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    return Seen(found.new_sign_count, found.credential_backed_up)


def check_counter(before: int, now: int) -> None:
    """Return only if the counter went on, or is not kept at all (always 0: most synced passkeys).

    WebAuthn 3, 7.2 step 22: a counter that stands or goes back may mean a second copy. Raises PasskeyCopied.
    """
    if (before or now) and now <= before:
        raise PasskeyCopied


def _check_frame(client_data: bytes) -> None:
    """Refuse an answer from within another site's frame (WebAuthn 3, 7.2 step 15)."""
    if parse_client_data_json(client_data).cross_origin:
        raise WebAuthnException("cross-origin")


def _check_key(public_key: bytes) -> None:
    """Refuse a key that is not of its algorithm, or too small: no attestation vouches for it."""
    decoded = decode_credential_public_key(public_key)
    key = decoded_public_key_to_cryptography(decoded)
    match decoded.alg:
        case COSEAlgorithmIdentifier.ECDSA_SHA_256:
            fits = isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
        case COSEAlgorithmIdentifier.EDDSA:
            fits = isinstance(key, Ed25519PublicKey)
        case _:
            fits = isinstance(key, RSAPublicKey) and key.key_size >= RSA_BITS
    if not fits:
        raise PasskeyUnusable


@contextmanager
def _refusing(refusal: type[PasskeyRefused | PasskeyUnusable]) -> Iterator[None]:
    """Turn every way in which a hostile answer fails to be read or verified into one refusal."""
    try:
        yield
    except (
        WebAuthnException,
        InvalidSignature,
        UnsupportedAlgorithm,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise refusal from error


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
