import os
from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from docvault.credentials import passkeys
from docvault.credentials.passkeys import Creation, Credential, Made, RelyingParty, Request, Signed
from docvault.credentials.refusals import PasskeyCopied, PasskeyRefused, PasskeyUnusable

from .authenticator import HONEST, UP, UV, Authenticator, cbor, eddsa, es256, lying, rs256

PARTY = RelyingParty("vault.example.com", "https://vault.example.com", "DocVault")
HANDLE = b"person-1"
CHALLENGE = bytes(range(32))
CREATION = Creation(PARTY, CHALLENGE, HANDLE, "clara@example.com", "Clara", ())


def made(lies=HONEST, authenticator=None):
    authenticator = authenticator or Authenticator()
    return authenticator, authenticator.make(CREATION, lies)


def enrolled(authenticator=None):
    authenticator, answer = made(authenticator=authenticator)
    return authenticator, passkeys.check_made(PARTY, CHALLENGE, answer).credential


@pytest.mark.parametrize(
    ("base_url", "domain", "origin"),
    [
        ("https://vault.example.com", "vault.example.com", "https://vault.example.com"),
        ("https://Vault.Example.com:443/", "vault.example.com", "https://vault.example.com"),
        ("https://vault.example.com:8443", "vault.example.com", "https://vault.example.com:8443"),
        ("http://127.0.0.1:8000", "localhost", "http://localhost:8000"),
        ("http://[::1]:8000", "localhost", "http://localhost:8000"),
        ("http://localhost:8000", "localhost", "http://localhost:8000"),
    ],
)
def test_the_portals_address_says_whom_a_passkey_is_made_for(base_url, domain, origin):
    assert RelyingParty.of(base_url, "Vault") == RelyingParty(domain, origin, "Vault")


@pytest.mark.parametrize("kind", ["none", "packed"])
def test_a_passkey_that_was_made_for_this_challenge_is_kept(kind):
    authenticator, answer = made(lying(format=kind))
    fresh = passkeys.check_made(PARTY, CHALLENGE, answer)
    assert fresh.credential.id == authenticator.keys[0].id
    assert fresh.credential.transports == ("hybrid", "internal")  # a transport nobody knows is left out
    assert (fresh.sign_count, fresh.synced) == (0, False)
    assert Credential.decode(fresh.credential.encode()) == fresh.credential


def test_a_synced_passkey_says_so():
    _, answer = made(authenticator=Authenticator(synced=True))
    assert passkeys.check_made(PARTY, CHALLENGE, answer).synced


UNUSABLE = {
    "another origin": lying(origin="https://vault.example.com.evil.example"),
    "plain http": lying(origin="http://vault.example.com"),
    "another portal": lying(rp_id="evil.example"),
    "another challenge": lying(challenge=os.urandom(32)),
    "an empty challenge": lying(challenge=b""),
    "an assertion in place of it": lying(type="webauthn.get"),
    "no user verification": lying(flags=UP),
    "no user present": lying(flags=UV),
    "another site's frame": lying(cross_origin=True),
    "an algorithm nobody asked for": lying(algorithm=-65535),
    "a key that is not of its algorithm": lying(algorithm=-257),
    "a signature of another": lying(format="packed", signature=bytes(70)),
    "a statement where there is none": lying(statement={"alg": -7, "sig": bytes(64)}),
    "attestation of a kind nobody asked for": lying(format="tpm", statement={"ver": "2.0"}),
    "attestation of an unknown kind": lying(format="apple-pie"),
    "a backup of what cannot be backed up": lying(flags=UP | UV | 0x10),
}


@pytest.mark.promise(5)
@pytest.mark.asvs("6.7.2")
@pytest.mark.parametrize("lie", UNUSABLE)
def test_what_was_made_for_anything_else_is_not_kept(lie):
    _, answer = made(UNUSABLE[lie])
    with pytest.raises(PasskeyUnusable, match="could not be added"):
        passkeys.check_made(PARTY, CHALLENGE, answer)


def p384():
    return ec.generate_private_key(ec.SECP384R1())


KINDS = {"ES256": es256, "EdDSA": eddsa, "RS256": rs256}


@pytest.mark.parametrize("kind", KINDS)
def test_each_algorithm_that_is_offered_signs_in(kind):
    authenticator, credential = enrolled(Authenticator(new_key=KINDS[kind]))
    assert check(authenticator, credential).sign_count == 1


WEAK = {
    "a small RSA key": Authenticator(new_key=partial(rs256, 1024)),
    "another curve": Authenticator(new_key=p384),
    "an id that is too long": Authenticator(id_size=passkeys.CREDENTIAL_ID + 1),
}


@pytest.mark.parametrize("what", WEAK)
def test_what_is_weak_or_odd_is_not_kept(what):
    _, answer = made(authenticator=WEAK[what])
    with pytest.raises(PasskeyUnusable):
        passkeys.check_made(PARTY, CHALLENGE, answer)


def test_an_ed25519_algorithm_needs_an_ed25519_key():
    _, answer = made(lying(algorithm=-8))
    with pytest.raises(PasskeyUnusable):
        passkeys.check_made(PARTY, CHALLENGE, answer)


def test_an_id_that_is_not_the_one_that_was_attested_is_not_kept():
    _, answer = made()
    other = Made(b"another", answer.client_data, answer.attestation)
    with pytest.raises(PasskeyUnusable):
        passkeys.check_made(PARTY, CHALLENGE, other)


