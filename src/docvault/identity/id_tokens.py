"""Judges an ID token: whose it is, that it is for us and answers us (OpenID Connect Core, 3.1.3.7).

The plan, each step alone able to refuse:
1. an asymmetric algorithm of the list: `none` needs no key, and HS256 would take a public key as its secret;
2. a signature by one of the provider's published keys, of the kind that the algorithm needs;
3. issuer, audience, authorized party, times and the access token's hash, as authlib reads the specification;
4. what that leaves open: nobody else in the audience, made just now, our nonce, a subject that can be kept.
"""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey, import_key
from joserfc.jws import extract_compact

from docvault.identity.errors import WordRefused

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "RS384", "PS384", "RS512", "PS512", "ES512", "EdDSA")
_KINDS: Mapping[str, type[Key]] = {"R": RSAKey, "P": RSAKey, "E": ECKey}
LEEWAY = 60  # seconds that two clocks may differ
FRESH = 300  # seconds between the provider making the token and us reading it
RSA_LEAST = 2048  # bits
BITS_OF_A_CHARACTER = 6  # of base64url
SUBJECT_MOST = 255  # characters, OpenID Connect Core 2
LARGEST = 32 * 1024  # characters of a token


@dataclass(frozen=True, slots=True)
class Expected:
    """What we know without the provider, and what it gave beside the token."""

    issuer: str
    client_id: str
    nonce: str
    access_token: str | None


def public_keys(found: Mapping[str, Any]) -> list[Key]:
    """Return the keys of a JWK set that may sign: asymmetric, public, large enough. Others are left."""
    entries = found.get("keys")
    read = [_public_key(each) for each in entries] if isinstance(entries, list) else []
    return [key for key in read if key is not None]


def key_ids(keys: Sequence[Key]) -> set[str | None]:
    """Return the names of keys, for the question whether one is new."""
    return {key.kid for key in keys}


def header_of(text: str) -> dict[str, Any]:
    """Return the header of a token, not yet believed. Raises WordRefused."""
    try:
        if len(text) > LARGEST:
            raise WordRefused("the ID token is too long")
        return dict(extract_compact(text.encode("ascii")).headers())
    except (JoseError, ValueError, RecursionError) as error:
        raise WordRefused("the ID token cannot be read") from error


def judge(text: str, keys: Sequence[Key], expected: Expected, now: datetime) -> dict[str, Any]:
    """Return the claims of a token that holds. Raises WordRefused."""
    header = header_of(text)
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:  # 1
        raise WordRefused(f"the ID token says the algorithm {algorithm!r}")
    claims = _signed(text, algorithm, header.get("kid"), keys)  # 2
    _check_standard(claims, header, expected, now)  # 3
    _check_ours(claims, expected, now)  # 4
    return claims


def _public_key(found: Any) -> Key | None:
    if not isinstance(found, dict) or found.get("use", "sig") != "sig" or "d" in found:
        return None
    if found.get("kty") == "RSA" and len(str(found.get("n"))) * BITS_OF_A_CHARACTER < RSA_LEAST:
        return None
    try:
        key = import_key(found)
    except (JoseError, ValueError, TypeError):
        return None  # of a kind we do not know: providers publish those as well
    return key if isinstance(key, (RSAKey, ECKey, OKPKey)) else None


def _signed(text: str, algorithm: str, kid: Any, keys: Sequence[Key]) -> dict[str, Any]:
    kind = OKPKey if algorithm == "EdDSA" else _KINDS[algorithm[0]]
    fitting = [key for key in keys if isinstance(key, kind) and (kid is None or key.kid in {kid, None})]
    for key in fitting:
        try:
            return dict(jwt.decode(text, key, algorithms=[algorithm]).claims)
        except (JoseError, ValueError, TypeError):
            continue
    raise WordRefused("no published key made the signature of the ID token")


def _check_standard(
    claims: dict[str, Any], header: dict[str, Any], expected: Expected, now: datetime
) -> None:
    options: dict[str, Any] = {
        "iss": {"essential": True, "value": expected.issuer},
        "aud": {"essential": True, "value": expected.client_id},
    }
    said = {
        "client_id": expected.client_id,
        "nonce": expected.nonce,
        "access_token": expected.access_token,
    }
    try:
        CodeIDToken(claims, header, options, said).validate(int(now.timestamp()), LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        raise WordRefused(f"the ID token does not hold: {type(error).__name__}") from error


def _check_ours(claims: dict[str, Any], expected: Expected, now: datetime) -> None:
    audience, subject, made = claims["aud"], claims["sub"], claims["iat"]
    if audience not in (expected.client_id, [expected.client_id]):
        raise WordRefused("the ID token is for others as well")
    if not isinstance(made, int) or not -LEEWAY <= now.timestamp() - made <= FRESH + LEEWAY:
        raise WordRefused("the ID token was not made just now")
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), expected.nonce.encode()):
        raise WordRefused("the ID token answers another request")
    if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_MOST or not subject.isprintable():
        raise WordRefused("the ID token names nobody that can be kept")
