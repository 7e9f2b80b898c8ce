"""The same bundles, the same verdicts, in a browser: audit-verifier.js in Chromium under the portal's own CSP."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import Page, sync_playwright

from .attacks import Attack, all_attacks
from .bundles import Log, log_key

SCRIPTS = Path(__file__).parents[2] / "src/docvault/web/static/js"
POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
PAGE = b'<!doctype html><title>Verify</title><script type="module" src="/start.js"></script>'
START = b'import { verifyBundle } from "/audit-verifier.js"; globalThis.verifyBundle = verifyBundle;'
JUDGE = """async ([bundle, key, since]) => {
  const bytes = Uint8Array.from(atob(bundle), (letter) => letter.charCodeAt(0));
  const { ok, firstBadIndex, reason, count, erased, fingerprint, trusted, root, since: older } =
    await globalThis.verifyBundle(bytes.buffer, key, { since });
  return { ok, firstBadIndex, reason, count, erased, fingerprint, trusted, root, older };
}"""

pytestmark = pytest.mark.browser


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        name = self.path.lstrip("/")
        files = {"": ("text/html", PAGE), "start.js": ("text/javascript", START)}
        known = {path.name: ("text/javascript", path.read_bytes()) for path in SCRIPTS.glob("audit-*.js")}
        media_type, body = (known | files).get(name, ("text/plain", b""))
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Security-Policy", POLICY)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the test's output quiet."""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.wait_for_function("() => 'verifyBundle' in globalThis")
        yield page
        assert [problem for problem in problems if "favicon" not in problem] == []
        browser.close()
    server.shutdown()
    server.server_close()


def judged(page: Page, bundle: bytes, key: str | None = None, since: str | None = None) -> dict:
    return page.evaluate(JUDGE, [base64.b64encode(bundle).decode(), key, since])


@pytest.mark.promise(80)
@pytest.mark.parametrize("attack", all_attacks(), ids=lambda attack: attack.name)
def test_the_browser_gives_the_same_verdict(page: Page, attack: Attack):
    found = judged(page, attack.bundle, attack.key, attack.since)
    assert found["ok"] is (attack.first_bad_index is None), found
    assert found["firstBadIndex"] == attack.first_bad_index, found
    assert bool(found["reason"]) is not found["ok"]


def test_the_browser_tells_the_same_figures(page: Page):
    log = Log(300)
    found = judged(page, log.bundle(erased=(1, 3)), log_key().public.text, log.checkpoint(7))
    assert found == {
        "ok": True,
        "firstBadIndex": None,
        "reason": "",
        "count": 300,
        "erased": 1,
        "fingerprint": log_key().public.fingerprint,
        "trusted": True,
        "root": log.edge_root().hex(),
        "older": 7,
    }


@pytest.mark.promise(80)
def test_no_flipped_byte_verifies_in_the_browser(page: Page):
    small = Log(3).bundle(history=[2])
    verified = page.evaluate(
        """async (bundle) => {
          const bytes = Uint8Array.from(atob(bundle), (letter) => letter.charCodeAt(0));
          const verified = [];
          for (let place = 0; place < bytes.length; place++) {
            const flipped = bytes.slice();
            flipped[place] ^= 1 << place % 8;
            const { ok, reason, firstBadIndex } = await globalThis.verifyBundle(flipped.buffer);
            if (ok || !reason || firstBadIndex === null) verified.push(place);
          }
          return verified;
        }""",
        base64.b64encode(small).decode(),
    )
    assert verified == []


def test_a_key_that_is_none_is_an_error_and_no_verdict(page: Page):
    answer = page.evaluate(
        "() => globalThis.verifyBundle(new ArrayBuffer(0), 'x').catch((error) => error.message)"
    )
    assert answer == "That is not a public key of an audit log (name+hash+key on one line)."
