"""What an identity provider may say, and every lie that is not believed."""

import hmac
import json
import time
from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from urllib.parse import parse_qs, urlsplit

import pytest
from jwcrypto.jwk import JWK

from docvault.identity import fetching
from docvault.identity.errors import ProviderAway, WordRefused
from docvault.identity.provider import Provider

from .liar import CLIENT, EC, RSA, SECRET, Answer, Liar, base64url, signed, standing

BACK = "https://vault.example.com/login/sso/return"
STATE, NONCE, VERIFIER = "state-1", "nonce-1", "v" * 43
DESCRIPTION = "/.well-known/openid-configuration"


@pytest.fixture
def liar():
    with standing() as made:
        yield made


def provider_of(liar: Liar, **changed) -> Provider:
    given = {
        "issuer": liar.issuer,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "return_address": BACK,
        "hosts": (),
    }
    return Provider(**{**given, **changed})


def sign_on(
    liar: Liar,
    provider: Provider | None = None,
    *,
    nonce=NONCE,
    verifier=VERIFIER,
    now=None,
    wanted=("email",),
):
    provider = provider or provider_of(liar)
    address = provider.departure(state=STATE, nonce=NONCE, verifier=VERIFIER, max_age=None)
    code = liar.authorize(address)["code"]
    return provider.redeem(
        code=code, verifier=verifier, nonce=nonce, wanted=wanted, now=now or datetime.now(UTC)
    )


def test_an_honest_provider_says_who_somebody_is(liar):
    found = sign_on(liar)
    assert (found.issuer, found.subject, found.email, found.email_verified) == (
        liar.issuer,
        "u-1",
        "nora@example.com",
        True,
    )


def test_the_departure_asks_for_a_code_with_pkce_state_and_nonce_and_no_more(liar):
    address = provider_of(liar).departure(state=STATE, nonce=NONCE, verifier=VERIFIER, max_age=3600)
    assert address.startswith(f"{liar.issuer}/authorize?")
    assert parse_qs(urlsplit(address).query) == {
        "response_type": ["code"],
        "client_id": [CLIENT],
        "redirect_uri": [BACK],
        "scope": ["openid email profile"],
        "state": [STATE],
        "nonce": [NONCE],
        "code_challenge": [base64url(sha256(VERIFIER.encode()).digest())],
        "code_challenge_method": ["S256"],
        "max_age": ["3600"],
    }
    assert SECRET not in address
    assert VERIFIER not in address


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS256"), (RSA, "PS256"), (EC, "ES256")])
def test_strong_signatures_are_taken(liar, key, algorithm):
    liar.token = lambda claims: signed(claims, key, algorithm)
    assert sign_on(liar).subject == "u-1"


STRANGER = JWK.generate(kty="RSA", size=2048, kid="rsa")
WEAK = JWK.generate(kty="RSA", size=1024, kid="weak")


def unsigned(claims):
    head = base64url(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    return f"{head}.{base64url(json.dumps(claims).encode())}."


def keyed_with_the_public_key(claims):
    """The classic confusion: HS256 with the published key as its secret."""
    head = base64url(json.dumps({"alg": "HS256", "kid": "rsa", "typ": "JWT"}).encode())
    text = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{text}.{base64url(hmac.digest(RSA.export_to_pem(), text.encode(), 'sha256'))}"


def keyed_with_the_client_secret(claims):
    head = base64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    text = f"{head}.{base64url(json.dumps(claims).encode())}"
    return f"{text}.{base64url(hmac.digest(SECRET.encode(), text.encode(), 'sha256'))}"


def another_claim_behind_the_signature(claims):
    head, body, signature = signed(claims).split(".")
    said = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return f"{head}.{base64url(json.dumps(said | {'sub': 'u-2'}).encode())}.{signature}"


FORGERIES = {
    "no signature": unsigned,
    "a key nobody published": lambda claims: signed(claims, STRANGER),
    "its own key in the header": lambda claims: signed(
        claims, STRANGER, jwk=json.loads(STRANGER.export_public())
    ),
    "a key by address": lambda claims: signed(claims, STRANGER, jku="https://evil.example/keys"),
    "the public key as a secret": keyed_with_the_public_key,
    "the client secret": keyed_with_the_client_secret,
    "changed claims": another_claim_behind_the_signature,
    "a signature cut off": lambda claims: signed(claims).rpartition(".")[0] + ".",
    "an RSA signature that names the other key": lambda claims: signed(claims, RSA, "RS256", kid="ec"),
    "no token at all": lambda _claims: "nothing",
    "a huge token": lambda claims: signed({**claims, "x": "y" * 40_000}),
    "too small a key": lambda claims: signed(claims, WEAK),
}


@pytest.mark.asvs("6.8.2")
@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES)
def test_a_forged_token_is_refused(liar, forge):
    liar.keys.append(json.loads(WEAK.export_public()))
    liar.token = forge
    with pytest.raises(WordRefused):
        sign_on(liar)


