"""Story: a person makes a token for a program, the program uses it, the person revokes it."""

import httpx
import pytest
from playwright.sync_api import expect

from .conftest import look
from .steps import sign_in, sign_out

pytestmark = pytest.mark.browser


@pytest.mark.promise(19)
def test_a_token_is_made_used_and_revoked(phone, desktop, portal, watch):
    watch.allow("401|400")
    marta = portal.people["marta"]
    sign_in(phone, marta, path="/account/tokens")
    look(phone, "tokens-none")
    phone.get_by_label("Name", exact=True).fill("Nightly backup")
    phone.get_by_label("See folders and who may see them").check()
    phone.get_by_label("Download files").check()
    phone.get_by_label("6-digit code").fill("000000")
    phone.get_by_role("button", name="Make the token").click()
    expect(phone.locator("#code-note")).to_contain_text("not accepted")
    expect(phone.get_by_label("Name", exact=True)).to_have_value("Nightly backup")
    expect(phone.get_by_label("Download files")).to_be_checked()
    phone.get_by_label("6-digit code").fill(marta.code())
    phone.get_by_role("button", name="Make the token").click()
    secret = phone.locator("#secret").inner_text()
    look(phone, "token-made")

    headers = {"authorization": f"Bearer {secret}"}
    with httpx.Client(base_url=portal.base_url, headers=headers) as program:
        assert program.get("/api/v1/folders").json()["items"]
        assert program.get("/api/v1/envelopes").json()["items"] == []  # it was not made for those
        assert program.get("/api/v1/me").status_code == 401
        sign_out(phone)
        assert program.get("/api/v1/folders").status_code == 200  # it does not end with the session
        sign_in(desktop, marta, path="/account/tokens")
        expect(desktop.get_by_role("row", name="Nightly backup")).not_to_contain_text("Never")
        expect(desktop.locator("body")).not_to_contain_text(secret)
        look(desktop, "tokens")
        desktop.get_by_role("button", name="Revoke Nightly backup").click()
        expect(desktop.get_by_role("heading", name="No tokens")).to_be_visible()
        assert program.get("/api/v1/folders").status_code == 401
    sign_out(desktop)
