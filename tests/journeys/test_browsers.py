"""Browsers: one that is too old is told so, and a current one stops what the policy forbids."""

import pytest
from playwright.sync_api import expect

from .conftest import DESKTOP, PHONE

pytestmark = pytest.mark.browser


@pytest.mark.asvs("3.7.5")
@pytest.mark.parametrize("window", [DESKTOP, PHONE])
def test_a_browser_without_modules_says_what_to_do_and_nothing_else(open_context, window):
    page = open_context(window).new_page()

    def as_an_old_browser_reads_it(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<script nomodule ", "<script "))

    page.route("**/login", as_an_old_browser_reads_it)
    page.goto("/login")
    expect(page.get_by_role("heading", name="Please use a newer browser")).to_be_visible()
    expect(page.locator("form")).to_have_count(0)


@pytest.mark.asvs("3.4.3")
def test_what_the_policy_forbids_is_stopped(open_context, watch):
    watch.allow("Content Security Policy|^CSP ")
    page = open_context(DESKTOP).new_page()
    page.goto("/login")
    stopped = page.evaluate("""() => new Promise(tell => {
      addEventListener("securitypolicyviolation", event => tell(event.effectiveDirective));
      document.body.append(Object.assign(new Image(), { src: "data:image/png;base64,AAAA" }));
    })""")
    assert stopped == "img-src"
