"""Root keys in a file, in a PKCS#11 token and in a key service: each wraps masters, binds them, and never leaves."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
from moto import mock_aws

from docvault.encryption import kms
from docvault.encryption.contexts import MasterContext
from docvault.encryption.errors import EncryptionError, Tampered, UnknownAlgorithm
from docvault.encryption.hsm import HsmKey
from docvault.encryption.keyring import FileKeyring, KeyringError, RootKeyAway
from docvault.encryption.kms import KmsKey
from softhsm import MODULE, PIN, address

MASTER = bytes(range(32))
FIRST, SECOND = MasterContext(1), MasterContext(2)


@pytest.fixture
def service(aws):
    with mock_aws():
        client = boto3.client("kms")
        yield [client.create_key()["KeyMetadata"]["Arn"] for _ in range(2)]


@pytest.fixture(params=["file", "pkcs11", "kms"])
def roots(request, tmp_path):
    """Two root keys of one kind."""
    if request.param == "file":
        return [FileKeyring.create(tmp_path / name) for name in ("one.key", "two.key")]
    if request.param == "pkcs11":
        folder = request.getfixturevalue("token")
        return [HsmKey(address(folder)), HsmKey(address(folder, "other"))]
    return [KmsKey(arn) for arn in request.getfixturevalue("service")]


def test_a_root_key_unwraps_what_it_wrapped(roots):
    one, two = roots
    wrapped = one.wrap(MASTER, FIRST)
    assert one.unwrap(wrapped, FIRST) == MASTER
    assert MASTER not in wrapped
    assert one.wrap(MASTER, FIRST) != wrapped
    assert one.name != two.name


@pytest.mark.promise(50)
def test_a_wrapped_master_opens_in_no_other_place_and_under_no_other_root_key(roots):
    one, two = roots
    wrapped = one.wrap(MASTER, FIRST)
    for root, context in ((one, SECOND), (two, FIRST)):
        with pytest.raises(EncryptionError):
            root.unwrap(wrapped, context)


@pytest.mark.promise(49)
def test_a_wrapped_master_that_was_changed_or_cut_does_not_open(roots):
    wrapped = roots[0].wrap(MASTER, FIRST)
    changed = wrapped[:-1] + bytes([wrapped[-1] ^ 1])
    for damaged in (changed, wrapped[:-1], wrapped[:8]):
        with pytest.raises(EncryptionError):
            roots[0].unwrap(damaged, FIRST)


@pytest.mark.promise(55)
def test_root_keys_print_neither_keys_nor_pins(roots, token):
    for root in [*roots, HsmKey(f"pkcs11:token=t;object=o?module-path={MODULE}&pin-value={PIN}")]:
        assert PIN not in repr(root)
        assert PIN not in root.name


@pytest.mark.promise(58)
def test_a_master_from_a_token_with_another_algorithm_is_refused(token):
    root = HsmKey(address(token))
    with pytest.raises(UnknownAlgorithm):
        root.unwrap(b"\x02" + root.wrap(MASTER, FIRST)[1:], FIRST)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"label": "nowhere"}, "no AES key called nowhere"),
        ({"token": "nowhere"}, "no PKCS#11 token called nowhere"),
    ],
)
@pytest.mark.promise(85)
def test_a_token_without_the_key_is_said_in_words(token, changed, words):
    with pytest.raises(RootKeyAway, match=words):
        HsmKey(address(token, **changed)).wrap(MASTER, FIRST)


@pytest.mark.promise(85)
def test_a_wrong_pin_and_a_missing_module_are_said_in_words(token, tmp_path):
    (tmp_path / "pin").write_text("0000")
    with pytest.raises(RootKeyAway, match="docvault cannot be used"):
        HsmKey(address(tmp_path)).wrap(MASTER, FIRST)
    with pytest.raises(RootKeyAway, match="PIN of the token cannot be read"):
        HsmKey(address(tmp_path / "none")).wrap(MASTER, FIRST)
    with pytest.raises(RootKeyAway, match="cannot be used"):
        HsmKey(address(token).replace(MODULE, "/nowhere.so")).wrap(MASTER, FIRST)


@pytest.mark.parametrize(
    "address", ["pkcs11:", "pkcs11:token=a;object=b", "pkcs11:token=a?module-path=/x&pin-value=1"]
)
def test_an_unclear_address_of_a_token_says_what_belongs_into_it(address):
    with pytest.raises(KeyringError, match="pin-source"):
        HsmKey(address)


# --- a key service that is away, slow or lying (promise 85) ------------------------------------------------------


@contextmanager
def a_service(answer):
    """Lend the address of a key service whose every answer is (status, body), after `answer` returned it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = answer(asked)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def refusing(code):
    return lambda _asked: (400, json.dumps({"__type": code, "message": "no"}).encode())


@pytest.mark.promise(85)
@pytest.mark.parametrize(
    "answer",
    [
        refusing("AccessDeniedException"),
        refusing("DisabledException"),
        lambda _asked: (503, b"later"),
        lambda _asked: (200, b"<html>not a key service</html>"),
        lambda _asked: (200, b"{}"),
    ],
    ids=["denied", "disabled", "down", "another page", "empty"],
)
def test_a_key_service_that_does_not_do_its_work_is_said_in_words_and_opens_nothing(aws, monkeypatch, answer):
    with a_service(answer) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        root = KmsKey("alias/docvault")
        for deed in (root.wrap, root.unwrap):
            with pytest.raises(RootKeyAway, match="key service") as refused:
                deed(MASTER, FIRST)
            assert base64.b64encode(MASTER).decode() not in str(refused.value)


@pytest.mark.promise(85)
def test_a_key_service_that_is_slow_or_not_there_is_not_waited_for(aws, monkeypatch):
    monkeypatch.setattr(kms, "ANSWER", 0.2)
    monkeypatch.setattr(kms, "TRIES", 1)
    over = threading.Event()

    def slow(_asked):
        over.wait(20)
        return 200, b"{}"

    with a_service(slow) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        with pytest.raises(RootKeyAway):
            KmsKey("alias/docvault").wrap(MASTER, FIRST)
        over.set()
    with pytest.raises(RootKeyAway):
        KmsKey("alias/docvault").wrap(MASTER, FIRST)  # nobody listens there any more


def test_a_refused_ciphertext_is_damage_and_not_trouble(aws, monkeypatch):
    with a_service(refusing("InvalidCiphertextException")) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_KMS", url)
        with pytest.raises(Tampered):
            KmsKey("alias/docvault").unwrap(b"x", FIRST)
