"""The primitives below our formats against published vectors; Wycheproof's are in test_wycheproof.py.

RFC 5869 (HKDF with SHA-256, appendix A) and the AES-256-GCM test cases of the GCM specification (McGrew and Viega,
appendix B, cases 13 to 16), written here from those documents; every tag of the GCM cases is flipped as well.
"""

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from . import independent

HKDF_CASES = [
    (
        "0b" * 22,
        "000102030405060708090a0b0c",
        "f0f1f2f3f4f5f6f7f8f9",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x50)).hex(),
        bytes(range(0x60, 0xB0)).hex(),
        bytes(range(0xB0, 0x100)).hex(),
        (
            "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
            "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
        ),
    ),
    (
        "0b" * 22,
        "",
        "",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
]
PLAIN = (
    "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
    "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"
)
CIPHER = (
    "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
    "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
)
KEY = "feffe9928665731c6d6a8f9467308308" * 2
GCM_CASES = [
    ("00" * 32, "00" * 12, "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
    (
        "00" * 32,
        "00" * 12,
        "00" * 16,
        "",
        "cea7403d4d606b6e074ec5d3baf39d18",
        "d0d1c8a799996bf0265b98b5d48ab919",
    ),
    (KEY, "cafebabefacedbaddecaf888", PLAIN, "", CIPHER, "b094dac5d93471bdec1a502270e3cc6c"),
    (
        KEY,
        "cafebabefacedbaddecaf888",
        PLAIN[:120],
        "feedfacedeadbeeffeedfacedeadbeefabaddad2",
        CIPHER[:120],
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ),
]


@pytest.mark.promise(52)
@pytest.mark.parametrize(("key", "salt", "info", "expected"), HKDF_CASES)
def test_hkdf_of_rfc_5869(key, salt, info, expected):
    key, salt, info, expected = (bytes.fromhex(text) for text in (key, salt, info, expected))
    assert HKDF(SHA256(), len(expected), salt, info).derive(key) == expected
    assert independent.hkdf("sha256", key, salt, info, len(expected)) == expected


@pytest.mark.promise(52)
@pytest.mark.parametrize(("key", "nonce", "plain", "about", "cipher", "tag"), GCM_CASES)
def test_aes_256_gcm_of_its_specification(key, nonce, plain, about, cipher, tag):
    key, nonce, plain, about, cipher, tag = (
        bytes.fromhex(text) for text in (key, nonce, plain, about, cipher, tag)
    )
    aead = AESGCM(key)
    assert aead.encrypt(nonce, plain, about) == cipher + tag
    assert aead.decrypt(nonce, cipher + tag, about) == plain
    for bit in range(128):
        wrong = (int.from_bytes(tag, "big") ^ (1 << bit)).to_bytes(16, "big")
        with pytest.raises(InvalidTag):
            aead.decrypt(nonce, cipher + wrong, about)
