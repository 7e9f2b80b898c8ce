"""A demo portal in a real process, a real browser, and a watch on everything a page does wrong."""

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from .people import Person

# Debian's wrapper adds flags that cost a third more: drawing as with a graphics card, and its own extension.
PROGRAMS = ("/usr/lib/chromium/chromium", "/usr/bin/chromium")
CHROMIUM = next((program for program in PROGRAMS if Path(program).exists()), PROGRAMS[-1])
# Of such lists Chromium takes the last one only: Playwright's own comes first here. The rest are the popups of the
# address bar, pages in a process of each window, which cost more than the pages of a short story.
WITHOUT = [
    "AvoidCorsURLLoaderRestartOnRedirect",
    "AvoidUnnecessaryBeforeUnloadCheckSync",
    "DestroyProfileOnBrowserClose",
    "HttpsFirstBalancedModeAutoEnable",
    "HttpsUpgrades",
    "LensOverlay",
    "MediaRouter",
    "NetworkTimeServiceQuerying",
    "OptimizationHints",
    "PaintHolding",
    "PreconnectToSearch",
    "ThirdPartyStoragePartitioning",
    "AimEnabled",
    "WebUIOmniboxAimPopup",
    "WebUIOmniboxFullPopup",
    "WebUIOmniboxPopup",
]
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--disable-features=" + ",".join(WITHOUT),
]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
AXE_RULES = "{resultTypes: ['violations'], runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
AXE_COLOURS = "{resultTypes: ['violations'], runOnly: {type: 'rule', values: ['color-contrast', 'link-in-text-block']}}"  # what a scheme changes
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
SCREENSHOTS = os.environ.get("DOCVAULT_SCREENSHOTS")  # the folder for pictures of every screen, if wanted
START = 90  # seconds a demo gets to make its data and answer

pytestmark = pytest.mark.browser
expect.set_options(timeout=15_000)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Portal:
    base_url: str
    data: Path
    people: dict[str, Person]
    links: dict[str, str]  # what can be done there -> address
    process: subprocess.Popen


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


@contextmanager
def started(
    command: list[str], log: Path, base_url: str, settings: dict[str, str] | None = None
) -> Iterator[subprocess.Popen]:
    """Run a docvault command until its portal answers; ended with everything it started."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    environment |= settings or {}
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "docvault.cli", *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            deadline = time.monotonic() + START
            while not answers(f"{base_url}/health/ready"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)  # waiting for another process: there is nothing to be told by
            yield process
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, 9)
                process.wait()


@pytest.fixture(scope="package")  # no longer: its worker would look for jobs until the end of the run
def portal(tmp_path_factory) -> Iterator[Portal]:
    """The demo, made once for all the journeys; each journey leaves it fit for the next."""
    folder = tmp_path_factory.mktemp("demo")
    port = free_port()
    base_url = f"http://127.0.0.1:{port}"
    log = folder / "log"
    with started(
        ["demo", "--data", str(folder / "data"), "--port", str(port), "--json"], log, base_url
    ) as process:
        yield described(log, folder, process)


def described(log: Path, folder: Path, process: subprocess.Popen) -> Portal:
    """Read what a demo said about itself."""
    facts = json.loads(log.read_text().splitlines()[0])
    people = {}
    for one in facts["people"]:
        person = Person(
            **{key: one[key] for key in ("email", "password", "totp_secret", "role", "organisation", "name")},
            data=folder / "data",
        )
        people[person.email.split("@")[0]] = person
    return Portal(facts["base_url"], folder / "data", people, facts["links"], process)


@pytest.fixture(scope="package")  # no longer: its event loop would stand in the way of other rooms' tests
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("Chromium is not installed, and it may not be installed here")
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class Watch:
    """Collects what a browser complains about; a journey ends with nothing collected."""

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.allowed: list[str] = []

    def on(self, page: Page) -> None:
        page.on(
            "console",
            lambda message: self._say(message.text) if message.type in ("error", "warning") else None,
        )
        page.on("pageerror", lambda error: self._say(f"page error: {error}"))
        page.on("requestfailed", self._failed)
        page.on("request", lambda request: self._foreign(request.url))

    def allow(self, pattern: str) -> None:
        """Expect a complaint that the story itself causes, such as the browser's line about a 401 answer."""
        self.allowed.append(pattern)

    def _say(self, text: str) -> None:
        if not any(re.search(pattern, text) for pattern in self.allowed):
            self.complaints.append(text)

    def _failed(self, request) -> None:
        if request.failure != "net::ERR_ABORTED":  # a page that is left stops what it was loading
            self._say(f"failed: {request.url} {request.failure}")

    def _foreign(self, url: str) -> None:
        if not url.startswith(("http://127.0.0.1:", "http://localhost:", "blob:", "data:")):
            self.complaints.append(f"a request left this machine: {url}")


@pytest.fixture
def watch() -> Iterator[Watch]:
    watch = Watch()
    yield watch
    assert watch.complaints == []


@pytest.fixture
def open_context(browser, portal, watch) -> Iterator:
    """Give a function that opens watched browser contexts."""
    contexts: list[BrowserContext] = []

    def make(viewport: dict, *, base_url: str = portal.base_url, **options) -> BrowserContext:
        context = browser.new_context(
            base_url=base_url, viewport=viewport, reduced_motion="reduce", accept_downloads=True, **options
        )
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI + ' ' + e.sample))"
        )
        context.on("page", watch.on)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def phone(open_context) -> Page:
    return open_context(PHONE, has_touch=True, is_mobile=True, device_scale_factor=2).new_page()


@pytest.fixture
def desktop(open_context) -> Page:
    return open_context(DESKTOP).new_page()


def look(page: Page, name: str, *, axe: bool = True) -> None:
    """Check one screen: accessible by axe, nothing wider than the screen; keep its picture, if asked to."""
    for picture in page.locator("img").all():
        if picture.is_visible() and picture.evaluate("i => i.getBoundingClientRect().top < innerHeight"):
            picture.evaluate("i => i.decode()")  # what is on the screen is there before it is judged
    size = "phone" if page.viewport_size["width"] < 600 else "desktop"
    for scheme, rules in (("light", AXE_RULES), ("dark", AXE_COLOURS)):
        page.emulate_media(color_scheme=scheme)
        if SCREENSHOTS:
            page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{size}-{scheme}.png")
        if axe:
            found = judged(page, rules)
            assert not found, f"{name} ({size}, {scheme}): {found}"
    page.emulate_media(color_scheme="light")
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wider <= 0, f"{name} ({size}) is {wider} px wider than the screen"


def judged(page: Page, rules: str) -> list[str]:
    """Return what axe finds on the page; it is brought there once."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    violations = page.evaluate(f"axe.run(document, {rules}).then(r => r.violations)")
    return [f"{v['id']}: {v['nodes'][0]['html'][:160]} {v['help']}" for v in violations]
