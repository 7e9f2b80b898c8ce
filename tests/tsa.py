"""A timestamp authority of the tests' own on this machine: honest until told to lie in one thing.

Answers are made by our own authority or, as a second opinion, by openssl; revocation lists lie where its certificates
say, on the same server.
"""

import dataclasses
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from asn1crypto import tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtensionOID

from docvault.certificates import authority, status
from docvault.certificates.authority import CertificateAuthority, Revocation
from docvault.certificates.keys import KeyPair
from docvault.certificates.timestamps import TimestampAuthority

PATH = "/tsr"
CONFIG = """
[tsa]
serial = {folder}/serial
crypto_device = builtin
signer_digest = {digest}
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = {digest}
"""


def now() -> datetime:
    return datetime.now(UTC)


class Tsa:
    """`lie`: what it does instead of the honest thing, by the names of LIES; `asked`: the paths, in order."""

    def __init__(self, name: str = "Northern Clocks", clock: Callable[[], datetime] = now) -> None:
        self.clock = clock
        self.lie = ""
        self.asked: list[str] = []
        tsa = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                tsa.answer(self, b"")

            def do_POST(self) -> None:
                tsa.answer(self, self.rfile.read(int(self.headers.get("content-length", 0))))

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.host}{PATH}"
        self.ca: CertificateAuthority = authority.create(name, f"http://{self.host}", clock())
        self.stamp: Callable[[bytes], bytes] = self.ours
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def root(self) -> bytes:
        return self.ca.root.der

    def ours(self, request: bytes, unit: KeyPair | None = None, shift: timedelta = timedelta()) -> bytes:
        stamping = TimestampAuthority(unit or self.ca.timestamp, [self.ca.issuing.der])
        return stamping.respond(request, self.clock() + shift)

    def revoke(self) -> None:
        serial = self.ca.timestamp.certificate.serial_number
        self.ca = dataclasses.replace(self.ca, revoked={serial: Revocation(self.clock())})

    def renew_unit(self) -> None:
        self.ca = dataclasses.replace(
            self.ca, timestamp=authority.renew(self.ca, "timestamp", self.clock()).timestamp
        )

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.asked.append(handler.path)
        try:
            if handler.path == PATH:
                self._say(handler, 200, "application/timestamp-reply", *self._stamped(body))
            elif handler.path == "/pki/ocsp":
                said = status.answer(body, [self.ca], self.clock(), is_issued=lambda *_: True)
                self._say(handler, 200, "application/ocsp-response", said.der)
            elif self.lie == "no lists" or (self.lie == "one list" and "issuing" in handler.path):
                self._say(handler, 500, "text/plain", b"")
            else:
                self._say(handler, 200, "application/pkix-crl", self._list(handler.path))
        except OSError:
            return  # whoever asked has had enough

    def _list(self, path: str) -> bytes:
        then = self.clock() - timedelta(days=400) if self.lie == "old lists" else self.clock()
        return self.ca.root_crl(then) if "root" in path else self.ca.issuing_crl(then)

    def _stamped(self, request: bytes) -> tuple[bytes, float]:
        if self.lie in LIES:
            return LIES[self.lie][0](self, request), 0.0
        return self.stamp(request), 0.05 if self.lie == "drips" else 0.0

    def _say(
        self, handler: BaseHTTPRequestHandler, status: int, kind: str, body: bytes, drip: float = 0
    ) -> None:
        status = {"fails": 500, "sends elsewhere": 302}.get(self.lie, status)
        handler.send_response(status)
        handler.send_header("content-type", kind)
        if self.lie == "sends elsewhere":
            handler.send_header("location", f"{self.url}?again")
        handler.end_headers()
        for index in range(len(body)) if drip else ():
            handler.wfile.write(body[index : index + 1])
            time.sleep(drip)  # being slow is the point
        if not drip:
            handler.wfile.write(body)


def rsa_unit(tsa: Tsa, bits: int) -> tuple[x509.Certificate, RSAPrivateKey]:
    """Return a unit of this authority with an RSA key, as most authorities have."""
    own, key = tsa.ca.timestamp.certificate, rsa.generate_private_key(65537, bits)
    builder = x509.CertificateBuilder(
        own.issuer, own.subject, key.public_key(), x509.random_serial_number(), own.not_valid_before_utc,
        own.not_valid_after_utc,
    )  # fmt: skip
    for extension in own.extensions:
        if extension.oid != ExtensionOID.SUBJECT_KEY_IDENTIFIER:
            builder = builder.add_extension(extension.value, extension.critical)
    return builder.sign(tsa.ca.issuing.key, hashes.SHA256()), key


