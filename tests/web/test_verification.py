"""Checking a PDF over HTTP: anybody may, every question carries the file, and nothing is kept."""

import io
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import func, select

from actions import envelope_world as signing
from docvault.database import tables
from docvault.pdf.scratch import Scratch
from signing import attacks

PDF = {"content-type": "application/pdf"}
VERSIONS = "/api/v1/verifications/versions"


@pytest.fixture
def sealed(site):
    with (
        Scratch.create(signing.contract()) as plain,
        site.portal.authority.seal(site.portal.pdf, plain, certify=True) as made,
    ):
        return made.read()


def ask(site, path, content):
    return site.visit().post(path, content=content, headers=PDF)


@pytest.mark.promise(69)
def test_anybody_reads_who_signed_and_what_to_do(site, sealed):
    report = ask(site, "/api/v1/verifications", sealed).json()
    seal, stamp = report["signatures"]
    assert (report["verdict"], report["codes"]) == ("valid", ["ok", "ok-timestamp"])
    assert report["advice"].startswith("Keep the file")
    assert seal["anchor"] == stamp["anchor"]
    assert (seal["signed_bytes"] < len(sealed), stamp["signed_bytes"]) == (True, len(sealed))
    altered = ask(site, "/api/v1/verifications", attacks.updated(sealed, attacks.new_page_text)).json()
    assert altered["verdict"] == "modified"
    assert "version that was signed" in altered["advice"]


@pytest.mark.promise(69)
def test_the_version_that_was_signed_comes_back_as_a_file(site, sealed):
    altered = attacks.updated(sealed, attacks.new_page_text)
    answer = ask(site, f"{VERSIONS}/2", altered)
    assert (answer.status_code, answer.content) == (200, sealed)
    assert answer.headers["content-disposition"].startswith('attachment; filename="version-2.pdf"')
    assert "sandbox" in answer.headers["content-security-policy"]
    assert ask(site, f"{VERSIONS}/3", altered).status_code == 404
    assert ask(site, f"{VERSIONS}/1", signing.contract()).status_code == 404


@pytest.mark.promise(69)
def test_pages_that_changed_are_named_and_drawn(site, sealed):
    altered = attacks.updated(sealed, attacks.new_page_text)
    changed = ask(site, f"{VERSIONS}/1/changes", altered).json()
    assert [each["change"] for each in changed["items"]] == ["other", "same"]
    assert changed["cut"] is False
    picture = ask(site, f"{VERSIONS}/1/changes/1?view=second&width=600", altered)
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(picture.content)).width == 600
    assert ask(site, f"{VERSIONS}/1/changes/9", altered).status_code == 404
    assert ask(site, f"{VERSIONS}/1/changes/1?width=601", altered).status_code == 404


def kept(site):
    """Count all rows, files and open memory files."""
    with site.world.db.reading() as tx:
        rows = {
            name: tx.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in tables.METADATA.tables.items()
        }
    files = sorted(str(each) for each in site.portal.settings.data.rglob("*"))
    handles = [str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()]
    return rows, files, sum("memfd:docvault" in each for each in handles)


@pytest.mark.promise(69)
def test_nothing_that_a_visitor_sends_is_kept(site, sealed):
    ask(site, "/api/v1/verifications", sealed)
    before = kept(site)
    for path in (
        "/api/v1/verifications",
        f"{VERSIONS}/1",
        f"{VERSIONS}/1/changes",
        f"{VERSIONS}/1/changes/1",
    ):
        assert ask(site, path, sealed).status_code == 200
        assert ask(site, path, sealed[:-1]).status_code in {200, 404}
    assert kept(site) == before
    places = site.app.state.verification_places
    assert not places._taken