def check(authenticator, credential, lies=HONEST, handle=HANDLE):
    request = Request(PARTY, CHALLENGE, [credential])
    return passkeys.check_signed(PARTY, CHALLENGE, credential, handle, authenticator.sign(request, lies))


@pytest.mark.asvs("6.3.3")
def test_the_passkeys_answer_to_this_challenge_is_accepted():
    authenticator, credential = enrolled()
    assert check(authenticator, credential).sign_count == 1
    assert check(authenticator, credential).sign_count == 2


REFUSED = {
    "another origin": lying(origin="https://vault.example.com.evil.example"),
    "another port": lying(origin="https://vault.example.com:8443"),
    "another portal": lying(rp_id="evil.example"),
    "another challenge": lying(challenge=os.urandom(32)),
    "a registration in place of it": lying(type="webauthn.create"),
    "no user verification": lying(flags=UP),
    "no user present": lying(flags=UV),
    "another site's frame": lying(cross_origin=True),
    "a signature of nothing": lying(signature=b"\x30\x06\x02\x01\x01\x02\x01\x01"),
    "no signature": lying(signature=b"\x00"),
    "somebody else's handle": lying(handle=b"person-2"),
}


@pytest.mark.promise(1)
@pytest.mark.asvs("6.3.3")
@pytest.mark.parametrize("lie", REFUSED)
def test_an_answer_to_anything_else_is_refused_in_one_text(lie):
    authenticator, credential = enrolled()
    with pytest.raises(PasskeyRefused) as refusal:
        check(authenticator, credential, REFUSED[lie])
    assert str(refusal.value) == str(PasskeyRefused())


def test_another_passkeys_answer_is_refused():
    authenticator, credential = enrolled()
    _, other = enrolled(authenticator)
    answer = authenticator.sign(Request(PARTY, CHALLENGE, [other]))
    with pytest.raises(PasskeyRefused):
        passkeys.check_signed(PARTY, CHALLENGE, credential, HANDLE, answer)
    swapped = Signed(
        credential.id, answer.client_data, answer.authenticator_data, answer.signature, answer.handle
    )
    with pytest.raises(PasskeyRefused):
        passkeys.check_signed(PARTY, CHALLENGE, credential, HANDLE, swapped)


@pytest.mark.parametrize(
    ("before", "now", "goes_on"),
    [(0, 0, True), (0, 1, True), (5, 6, True), (5, 9, True), (5, 5, False), (5, 4, False), (5, 0, False)],
)
def test_a_counter_only_goes_on(before, now, goes_on):
    if goes_on:
        passkeys.check_counter(before, now)
    else:
        with pytest.raises(PasskeyCopied):
            passkeys.check_counter(before, now)


@pytest.mark.promise(17)
def test_a_step_ups_challenge_is_another_for_each_purpose_digest_and_nonce():
    nonce = passkeys.new_nonce()
    challenges = {
        passkeys.challenge_for(purpose, digest, each)
        for purpose in ("envelope:sign", "audit:export")
        for digest in ("ab" * 32, "cd" * 32)
        for each in (nonce, passkeys.new_nonce())
    }
    assert len(challenges) == 8
    assert passkeys.challenge_for("audit:export", "ab" * 32, nonce) in challenges
    assert {len(each) for each in challenges} == {32}


@pytest.mark.asvs("6.7.2")
def test_a_nonce_has_256_bits_and_does_not_come_twice():
    nonces = {passkeys.new_nonce() for _ in range(1000)}
    assert len(nonces) == 1000
    assert {len(nonce) for nonce in nonces} == {32}


@given(
    st.sampled_from(["client_data", "authenticator_data", "signature"]),
    st.integers(0, 9999),
    st.integers(1, 255),
    st.floats(0, 1),
)
def test_whatever_bytes_come_are_a_refusal_and_nothing_else(part, at, bits, kept):
    authenticator, credential = enrolled()
    answer = authenticator.sign(Request(PARTY, CHALLENGE, [credential]))
    changed = bytearray(getattr(answer, part))
    changed[at % len(changed)] ^= bits
    fields = {name: getattr(answer, name) for name in Signed.__slots__}
    fields[part] = bytes(changed[: max(at % len(changed) + 1, round(kept * len(changed)))])
    with pytest.raises(PasskeyRefused):
        passkeys.check_signed(PARTY, CHALLENGE, credential, HANDLE, Signed(**fields))


@given(st.one_of(st.binary(max_size=200), st.integers(1, 5000).map(lambda deep: b"\x81" * deep)))
def test_whatever_comes_as_attestation_is_a_refusal_and_nothing_else(attestation):
    _, answer = made()
    with pytest.raises(PasskeyUnusable):
        passkeys.check_made(PARTY, CHALLENGE, Made(answer.credential_id, answer.client_data, attestation))


@given(st.binary(max_size=100))
def test_an_attestation_around_anything_is_a_refusal_and_nothing_else(data):
    _, answer = made()
    around = cbor({"fmt": "none", "attStmt": {}, "authData": data})
    with pytest.raises(PasskeyUnusable):
        passkeys.check_made(PARTY, CHALLENGE, Made(answer.credential_id, answer.client_data, around))
