"""Retention over HTTP: what a document says, a hold, two people who lift it, and the certificate at the end."""

from datetime import timedelta

import pytest

from actions import two_people
from actions.world import person
from docvault.actions import disposals
from docvault.policy.vocabulary import Role

from .portal import folder, upload


@pytest.fixture
def manager(site):
    return site.sign_in(site.world.manager)


@pytest.fixture
def officer(site):
    return site.sign_in(site.world.officer)


def run_jobs(site):
    now = site.portal.clock()
    disposals.dispose_due(site.portal.db, now=now)
    disposals.finish_begun(site.portal.db, site.portal.vault, site.portal.stones, now=now)


@pytest.mark.promise(88)
def test_a_hold_keeps_a_document_until_two_people_lift_it_and_then_a_certificate_shows_its_end(
    site, manager, officer
):
    world, papers = site.world, folder(manager, site)
    document = upload(manager, papers, "offer.txt", b"what it costs")
    shown = manager.get(f"/documents/{document}").text
    assert "Two years after its last use" in shown or "Ten years after it was completed" in shown
    assert "Place a legal hold" not in shown
    form = officer.get(f"/retention/holds/new?type=document&id={document}")
    assert "offer.txt" in form.text
    fields = {"type": "document", "id": document, "reason": ""}
    assert officer.post("/retention/holds", data=fields).status_code == 409
    placed = officer.post(
        "/retention/holds", data=fields | {"reason": "Smith v. Acme"}, follow_redirects=False
    )
    assert placed.headers["location"] == "/retention?notice=held"
    assert "On legal hold since" in manager.get(f"/documents/{document}").text
    assert "Smith v. Acme" not in site.sign_in(world.client).get(f"/documents/{document}").text
    assert officer.get(f"/api/v1/documents/{document}/retention").json()["waits"] == ["hold"]
    [hold] = officer.get("/api/v1/holds").json()["items"]
    assert hold["id"] in officer.get("/retention").text
    assert (
        "Lift the legal hold on the document “offer.txt”"
        in officer.get(f"/proposals/new?kind=lift-hold&hold_id={hold['id']}").text
    )

    site.portal.clock.now += timedelta(days=20 * 365)
    run_jobs(site)
    site.portal.clock.now += timedelta(days=31)
    run_jobs(site)
    assert disposals.list_disposals(site.portal.db, acting=world.officer).items == []
    second = person(world.db, "Sven Officer", Role.COMPLIANCE_OFFICER, world.operator)
    now = site.portal.clock()
    made = two_people.propose(world, world.officer, "lift-hold", hold_id=hold["id"], now=now)
    two_people.confirm(world, second, made, now=now)
    run_jobs(site)
    site.portal.clock.now += timedelta(days=31)
    run_jobs(site)

    officer = site.sign_in(world.officer)
    assert officer.get(f"/documents/{document}").status_code == 404
    page = officer.get(f"/retention/disposals/{document}").text
    assert "offer.txt" in page
    table = officer.get(f"/retention/disposals/{document}/certificate.csv")
    [line] = table.text.splitlines()[1:]
    assert line.startswith(document)
    shown = officer.get(f"/api/v1/disposals/{document}").json()
    assert (shown["rule"], shown["versions"], shown["size"]) == ("schedule", 1, 13)
    assert officer.get("/api/v1/disposals").json()["items"] == [shown]
    assert f"/retention/disposals/{document}" in officer.get("/retention").text


def test_the_report_is_a_page_a_table_and_an_answer(site, manager, officer):
    document = upload(manager, folder(manager, site), "offer.txt", b"what it costs")
    answer = officer.get("/api/v1/retention").json()
    assert [(one["documents"], one["size"]) for one in answer["kept"]] == [(1, 13)]
    assert answer["upcoming"] == []
    table = officer.get("/retention/kept.csv")
    assert table.headers["content-type"].startswith("text/csv")
    assert document in table.text
    placed = officer.post(
        "/api/v1/holds",
        json={"type": "organisation", "subject_id": site.world.acme, "reason": "Smith v. Acme"},
    )
    assert placed.status_code == 201
    assert "All documents of this client" in officer.get("/retention").text
    assert "Nothing in the next 90 days" in officer.get("/retention").text


@pytest.mark.parametrize("kind", ["retention-override", "destroy-document"])
def test_what_needs_two_people_says_so_on_its_form(site, manager, officer, kind):
    document = upload(manager, folder(manager, site), "offer.txt", b"what it costs")
    page = officer.get(f"/proposals/new?kind={kind}&document_id={document}")
    assert "offer.txt" in page.text
    assert "Somebody else confirms it." in page.text
    assert officer.get(f"/proposals/new?kind={kind}&document_id=nothing").status_code == 400
