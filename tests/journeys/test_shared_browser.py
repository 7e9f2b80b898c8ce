"""Two people, one browser: what one of them filled in is never the other's, and is gone when they sign out."""

import re

import pytest

from .conftest import DESKTOP
from .steps import sign_in, sign_out

pytestmark = pytest.mark.browser

KEPT = "Object.keys(sessionStorage).filter(key => key.startsWith('ceremony:'))"
FILL_IN_AND_LOOK = """async ([module, writer, reader]) => {
  const { Answers } = await import(module);
  const ceremony = { envelope: "e", digest: "d", fields: [], answers: {} };
  new Answers({ ...ceremony, recipient: writer }).set("field", "mine");
  return new Answers({ ...ceremony, recipient: reader }).has("field");
}"""


def _module(page):
    source = page.locator("script[src*='js/ui.js']").get_attribute("src")
    return re.sub(r"ui\.js$", "answers.js", source)


def test_a_signers_answers_are_offered_to_nobody_else_and_go_with_them(open_context, portal):
    context = open_context(DESKTOP)
    page = context.new_page()
    sign_in(page, portal.people["anna"])
    module = _module(page)
    assert page.evaluate(FILL_IN_AND_LOOK, [module, "anna", "anna"]) is True
    assert page.evaluate(FILL_IN_AND_LOOK, [module, "anna", "marta"]) is False
    assert page.evaluate(KEPT)
    other = context.new_page()
    other.goto("/inbox")
    other.evaluate("sessionStorage.setItem('ceremony:e:d:anna', '{}')")
    sign_out(page)
    page.wait_for_load_state("load")
    assert page.evaluate(KEPT) == []
    other.wait_for_timeout(300)  # the news reaches the other tab
    assert other.evaluate(KEPT) == []
