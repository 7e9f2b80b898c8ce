"""What people do in many stories: sign in, draw a signature, wait for a completed envelope."""

import re

from playwright.sync_api import Page, expect
from playwright.sync_api import TimeoutError as NotInTime

from .people import Person


def sign_in(page: Page, person: Person, *, path: str = "/login") -> None:
    """Sign in with both factors; ends where `path` leads."""
    page.goto(path)
    page.get_by_label("Email").fill(person.email)
    page.get_by_label("Password").fill(person.password)
    page.get_by_role("button", name="Continue", exact=True).click()
    page.get_by_label("6-digit code").fill(person.code())
    page.get_by_role("button", name="Sign in").click()
    expect(page).not_to_have_url(re.compile("/login"))


def sign_out(page: Page) -> None:
    page.goto("/account")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page).to_have_url(re.compile("/login"))


def draw_signature(page: Page) -> None:
    """Draw a few strokes on the pad with the pointer."""
    box = page.locator("#pad").bounding_box()
    assert box
    for start in (0.15, 0.5):
        x, y = box["x"] + box["width"] * start, box["y"] + box["height"] * 0.55
        page.mouse.move(x, y)
        page.mouse.down()
        for step in range(24):
            page.mouse.move(x + step * box["width"] * 0.012, y + (18 if step % 6 < 3 else -18))
        page.mouse.up()


def fill_and_finish(page: Page, *, typed: bool = False) -> None:
    """Follow the one button through every field until the confirmation page."""
    for _ in range(60):
        page.wait_for_load_state()
        if re.search(r"/confirm$", page.url):
            return
        if page.locator("dialog[open]").count():
            _answer_dialog(page, typed=typed)
        try:
            page.locator("#next").click(timeout=2_000)
        except NotInTime:
            continue  # it led to a dialog or to the next page meanwhile
        page.wait_for_timeout(80)
    raise AssertionError(f"the button never led to the end: {page.locator('#nexttext').inner_text()}")


def _answer_dialog(page: Page, *, typed: bool) -> None:
    dialog = page.locator("dialog[open]")
    if dialog.locator("#pad").count():
        if typed:
            dialog.get_by_text("Type", exact=True).click()
        else:
            draw_signature(page)
        dialog.get_by_role("button", name="Adopt and sign").click()
    else:
        dialog.locator("#txt").fill("Head of Operations")
        dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
