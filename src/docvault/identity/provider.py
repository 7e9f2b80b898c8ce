"""The one identity provider: where to send people, and what it says of them when they come back.

Authorization code flow with PKCE, state and nonce (OAuth 2.1, RFC 7636, RFC 9207, RFC 9700). Nothing of the
provider's is kept but its description and keys, for an hour.
"""

import base64
import hmac
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc.jwk import Key

from docvault.identity import id_tokens
from docvault.identity.errors import ProviderAway, WordRefused
from docvault.identity.fetching import Fetcher

KEPT = 3600.0  # seconds that description and keys are believed
AGAIN = 30.0  # seconds between two looks for a key that is not among those at hand
SCOPE = "openid email profile"
_ENDPOINTS = (
    "authorization_endpoint",
    "token_endpoint",
    "jwks_uri",
    "userinfo_endpoint",
    "end_session_endpoint",
)
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Identity:
    """What the provider vouches for. Only issuer and subject name the person."""

    issuer: str
    subject: str
    email: str  # as the provider writes it; empty where it says none
    email_verified: bool
    name: str
    claims: Mapping[str, Any]  # everything else it said

    @property
    def amr(self) -> tuple[str, ...]:
        found = self.claims.get("amr")
        return tuple(each for each in found if isinstance(each, str)) if isinstance(found, list) else ()

    @property
    def acr(self) -> str:
        found = self.claims.get("acr")
        return found if isinstance(found, str) else ""

    @property
    def authenticated_at(self) -> datetime | None:
        found = self.claims.get("auth_time")
        return datetime.fromtimestamp(found, UTC) if type(found) is int and 0 < found < 2**40 else None


