"""Numbers and moments beyond what a database or a worker can hold are refused like any other wrong one."""

import base64

import pytest

from actions import envelope_world as signing

HUGE = "9" * 30
BEFORE_TIME = "0001-01-01T00:00:00%2B23:59"  # its moment in UTC does not exist
AFTER_TIME = "9999-12-31T23:59:59-14:00"


def _cursor(moment):
    return base64.urlsafe_b64encode(f"{moment}|x".encode()).decode().rstrip("=")


@pytest.fixture
def paths(site):
    document_id = signing.add_document(site.made)
    envelope_id = signing.sent(site.made, (site.world.client, 1))
    return {"document": f"/api/v1/documents/{document_id}", "envelope": f"/api/v1/envelopes/{envelope_id}"}


def test_numbers_beyond_any_document_are_refused(site, paths):
    browser = site.sign_in(site.world.manager)
    workers = set(site.portal.pdf._live)
    for path in (
        f"{paths['document']}/versions/{HUGE}/content",
        f"{paths['document']}/versions/1/pages/{HUGE}",
        f"{paths['envelope']}/pages/{HUGE}",
        f"{paths['envelope']}/pages/{HUGE}/text",
        f"{paths['envelope']}/pages/1?width={HUGE}",
        f"{paths['document'].replace('/api/v1', '')}?version={HUGE}",
    ):
        answer = browser.get(path)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
    assert set(site.portal.pdf._live) == workers  # and none of them cost a worker


@pytest.mark.parametrize("moment", [BEFORE_TIME.replace("%2B", "+"), AFTER_TIME])
def test_a_moment_outside_of_time_in_a_cursor_is_a_page_like_another(site, moment):
    browser = site.sign_in(site.world.manager)
    for path in ("folders", "envelopes"):
        answer = browser.get(f"/api/v1/{path}", params={"after": _cursor(moment)})
        assert answer.status_code in {200, 400}, answer.text


def test_a_moment_outside_of_time_in_a_filter_of_the_trail_is_taken(site):
    browser = site.sign_in(site.world.officer)
    for path in (
        f"/api/v1/audit/entries?from={BEFORE_TIME}",
        f"/api/v1/audit/entries?to={AFTER_TIME}",
        "/audit?last=9999-12-31",
        "/audit?first=0001-01-01",
    ):
        assert browser.get(path).status_code == 200, path
