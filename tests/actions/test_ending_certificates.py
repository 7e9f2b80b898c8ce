"""Administrators hear in time that a certificate ends."""

from datetime import timedelta

import pytest

from actions import envelope_world as signing
from docvault.actions import ending_certificates
from docvault.database import ending_certificates as rows
from docvault.database import messages
from docvault.jobs.warn_of_ending_certificates import EVERY, warn_of_ending_certificates
from docvault.jobs.worker import PERIODIC


@pytest.fixture
def made(tmp_path, pdf, database_url):
    yield from signing.standing(tmp_path, pdf, database_url)


def warn(made, now):
    return ending_certificates.warn(made.db, made.vault.records, made.authority, now=now)


def warnings(made):
    with made.db.reading() as tx:
        found = messages.newest(tx, made.vault.records).items
    return [one for one in found if one.template == "certificate_ends"]


def noted(made):
    return [kind for kind, _ in made.world.entries()].count("certificate:ends-soon")


def test_administrators_are_told_once_at_90_30_and_7_days_and_on_the_day(made):
    first = made.authority.ends()[0].at
    soon = sum(end.at == first for end in made.authority.ends())
    told = [warn(made, first - timedelta(days=before)) for before in (91, 90, 89, 30, 8, 7, 7, 1, 0, -1)]
    assert told == [0, soon, 0, soon, 0, soon, 0, 0, soon, 0]
    assert len(warnings(made)) == noted(made) == 4 * soon


def test_the_mail_goes_to_active_administrators_and_names_the_certificate_and_its_key(made):
    first = made.authority.ends()[0]
    warn(made, first.at - timedelta(days=30))
    found = warnings(made)
    assert {one.person_id for one in found} == {made.world.administrator.person_id}
    assert (first.title, first.name) in {(one.values["certificate"], one.values["key"]) for one in found}


def test_the_mail_says_that_it_has_ended_when_the_first_look_comes_after_the_end(made):
    first = made.authority.ends()[0].at
    warn(made, first - timedelta(days=7))
    warn(made, first + timedelta(days=3))
    newest_first = [one.values["ended"] for one in warnings(made)]
    half = len(newest_first) // 2
    assert newest_first == ["yes"] * half + [""] * half


def test_a_new_certificate_starts_its_own_warnings(made):
    first = made.authority.ends()[0]
    warn(made, first.at)
    with made.db.reading() as tx:
        assert rows.told_at(tx, first.name, first.at) == first.at
        assert rows.told_at(tx, first.name, first.at + timedelta(days=1)) is None


def test_a_worker_looks_every_hour():
    [job] = [each for each in PERIODIC if each.run is warn_of_ending_certificates]
    assert job.every == EVERY == 3600
