"""Every answer carries the security headers, and every cookie is a __Host- cookie (promise 83)."""

import pytest
from litestar.testing import TestClient

from docvault.web.headers import CONTENT_POLICY, HEADERS

from .matrix import MATRIX
from .portal import BASE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; report-uri /api/v1/browser-reports; report-to browser"
)
FREE = {"cache-control", "content-security-policy"}  # a handler may set its own


def check(answer):
    for name, value in HEADERS.items():
        got = answer.headers[name.decode()]
        if name.decode() not in FREE:
            assert got == value.decode()
    assert (
        "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        or "sandbox" in answer.headers["content-security-policy"]
    )
    kept = answer.headers["cache-control"]
    public = answer.url.path.startswith(("/static/", "/pki/"))
    assert kept == "no-store" or (public and kept.startswith(("public, max-age=", "max-age=3600, public")))


def test_the_policy_is_the_one_the_screens_were_tried_with():
    assert CONTENT_POLICY == POLICY


@pytest.mark.promise(83)
@pytest.mark.asvs("3.4.1")
@pytest.mark.asvs("3.4.3")
@pytest.mark.asvs("3.4.4")
@pytest.mark.asvs("3.4.5")
@pytest.mark.asvs("3.4.6")
@pytest.mark.asvs("3.4.8")
@pytest.mark.parametrize("who", ["nobody", "client"])
def test_every_route_answers_with_the_headers(house, who):
    browser = house.visitor(who)
    for row in MATRIX:
        check(browser.request(row.method, house.fill(row.path, house.ids), follow_redirects=False))


@pytest.mark.promise(83)
def test_errors_carry_the_headers_too(house):
    browser = house.visitor("client")
    missing = browser.get("/nothing/here")
    undeclared = browser.delete("/folders", follow_redirects=False)
    too_large = browser.post(
        "/api/v1/folders", content=b"[" * 100_000, headers={"content-type": "application/json"}
    )
    assert [answer.status_code for answer in (missing, undeclared, too_large)] == [404, 405, 413]
    for answer in (missing, undeclared, too_large):
        check(answer)


@pytest.mark.promise(83)
def test_a_fault_of_ours_carries_the_headers_and_tells_nothing(house, monkeypatch, capsys):
    def broken(*_args, **_kwargs):
        raise RuntimeError("the secret is 42")

    monkeypatch.setattr("docvault.actions.log.audit_checkpoints.newest", broken)
    answer = TestClient(house.site.app, base_url=BASE, raise_server_exceptions=False).get("/log/checkpoint")
    assert answer.status_code == 500
    check(answer)
    assert "42" not in answer.text
    assert answer.json()["type"] == "/api/docs#problem-unexpected"


def test_what_is_named_by_its_content_may_be_kept_for_ever(house):
    static = house.site.app.state.static
    browser = house.visitor("nobody")
    answer = browser.get(static.url("app.css"), headers={"accept-encoding": "gzip"})
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert "@layer components" in answer.text
    assert browser.get("/static/old/app.css").headers["cache-control"] == "no-store"
    assert browser.get(f"/static/{static.version}/..%2fapp.py").status_code == 404


@pytest.mark.promise(83)
def test_cookies_are_bound_to_this_host_and_out_of_reach_of_scripts(house):
    world = house.site.world
    made = house.visitor("enrolling").post("/api/v1/enrolment").json()
    assert made["uri"].startswith("otpauth://")
    signed_out = house.visitor("client").delete("/api/v1/session")
    cookie = signed_out.headers["set-cookie"]
    assert cookie.startswith("__Host-docvault=")
    for flag in ("Secure", "HttpOnly", "Path=/", "SameSite=lax", "Max-Age=0"):
        assert flag in cookie
    assert "Domain" not in cookie
    assert world.client.email not in cookie
