"""Holds, days that two people set, and destruction for good: promise 26, and what the report says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from docvault.actions import disposals, holds, places, retention, sharing
from docvault.policy.engine import Forbidden
from docvault.policy.vocabulary import Role
from docvault.rules.places import PlaceRefused
from docvault.rules.proposals import ProposalInvalid, SecondPersonNeeded
from docvault.rules.retention import RetentionRefused, Rule

from .papers_kept import folder, hold, paper, put_in_bin, run_jobs, stones, years
from .two_people import confirm, propose
from .world import NOW, person, standing


@pytest.fixture
def world(tmp_path):
    yield from standing(tmp_path)


@pytest.fixture
def second(world):
    return person(world.db, "Sven Officer", Role.COMPLIANCE_OFFICER, world.operator)


def held(world, document_id, at=NOW):
    return [
        one.reason
        for one in holds.holds_on_document(
            world.db, world.vault.records, acting=world.manager, document_id=document_id, at=at
        )
    ]


def is_gone(world, document_id):
    page = disposals.list_disposals(world.db, acting=world.officer)
    return document_id in [one.document_id for one in page.items]


@pytest.mark.promise(26)
@pytest.mark.promise(88)
def test_a_hold_is_lifted_by_two_people_and_stays_on_record(world, second):
    paper_id = paper(world, folder(world))
    hold_id = hold(world, "document", paper_id)
    made = propose(world, world.officer, "lift-hold", hold_id=hold_id)
    with pytest.raises(SecondPersonNeeded):
        confirm(world, world.officer, made)
    assert held(world, paper_id) == ["Smith v. Acme"]
    later = NOW + timedelta(hours=1)
    confirm(world, second, made, now=later)
    assert held(world, paper_id, later) == []
    assert held(world, paper_id, later - timedelta(minutes=1)) == ["Smith v. Acme"]
    assert ("hold:lifted", paper_id) in world.entries()
    with pytest.raises(ProposalInvalid, match="lifted already"):
        propose(world, world.officer, "lift-hold", hold_id=hold_id, reason="Once more", now=later)


@pytest.mark.promise(26)
def test_a_document_is_destroyed_at_once_by_two_people_but_never_against_a_hold(world, second):
    place = folder(world, "contract")
    paper_id = paper(world, place)
    made = propose(world, world.officer, "destroy-document", document_id=paper_id)
    with pytest.raises(SecondPersonNeeded):
        confirm(world, world.officer, made)
    hold(world, "folder", place)  # comes between the two people
    with pytest.raises(ProposalInvalid, match="legal hold"):
        confirm(world, second, made)
    other = paper(world, folder(world, "contract", name="Free"))
    confirm(world, second, propose(world, world.officer, "destroy-document", document_id=other))
    disposals.finish_begun(world.db, world.vault, stones(world), now=NOW)
    assert is_gone(world, other)
    assert not is_gone(world, paper_id)
    assert (
        disposals.show_certificate(world.db, acting=world.officer, document_id=other).disposal.rule
        == Rule.TWO_PEOPLE
    )


@pytest.mark.promise(26)
@pytest.mark.parametrize(("until", "gone_after"), [("2026-04-01", 0.2), ("2050-01-01", 24)])
def test_two_people_set_an_earlier_or_later_day_which_the_bin_does_not_shorten(
    world, second, until, gone_after
):
    paper_id = paper(world, folder(world))
    confirm(
        world,
        second,
        propose(world, world.officer, "retention-override", document_id=paper_id, until=until),
    )
    fate = retention.fate_of(world.db, acting=world.client, document_id=paper_id, now=NOW)
    assert (fate.rule, fate.kept_until) == (Rule.OVERRIDE, datetime.fromisoformat(until).replace(tzinfo=UTC))
    put_in_bin(world, paper_id, by=world.manager.person_id)
    early = min(years(gone_after) - timedelta(days=60), years(1.9)) if gone_after > 1 else NOW
    run_jobs(world, early)
    assert not is_gone(world, paper_id)
    run_jobs(world, years(gone_after))
    assert is_gone(world, paper_id)
    assert ("retention:overridden", paper_id) in world.entries()


@pytest.mark.parametrize(
    ("kind", "facts", "words"),
    [
        ("lift-hold", {"hold_id": "nothing"}, "no such hold"),
        ("retention-override", {"document_id": "nothing", "until": "2030-01-01"}, "no such document"),
        ("retention-override", {"document_id": "PAPER", "until": "soon"}, "year, month and day"),
        ("retention-override", {"document_id": "PAPER", "until": "3000-01-01"}, "between 1990 and 2200"),
        ("destroy-document", {"document_id": "nothing"}, "no such document"),
        ("destroy-document", {}, "do not fit"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(world, kind, facts, words):
    paper_id = paper(world, folder(world))
    said = {name: paper_id if value == "PAPER" else value for name, value in facts.items()}
    with pytest.raises(ProposalInvalid, match=words):
        propose(world, world.officer, kind, **said)


def test_only_officers_propose_these(world):
    paper_id = paper(world, folder(world))
    hold_id = hold(world, "document", paper_id)
    for kind, facts in (("lift-hold", {"hold_id": hold_id}), ("destroy-document", {"document_id": paper_id})):
        with pytest.raises(Forbidden):
            propose(world, world.manager, kind, **facts)
        with pytest.raises(Forbidden):
            propose(world, world.administrator, kind, **facts)


def test_holds_are_told_to_those_in_charge_only(world):
    place = folder(world)
    paper_id = paper(world, place)
    hold(world, "organisation", world.acme)

    def told(acting):
        about = {"acting": acting, "at": NOW}
        records = world.vault.records
        return len(holds.holds_on_document(world.db, records, document_id=paper_id, **about)) + len(
            holds.holds_on_folder(world.db, records, folder_id=place, **about)
        )

    assert told(world.manager) == told(world.officer) == 2
    viewer = person(world.db, "Vera Viewer", Role.CLIENT, world.acme)
    sharing.share_folder(
        world.db,
        acting=world.manager,
        folder_id=place,
        person_id=viewer.person_id,
        role="viewer",
        now=NOW,
    )
    assert told(viewer) == told(world.client) == 0


@pytest.mark.promise(88)
def test_a_hold_is_not_escaped_by_moving_what_it_keeps(world):
    held_folder, free = folder(world), folder(world, name="Free")
    paper_id = paper(world, held_folder)
    hold(world, "folder", held_folder)
    move = {"acting": world.manager, "now": NOW}
    with pytest.raises(PlaceRefused, match="legal hold"):
        places.move_things(world.db, world.vault, document_ids=[paper_id], into=free, **move)
    coming = paper(world, free)
    places.move_things(world.db, world.vault, document_ids=[coming], into=held_folder, **move)
    assert held(world, coming) == ["Smith v. Acme"]


@pytest.mark.promise(88)
def test_the_report_says_what_is_kept_since_when_until_when_and_why(world):
    place = folder(world)
    soon, kept_by_hold = paper(world, place, versions=2), paper(world, place, name="=held.txt")
    contract = paper(world, folder(world, "contract", name="Contracts"))
    hold(world, "document", kept_by_hold)
    now = years(1.9)
    report = retention.report(world.db, world.vault.records, acting=world.officer, now=now)
    assert [(one.kind, one.documents, one.held, one.size) for one in report.sums] == [
        ("contract", 1, 0, 26),
        ("general", 2, 1, 78),
    ]
    assert {one.kept.id for one in report.upcoming} == {soon, kept_by_hold}
    assert [one.reason for one in report.holds] == ["Smith v. Acme"]
    lines = b"".join(retention.kept_as_csv(world.db, acting=world.officer, now=now)).decode().splitlines()
    assert len(lines) == 4
    assert any(line.startswith(contract) and "2036-03-02" in line for line in lines)
    assert any("'=held.txt" in line and ",hold," in line for line in lines)
    assert [name for name, _ in world.entries()].count("retention:reported") == 2
    for ask in (retention.report, retention.kept_as_csv):
        records = (world.vault.records,) if ask is retention.report else ()
        with pytest.raises(Forbidden):
            ask(world.db, *records, acting=world.manager, now=now)


def test_a_hold_needs_a_reason(world):
    with pytest.raises(RetentionRefused, match="say why"):
        holds.place_hold(
            world.db,
            world.vault.records,
            acting=world.officer,
            subject_type="organisation",
            subject_id=world.acme,
            reason=" ",
            now=NOW,
        )