def by_openssl(
    tsa: Tsa,
    folder: Path,
    digest: str = "sha256",
    unit: tuple[x509.Certificate, RSAPrivateKey] | None = None,
) -> Callable[[bytes], bytes]:
    """Return what makes answers with openssl and the authority's key, signed and named with `digest`."""
    certificate, key = unit or (tsa.ca.timestamp.certificate, tsa.ca.timestamp.key)
    (folder / "serial").write_text("01\n")
    (folder / "tsa.cnf").write_text(CONFIG.format(folder=folder, digest=digest))
    for name, each in {"tsa": certificate, "issuing": tsa.ca.issuing.certificate}.items():
        (folder / f"{name}.pem").write_bytes(each.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "key.pem").write_bytes(private)

    def stamp(request: bytes) -> bytes:
        (folder / "q").write_bytes(request)
        command = ["openssl", "ts", "-reply", "-queryfile", "q", "-config", "tsa.cnf", "-section", "tsa", "-signer", "tsa.pem",
                   "-inkey", "key.pem", "-chain", "issuing.pem", "-out", "a"]  # fmt: skip
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
        return (folder / "a").read_bytes()

    return stamp


def _changed_question(request: bytes, **changed: object) -> bytes:
    """Return the request with some parts of it changed; None leaves one out."""
    asked = tsp.TimeStampReq.load(request)
    parts = {name: asked[name] for name in ("version", "message_imprint", "nonce", "cert_req")} | changed
    return tsp.TimeStampReq({name: value for name, value in parts.items() if value is not None}).dump()


OTHER_IMPRINT = tsp.MessageImprint(
    {"hash_algorithm": {"algorithm": "sha256"}, "hashed_message": b"\x01" * 32}
)


def _forged(tsa: Tsa, request: bytes) -> bytes:
    """The right certificate, another key."""
    unit = KeyPair(tsa.ca.timestamp.certificate, tsa.ca.seal.key)
    return tsa.ours(request, unit)


def _changed(tsa: Tsa, request: bytes) -> bytes:
    """One byte of the statement is another: the accuracy."""
    return tsa.ours(request).replace(b"\x30\x03\x02\x01\x01", b"\x30\x03\x02\x01\x02", 1)


def _expired(tsa: Tsa, request: bytes) -> bytes:
    old = dataclasses.replace(tsa.ca)
    unit = authority.renew(old, "timestamp", tsa.clock() - authority.UNIT_LIFE - timedelta(days=1)).timestamp
    return tsa.ours(request, unit)


def _unknown(tsa: Tsa, request: bytes) -> bytes:
    other = authority.create("Somebody", "http://127.0.0.1:1", tsa.clock())
    return TimestampAuthority(other.timestamp, [other.issuing.der]).respond(request, tsa.clock())


def _stray(tsa: Tsa, request: bytes) -> bytes:
    other = authority.create("Somebody", "http://127.0.0.1:1", tsa.clock())
    chain = [tsa.ca.issuing.der, other.seal.der]
    return TimestampAuthority(tsa.ca.timestamp, chain).respond(request, tsa.clock())


Lie = Callable[[Tsa, bytes], bytes]

# What each liar answers to a request instead of an honest timestamp, and the words that it is refused with.
LIES: dict[str, tuple[Lie, str]] = {
    "garbage": (lambda _tsa, _request: b"<html>Welcome to the guest network</html>", "is no timestamp"),
    "nothing": (lambda _tsa, _request: b"", "is no timestamp"),
    "cut": (lambda tsa, request: tsa.ours(request)[:-20], "is no timestamp"),
    "trailing byte": (lambda tsa, request: tsa.ours(request) + b"\x00", "is no timestamp"),
    "too big": (lambda _tsa, _request: bytes(1024 * 1024), "more than 65536 bytes"),
    "refuses": (lambda tsa, _request: tsa.ours(b"no request"), "refused the request"),
    "another nonce": (lambda tsa, request: tsa.ours(_changed_question(request, nonce=5)), "nonce"),
    "no nonce": (lambda tsa, request: tsa.ours(_changed_question(request, nonce=None)), "nonce"),
    "another imprint": (
        lambda tsa, request: tsa.ours(_changed_question(request, message_imprint=OTHER_IMPRINT)),
        "something else than what was asked",
    ),
    "no certificates": (
        lambda tsa, request: tsa.ours(_changed_question(request, cert_req=None)),
        "did not send its certificate",
    ),
    "yesterday": (lambda tsa, request: tsa.ours(request, shift=-timedelta(days=1)), "another time"),
    "tomorrow": (lambda tsa, request: tsa.ours(request, shift=timedelta(days=1)), "another time"),
    "forged": (_forged, "signature that does not hold"),
    "changed": (_changed, "something else than what it says"),
    "expired": (_expired, "expired"),
    "unknown": (_unknown, "leads to no root"),
    "stray": (_stray, "leads to no root"),
    "not for timestamps": (lambda tsa, request: tsa.ours(request, tsa.ca.seal), "not for timestamps alone"),
}


@contextmanager
def standing(name: str = "Northern Clocks", clock: Callable[[], datetime] = now) -> Iterator[Tsa]:
    tsa = Tsa(name, clock)
    try:
        yield tsa
    finally:
        tsa.close()


def pem(*ders: bytes) -> bytes:
    return b"".join(x509.load_der_x509_certificate(each).public_bytes(Encoding.PEM) for each in ders)