NOW = int(time.time())
LIES = {
    "another issuer": {"iss": "https://evil.example"},
    "the issuer with a slash": {"iss": "{issuer}/"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "other"},
    "for others as well": {"aud": [CLIENT, "other"], "azp": CLIENT},
    "for nobody": {"aud": []},
    "no audience": {"aud": None},
    "given to another party": {"azp": "other"},
    "another nonce": {"nonce": "nonce-2"},
    "no nonce": {"nonce": None},
    "expired": {"exp": NOW - 120},
    "no end": {"exp": None},
    "an end that is no number": {"exp": "later"},
    "made long ago": {"iat": NOW - 3600},
    "made tomorrow": {"iat": NOW + 86_400},
    "no moment": {"iat": None},
    "not valid yet": {"nbf": NOW + 3600},
    "another access token's hash": {"at_hash": base64url(sha256(b"other").digest()[:16])},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject that is a number": {"sub": 1},
    "a subject too long to be kept": {"sub": "x" * 256},
    "a subject of control characters": {"sub": "u-1\x00"},
    "methods that are no list": {"amr": "mfa"},
}


@pytest.mark.asvs("6.8.2")
@pytest.mark.asvs("10.5.1")
@pytest.mark.asvs("10.5.4")
@pytest.mark.parametrize("claim", LIES.values(), ids=LIES)
def test_a_signed_token_that_does_not_answer_us_is_refused(liar, claim):
    liar.claim = {
        name: value.format(issuer=liar.issuer) if isinstance(value, str) else value
        for name, value in claim.items()
    }
    with pytest.raises(WordRefused):
        sign_on(liar)


def test_a_token_is_refused_once_it_is_old(liar):
    with pytest.raises(WordRefused):
        sign_on(liar, now=datetime.now(UTC) + timedelta(minutes=30))


@pytest.mark.asvs("10.2.1")
def test_a_code_is_good_only_with_the_verifier_of_its_browser(liar):
    with pytest.raises(ProviderAway):  # the honest provider answers 400
        sign_on(liar, verifier="w" * 43)


def test_a_code_is_good_once(liar):
    provider = provider_of(liar)
    code = liar.authorize(provider.departure(state=STATE, nonce=NONCE, verifier=VERIFIER, max_age=None))[
        "code"
    ]
    given = {"code": code, "verifier": VERIFIER, "nonce": NONCE, "wanted": ()}
    provider.redeem(**given, now=datetime.now(UTC))
    with pytest.raises(ProviderAway):
        provider.redeem(**given, now=datetime.now(UTC))


@pytest.mark.asvs("10.5.3")
@pytest.mark.parametrize(
    "changed",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "https://evil.example/token"},
        {"token_endpoint": "http://169.254.169.254/latest/meta-data"},
        {"jwks_uri": "https://evil.example/keys"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"authorization_endpoint": "https://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": "{issuer}@evil.example/authorize"},
        {"end_session_endpoint": "https://evil.example/logout"},
        {"userinfo_endpoint": "http://127.0.0.1:1/me"},
        {"response_types_supported": None},
        {"code_challenge_methods_supported": ["plain"]},
    ],
    ids=str,
)
def test_a_description_that_leads_elsewhere_is_refused_and_nobody_else_is_asked(liar, changed):
    said = {
        name: value.format(issuer=liar.issuer) if isinstance(value, str) else value
        for name, value in changed.items()
    }
    kept = {name: value for name, value in liar.description(**said).items() if value is not None}
    liar.lies[DESCRIPTION] = Answer(kept)
    with pytest.raises(ProviderAway):
        provider_of(liar).describe()
    assert liar.asked == [DESCRIPTION]


def test_an_endpoint_on_another_host_is_taken_where_the_policy_names_the_host(liar):
    liar.lies[DESCRIPTION] = Answer(liar.description(jwks_uri="https://keys.example/keys"))
    assert provider_of(liar, hosts=("keys.example",)).describe()["jwks_uri"] == "https://keys.example/keys"


@pytest.mark.promise(36)
@pytest.mark.parametrize("path", [DESCRIPTION, "/keys", "/token"])
def test_a_redirect_is_never_followed(liar, path):
    with standing() as other:
        liar.lies[path] = Answer({}, 302, {"location": f"{other.issuer}{path}"})
        with pytest.raises(ProviderAway):
            sign_on(liar)
        assert other.asked == []


