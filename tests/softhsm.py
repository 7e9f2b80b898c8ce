"""A PKCS#11 token of SoftHSM with the keys that tests use. One for a process: the module reads its settings once."""

import os
import subprocess
from contextlib import contextmanager

import pkcs11
from pkcs11 import KeyType
from pkcs11.constants import Attribute
from pkcs11.util.ec import encode_named_curve_parameters

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "48151623"
LABEL = "docvault"


@contextmanager
def lent(folder):
    """Lend the folder of a fresh token; the PIN lies in a file in it."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    (folder / "pin").write_text(f"{PIN}\n")
    before = os.environ.get("SOFTHSM2_CONF")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
    made = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--so-pin", PIN, "--pin", PIN]
    subprocess.run(made, check=True, capture_output=True)
    with pkcs11.lib(MODULE).get_token(token_label=LABEL).open(user_pin=PIN, rw=True) as session:
        for label in ("root", "other"):
            session.generate_key(KeyType.AES, 256, label=label, store=True)
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        parameters = session.create_domain_parameters(KeyType.EC, curve, local=True)
        for label in ("seal", "another-seal"):
            parameters.generate_keypair(label=label, store=True)
        session.generate_keypair(KeyType.RSA, 3072, label="rsa-seal", store=True)
        session.generate_keypair(KeyType.RSA, 2048, label="weak-seal", store=True)
    yield folder
    if before is None:
        del os.environ["SOFTHSM2_CONF"]
    else:
        os.environ["SOFTHSM2_CONF"] = before


def address(folder, label="root", token=LABEL):
    return f"pkcs11:token={token};object={label}?module-path={MODULE}&pin-source=file:{folder / 'pin'}"
