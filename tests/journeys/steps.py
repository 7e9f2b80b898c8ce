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


def begin_with(page: Page, link: str) -> None:
    """Open the link of an invitation and press its one button."""
    page.goto(link)
    page.get_by_role("button", name="Begin").click()


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
    for _ in range(240):
        page.wait_for_load_state()
        if re.search(r"/confirm$", page.url):
            return
        if page.locator("dialog[open]").count():
            _answer_dialog(page, typed=typed)
        try:
            page.locator("#next").click(timeout=500)
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


def invite_client(page: Page, name: str, email: str) -> str:
    """Invite a client on the people page, and return the link of the mail in the outbox."""
    page.get_by_role("button", name="Invite a person").click()
    dialog = page.locator("#invite")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Email").fill(email)
    dialog.get_by_label("Role").select_option("client")
    dialog.get_by_label("Organisation").select_option(label="Nordlicht Logistics GmbH")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("status").filter(has_text=re.compile("invit", re.IGNORECASE))).to_be_visible()
    return mail_to(page, email)


def mail_to(page: Page, email: str, about: str = "") -> str:
    """Return the link of the newest message to this address on the outbox page; about: words in it."""
    page.goto("/outbox")
    messages = page.locator(".messages li").filter(has=page.get_by_text(email, exact=False))
    for message in messages.filter(has_text=about).all() if about else messages.all():
        message.locator("summary").click()
        link = message.get_by_role("link").get_attribute("href")
        assert link
        return link
    raise AssertionError(f"no message to {email}")


def join(page: Page, link: str, person: Person) -> None:
    """Accept an invitation: a password, an authenticator app, the recovery codes."""
    begin_with(page, link)
    page.get_by_label(re.compile("password")).first.fill(person.password)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Show the QR code").click()
    page.get_by_text("I cannot scan it").click()
    person.totp_secret = re.sub(r"\s", "", page.locator("#secret").inner_text())
    page.get_by_label("6-digit code").fill(person.code())
    page.get_by_role("button", name="Confirm").click()
    page.get_by_role("link", name="I have kept them").click()