BAD_ANSWERS = {
    "a page": Answer(b"<!doctype html><p>Sign in</p>", 200, {"content-type": "text/html"}),
    "a list": Answer([]),
    "nothing": Answer(b""),
    "an error": Answer({"error": "server_error"}, 500),
    "ten megabytes": Answer(b'{"a":"' + b"x" * 10_000_000 + b'"}'),
    "compressed": Answer(b"\x1f\x8b", 200, {"content-encoding": "gzip"}),
    "a deep nest": Answer(b"[" * 200_000),
}


@pytest.mark.promise(85)
@pytest.mark.parametrize("path", [DESCRIPTION, "/keys", "/token"])
@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_an_answer_that_is_none_is_refused_in_words(liar, path, answer):
    liar.lies[path] = answer
    with pytest.raises((ProviderAway, WordRefused), match="sign-on"):
        sign_on(liar)


@pytest.mark.promise(85)
@pytest.mark.parametrize("path", [DESCRIPTION, "/keys", "/token"])
def test_a_provider_that_drips_is_left_in_time(liar, path, monkeypatch):
    monkeypatch.setattr(fetching, "SECONDS", 0.5)
    liar.lies[path] = Answer(b"{" + b" " * 1000, drip=0.05)
    began = time.monotonic()
    with pytest.raises(ProviderAway):
        sign_on(liar)
    assert time.monotonic() - began < 3


@pytest.mark.promise(85)
def test_a_provider_that_is_not_there_is_said_to_be_away():
    gone = Liar()
    gone.close()
    with pytest.raises(ProviderAway, match="password works"):
        provider_of(gone).describe()


def test_a_new_key_is_fetched_and_one_that_is_not_there_is_not_asked_for_again_and_again(liar):
    provider = provider_of(liar)
    sign_on(liar, provider)
    liar.token = lambda claims: signed(claims, STRANGER, kid="unknown")
    for _ in range(3):
        with pytest.raises(WordRefused):
            sign_on(liar, provider)
    assert liar.asked.count("/keys") == 1  # a guesser cannot make us ask for keys as fast as it likes
    provider._keys = (provider._keys[0] - 60, provider._keys[1])
    fresh = JWK.generate(kty="RSA", size=2048, kid="fresh")
    liar.keys = [json.loads(fresh.export_public())]
    liar.token = lambda claims: signed(claims, fresh)
    assert sign_on(liar, provider).subject == "u-1"
    assert liar.asked.count("/keys") == 2


@pytest.mark.asvs("10.2.2")
def test_an_answer_of_another_issuer_is_refused(liar):
    provider = provider_of(liar)
    provider.check_issuer(liar.issuer)
    provider.check_issuer(None)  # it never said that it would say
    for said in ("https://evil.example", liar.issuer + "/", ""):
        with pytest.raises(WordRefused):
            provider.check_issuer(said)
    liar.lies[DESCRIPTION] = Answer(liar.description(authorization_response_iss_parameter_supported=True))
    with pytest.raises(WordRefused):
        provider_of(liar).check_issuer(None)


def test_what_the_token_leaves_out_is_asked_of_the_user_info(liar):
    liar.token = lambda claims: signed({name: claims[name] for name in claims if name != "email"})
    assert sign_on(liar).email == "nora@example.com"
    assert "/me" in liar.asked


def test_user_info_of_somebody_else_is_refused(liar):
    liar.token = lambda claims: signed({name: claims[name] for name in claims if name != "email"})
    liar.lies["/me"] = Answer({"sub": "u-2", "email": "boss@example.com", "email_verified": True})
    with pytest.raises(WordRefused):
        sign_on(liar)


@pytest.mark.parametrize("said", ["true", 1, None, "yes"])
def test_an_address_is_verified_only_if_the_provider_says_true(liar, said):
    liar.claim = {"email_verified": said}
    assert sign_on(liar).email_verified is False


def test_signing_out_leads_to_the_provider_and_back(liar):
    address = provider_of(liar).sign_out_address("https://vault.example.com/login")
    assert parse_qs(urlsplit(address).query) == {
        "client_id": [CLIENT],
        "post_logout_redirect_uri": ["https://vault.example.com/login"],
    }


def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(liar):
    supported = ["client_secret_post"]
    liar.lies[DESCRIPTION] = Answer(liar.description(token_endpoint_auth_methods_supported=supported))
    with pytest.raises(ProviderAway):  # this one wants Basic, and got a form: it answered 400
        sign_on(liar)
