"""The audit page says how far the log is published outside, and raises its voice when that waits."""

from dataclasses import replace
from datetime import timedelta

from actions.test_publications import Shelf
from actions.world import NOW
from docvault.actions import audit, publications

from .portal import app_for


def test_the_audit_page_says_how_far_the_log_is_published_and_when_it_waits(site):
    shelf = Shelf()
    publishing = replace(site, app=app_for(replace(site.portal, log_store=shelf)))
    assert "published" not in site.sign_in(site.world.officer).get("/audit").text
    audit.publish_checkpoint(site.made.db, site.made.log_key, now=NOW)
    publications.publish(site.made.db, shelf, now=NOW)
    browser = publishing.sign_in(site.world.officer)
    assert "published in the bucket on a shelf" in browser.get("/audit").text
    audit.publish_checkpoint(site.made.db, site.made.log_key, now=NOW)
    site.portal.clock.now = NOW + timedelta(minutes=14)
    assert "not published yet" not in browser.get("/audit").text
    site.portal.clock.now = NOW + timedelta(minutes=16)
    page = browser.get("/audit").text
    assert "checkpoint is not published yet" in page
    assert "Nothing is lost" in page
    publications.publish(site.made.db, shelf, now=NOW)
    assert "not published yet" not in browser.get("/audit").text
