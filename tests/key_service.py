"""A key service that speaks the protocol of AWS KMS, as far as a seal needs it, with real keys.

The client checks what is asked against the service's own description; this side checks what that cannot.
"""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

SHA256 = Prehashed(hashes.SHA256())
PSS = padding.PSS(padding.MGF1(hashes.SHA256()), 32)  # of AWS: the salt is as long as the digest


class KeyService:
    """keys: private keys by their id. refusal: the code of the error that everything is answered with."""

    def __init__(self, keys):
        self.keys = dict(keys)
        self.usage = "SIGN_VERIFY"
        self.refusal = ""
        self.asked = []

    def answer(self, deed, asked):
        self.asked.append((deed, asked))
        key = self.keys.get(asked["KeyId"])
        if self.refusal or key is None:
            return 400, {"__type": self.refusal or "NotFoundException", "message": "no"}
        if deed == "GetPublicKey":
            public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return 200, {"KeyId": asked["KeyId"], "KeyUsage": self.usage, "PublicKey": _text(public)}
        digest = base64.b64decode(asked["Message"])
        if asked["MessageType"] != "DIGEST" or len(digest) != 32:
            return 400, {"__type": "ValidationException", "message": "not a digest"}
        return 200, {
            "KeyId": asked["KeyId"],
            "Signature": _text(_sign(key, digest, asked["SigningAlgorithm"])),
        }


def _sign(key, digest, algorithm):
    if algorithm == "ECDSA_SHA_256":
        return key.sign(digest, ec.ECDSA(SHA256))
    assert algorithm == "RSASSA_PSS_SHA_256"
    return key.sign(digest, PSS, SHA256)


def _text(content):
    return base64.b64encode(content).decode()


@contextmanager
def serving(service):
    """Lend the address of the service."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, body = service.answer(self.headers["x-amz-target"].removeprefix("TrentService."), asked)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

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
