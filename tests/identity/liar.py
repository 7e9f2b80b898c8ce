"""An OpenID provider of the tests' own, that is honest until told to lie in one thing.

Signs with jwcrypto, which shares no code with what the product reads tokens with.
"""

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jwcrypto.jwk import JWK
from jwcrypto.jws import JWS

CLIENT, SECRET = "docvault", "s3cret/with+signs"
RSA = JWK.generate(kty="RSA", size=2048, kid="rsa", use="sig")
EC = JWK.generate(kty="EC", crv="P-256", kid="ec", use="sig")


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def signed(claims: dict[str, Any], key: JWK = RSA, algorithm: str = "RS256", **header: Any) -> str:
    token = JWS(json.dumps(claims).encode())
    token.allowed_algs = [algorithm]
    token.add_signature(
        key, None, json.dumps({"alg": algorithm, "kid": key.get("kid"), "typ": "JWT", **header})
    )
    return token.serialize(compact=True)


@dataclass
class Answer:
    """What a path answers: a JSON value, or bytes, with a status and headers."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: float = 0.0  # seconds between two bytes


class Liar:
    """`lies`: path -> what it answers instead. `claim`: claims instead of the honest ones; None leaves one out."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {
            "sub": "u-1",
            "email": "nora@example.com",
            "email_verified": True,
            "name": "Nora Newcomer",
        }
        self.claim: dict[str, Any] = {}
        self.lies: dict[str, Callable[[], Answer] | Answer] = {}
        self.token: Callable[[dict[str, Any]], str] = signed
        self.keys: list[dict[str, Any]] = [json.loads(RSA.export_public()), json.loads(EC.export_public())]
        self.asked: list[str] = []
        self.clock: Callable[[], float] = time.time
        self._codes: dict[str, dict[str, str]] = {}
        liar = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                liar.answer(self, b"")

            def do_POST(self) -> None:
                liar.answer(self, self.rfile.read(int(self.headers.get("content-length", 0))))

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.issuer = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def description(self, **changed: Any) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/me",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            **changed,
        }

    def authorize(self, address: str) -> dict[str, str]:
        """Do what a browser and its person do at the provider; return what comes back to the portal."""
        wanted = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        code = base64url(sha256(address.encode()).digest())
        self._codes[code] = wanted
        return {"state": wanted["state"], "code": code, "iss": self.issuer}

    def answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        path = urlsplit(handler.path).path
        self.asked.append(path)
        lie = self.lies.get(path)
        made = lie() if callable(lie) else lie or self._honest(path, handler, body)
        content = made.body if isinstance(made.body, bytes) else json.dumps(made.body).encode()
        try:
            handler.send_response(made.status)
            for name, value in {"content-type": "application/json", **made.headers}.items():
                handler.send_header(name, value)
            handler.end_headers()
            for index in range(len(content)) if made.drip else ():
                handler.wfile.write(content[index : index + 1])
                time.sleep(made.drip)  # being slow is the point
            if not made.drip:
                handler.wfile.write(content)
        except OSError:
            return  # whoever asked has had enough

    def _honest(self, path: str, handler: BaseHTTPRequestHandler, body: bytes) -> Answer:
        if path == "/.well-known/openid-configuration":
            return Answer(self.description())
        if path == "/keys":
            return Answer({"keys": self.keys})
        if path == "/token":
            return self._exchange(
                handler, {name: values[0] for name, values in parse_qs(body.decode()).items()}
            )
        if path == "/me" and handler.headers.get("authorization") == "Bearer access":
            return Answer(self.person | self.claim)
        return Answer({"error": "not_found"}, 404)

    def _exchange(self, handler: BaseHTTPRequestHandler, form: dict[str, str]) -> Answer:
        wanted = self._codes.pop(form.get("code", ""), None)
        proven = (
            wanted and base64url(sha256(form["code_verifier"].encode()).digest()) == wanted["code_challenge"]
        )
        known = handler.headers.get("authorization", "").startswith("Basic ")
        if not (wanted and proven and known and form["redirect_uri"] == wanted["redirect_uri"]):
            return Answer({"error": "invalid_grant"}, 400)
        now = int(self.clock())
        claims = {
            "iss": self.issuer,
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "auth_time": now,
            "nonce": wanted["nonce"],
            "at_hash": base64url(sha256(b"access").digest()[:16]),
            **self.person,
            **self.claim,
        }
        text = self.token({name: value for name, value in claims.items() if value is not None})
        return Answer({"access_token": "access", "token_type": "Bearer", "id_token": text})


@contextmanager
def standing() -> Iterator[Liar]:
    liar = Liar()
    try:
        yield liar
    finally:
        liar.close()
