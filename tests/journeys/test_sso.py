"""Story: people of a company sign in through its identity provider, a real one, with our code or its factor."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from .conftest import described, free_port, look, started
from .steps import sign_in, sign_out

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent
POLICIES = HERE.parents[1] / "policies"
PASSWORD = "the-company-password-9"


@pytest.fixture(scope="module")
def places():
    """Where the portal and the provider listen: two sites, as far as a browser is concerned."""
    return f"http://127.0.0.1:{free_port()}", free_port()


@pytest.fixture(scope="module")
def provider(places, tmp_path_factory):
    back, port = places
    folder = tmp_path_factory.mktemp("provider")
    people = [
        {"email": "marta@harbourpine.example", "password": PASSWORD, "amr": ["pwd"]},
        {"email": "tomasz@fabryka.example", "password": PASSWORD, "amr": ["pwd", "mfa"]},
    ]
    command = [
        sys.executable,
        str(HERE / "identity_provider.py"),
        str(folder),
        str(port),
        back,
        json.dumps(people),
    ]
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            deadline = time.monotonic() + 60
            while "ready" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)  # waiting for another process: there is nothing to be told by
            yield f"http://localhost:{port}/o"
        finally:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def portal(places, provider, tmp_path_factory):
    """A demo whose provider may vouch for the second factor as well, where it says `mfa`."""
    folder = tmp_path_factory.mktemp("sso")
    shutil.copytree(POLICIES, folder / "policies")
    rules = folder / "policies" / "sso.toml"
    rules.write_text(rules.read_text().replace("second_factor_amr = []", 'second_factor_amr = ["mfa"]'))
    settings = {
        "DOCVAULT_SSO_ISSUER": provider,
        "DOCVAULT_SSO_CLIENT_ID": "docvault",
        "DOCVAULT_SSO_CLIENT_SECRET": "the-shared-secret",
        "DOCVAULT_POLICIES": str(folder / "policies"),
    }
    port = places[0].rpartition(":")[2]
    command = ["demo", "--data", str(folder / "data"), "--port", port, "--json"]
    with started(command, folder / "log", places[0], settings) as process:
        yield described(folder / "log", folder, process)


def go_there(page, name):
    """Sign in at the provider, which is another site."""
    expect(page.get_by_role("heading", name="Company sign-on")).to_be_visible()
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in there").click()


@pytest.fixture(autouse=True)
def no_picture_there(watch):
    """The provider has no favicon, which a browser complains about."""
    watch.allow("404")


def connect(page, person):
    sign_in(page, person, path="/account/sso")
    look(page, "sso-not-connected")
    page.get_by_role("button", name="Connect with").click()
    go_there(page, person.email.split("@")[0])
    expect(page.get_by_role("heading", name="Connected with")).to_be_visible()
    look(page, "sso-connected")


@pytest.mark.promise(2)
@pytest.mark.asvs("6.8.4")
def test_marta_signs_in_through_her_company_and_gives_our_code(phone, portal, provider, watch):
    marta = portal.people["marta"]
    connect(phone, marta)
    sign_out(phone)
    look(phone, "sso-login")
    phone.get_by_role("button", name="Continue with single sign-on").click()
    expect(phone.get_by_label("6-digit code")).to_be_visible()  # the company still knew her
    phone.get_by_label("6-digit code").fill(marta.code())
    phone.get_by_role("button", name="Sign in").click()
    expect(phone).to_have_url(re.compile("/inbox"))
    phone.goto("/account")
    phone.get_by_role("button", name="Sign out").first.click()
    expect(phone.get_by_role("heading", name="You are signed out")).to_be_visible()
    look(phone, "sso-signed-out")
    phone.get_by_role("link", name="Sign out at").click()
    phone.get_by_role("button", name="Logout").click()  # the provider asks, as it should
    expect(phone).to_have_url(re.compile("/login"))
    phone.get_by_role("button", name="Continue with single sign-on").click()
    expect(
        phone.get_by_role("heading", name="Company sign-on")
    ).to_be_visible()  # it does not know her any more


@pytest.mark.promise(2)
@pytest.mark.asvs("6.8.4")
def test_tomasz_whose_company_checked_a_factor_is_not_asked_for_ours(desktop, portal, provider, watch):
    tomasz = portal.people["tomasz"]
    connect(desktop, tomasz)
    desktop.context.clear_cookies()
    desktop.goto("/folders")
    expect(desktop).to_have_url(re.compile("/login"))
    look(desktop, "sso-login")
    desktop.get_by_role("button", name="Continue with single sign-on").click()
    go_there(desktop, "tomasz")
    expect(desktop).to_have_url(re.compile("/folders$"))  # where he wanted to go
    desktop.goto("/account")
    expect(desktop.locator("main")).to_contain_text("Single sign-on")


def test_somebody_of_the_company_who_is_not_connected_is_told_what_to_do(desktop, portal, provider, watch):
    watch.allow("401")
    tomasz = portal.people["tomasz"]
    sign_in(desktop, tomasz, path="/account/sso")
    if desktop.get_by_role("button", name="Disconnect").count():
        desktop.get_by_role("button", name="Disconnect").click()
    sign_out(desktop)
    desktop.get_by_role("button", name="Continue with single sign-on").click()
    go_there(desktop, "tomasz")
    expect(desktop.get_by_role("alert")).to_contain_text("not connected with single sign-on")
    look(desktop, "sso-refused")


@pytest.mark.parametrize(("path", "well"), [("", True), ("/elsewhere", False)])
def test_doctor_says_whether_the_provider_can_be_used(portal, provider, path, well):
    settings = {
        "SSO_ISSUER": provider + path,
        "SSO_CLIENT_ID": "docvault",
        "SSO_CLIENT_SECRET": "hidden-secret",
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DOCVAULT_")}
    environment |= {f"DOCVAULT_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "docvault.cli", "doctor", "--data", str(portal.data), "--json"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    found = {one["name"]: one for one in json.loads(done.stdout)["findings"]}
    assert found["sign-on"]["well"] is well
    assert provider in found["sign-on"]["words"]
    assert "hidden-secret" not in done.stdout