class Provider:
    """Safe to share between threads; asks nothing when it is made."""

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str, return_address: str, hosts: Collection[str]
    ) -> None:
        """return_address: ours, as it is registered with the provider. hosts: beside the issuer's own."""
        self.issuer = issuer
        self.name = urlsplit(issuer).netloc
        self._client_id = client_id
        self._client_secret = client_secret
        self._return_address = return_address
        self._fetcher = Fetcher({self.name, *hosts})
        self._lock = threading.Lock()
        self._described: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, list[Key]] | None = None

    def describe(self) -> dict[str, Any]:
        """Return its metadata, at most an hour old. Raises ProviderAway."""
        with self._lock:
            if self._described is not None and time.monotonic() - self._described[0] < KEPT:
                return self._described[1]
        found = self._fetcher.get(f"{self.issuer.rstrip('/')}/.well-known/openid-configuration")
        self._check(found)
        with self._lock:
            self._described = (time.monotonic(), found)
        return found

    def departure(self, *, state: str, nonce: str, verifier: str, max_age: int | None) -> str:
        """Return the address that asks the provider who somebody is. Raises ProviderAway.

        verifier: the secret half of PKCE. max_age: seconds since the person last proved who they are there.
        """
        address: str = prepare_grant_uri(
            self.describe()["authorization_endpoint"],
            self._client_id,
            "code",
            redirect_uri=self._return_address,
            scope=SCOPE,
            state=state,
            nonce=nonce,
            code_challenge=create_s256_code_challenge(verifier),
            code_challenge_method="S256",
            max_age=None if max_age is None else str(max_age),
        )
        return address

    def check_issuer(self, said: str | None) -> None:
        """Compare the `iss` that came back beside the code (RFC 9207). Raises WordRefused, ProviderAway."""
        promised = self.describe().get("authorization_response_iss_parameter_supported") is True
        if said is None and promised:
            raise WordRefused("the answer does not say who it is from")
        if said is not None and not hmac.compare_digest(said.encode(), self.issuer.encode()):
            raise WordRefused("the answer is from another issuer")

    def redeem(
        self, *, code: str, verifier: str, nonce: str, wanted: Collection[str], now: datetime
    ) -> Identity:
        """Exchange the code and return whom it stands for. Raises ProviderAway, WordRefused.

        wanted: claims that are asked of the user info where the ID token lacks one of them.
        """
        given = self._exchange(code, verifier)
        text, access = given.get("id_token"), given.get("access_token")
        if not isinstance(text, str) or not isinstance(access, str | None):
            raise WordRefused("there is no ID token in the answer")
        expected = id_tokens.Expected(self.issuer, self._client_id, nonce, access)
        claims = id_tokens.judge(text, self._keys_for(text), expected, now)
        return self._identity(claims, access, wanted)

    def sign_out_address(self, back: str) -> str | None:
        """Return where a person ends their session at the provider, if it says; back: where to then.

        Raises ProviderAway.
        """
        address = self.describe().get("end_session_endpoint")
        if not address:
            return None
        query = urlencode({"client_id": self._client_id, "post_logout_redirect_uri": back})
        return f"{address}{'&' if '?' in address else '?'}{query}"

    def _check(self, found: dict[str, Any]) -> None:
        """Refuse a description of another provider, or one that sends us elsewhere (RFC 8414, 3.3)."""
        if found.get("issuer") != self.issuer:
            raise ProviderAway(f"the description is of {str(found.get('issuer'))[:200]!r}")
        for name in _ENDPOINTS:
            address = found.get(name)
            if address is None and name not in _NEEDED:
                continue
            if not isinstance(address, str) or not self._fetcher.is_ours(address):
                raise ProviderAway(
                    f"its {name} is {str(address)[:200]!r}: not on a host of policies/sso.toml"
                )
        try:
            OpenIDProviderMetadata(found).validate_response_types_supported()
        except (ValueError, TypeError) as error:
            raise ProviderAway(f"the description does not hold: {error}") from error
        methods = found.get("code_challenge_methods_supported")
        if isinstance(methods, list) and "S256" not in methods:
            raise ProviderAway("it does not know PKCE with S256")

    def _exchange(self, code: str, verifier: str) -> dict[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._return_address,
            "code_verifier": verifier,
        }
        described = self.describe()
        headers: dict[str, str] = {}
        methods = described.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if "client_secret_basic" in methods:
            headers["authorization"] = _basic(self._client_id, self._client_secret)
        else:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        return self._fetcher.post(described["token_endpoint"], form, headers)

    def _keys_for(self, text: str) -> list[Key]:
        """Return the published keys; asked again, but not often, when none has the name the token says."""
        kid = id_tokens.header_of(text).get("kid")
        with self._lock:
            kept = self._keys
        age = time.monotonic() - kept[0] if kept else KEPT
        known = kept is not None and (kid is None or kid in id_tokens.key_ids(kept[1]))
        if kept is not None and age < KEPT and (known or age < AGAIN):
            return kept[1]
        keys = id_tokens.public_keys(self._fetcher.get(self.describe()["jwks_uri"]))
        with self._lock:
            self._keys = (time.monotonic(), keys)
        return keys

    def _identity(self, claims: dict[str, Any], access: str | None, wanted: Collection[str]) -> Identity:
        address = self.describe().get("userinfo_endpoint")
        if address and access and not claims.keys() >= set(wanted):
            more = self._fetcher.get(address, bearer=access)
            if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2: or it speaks of somebody else
                raise WordRefused("the user info is of another person")
            claims = {**more, **claims}
        email, name = claims.get("email"), claims.get("name")
        return Identity(
            issuer=self.issuer,
            subject=claims["sub"],
            email=email if isinstance(email, str) else "",
            email_verified=claims.get("email_verified") is True,
            name=name if isinstance(name, str) else "",
            claims=claims,
        )


def _basic(client_id: str, client_secret: str) -> str:
    """RFC 6749, 2.3.1: both parts are form-encoded before they are joined."""
    joined = f"{quote(client_id, safe='')}:{quote(client_secret, safe='')}"
    return f"Basic {base64.b64encode(joined.encode()).decode()}"
