"""Who may sign on paper, and what counts as signed."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from docvault.rules import envelope_life as life
from docvault.rules import envelopes as rules
from docvault.rules import papers
from docvault.rules.envelopes import SIGNING, Envelope, Part, Recipient, State

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def sent(*people, due_at=NOW + HOUR):
    return Envelope(State.SENT, 2, people, due_at)


@pytest.mark.parametrize("part", list(Part))
def test_who_signs_may_do_so_on_paper_where_the_sender_allows_it_and_nobody_hosts_them(part):
    one = Recipient("a", 1, part)
    refused = [(False, False), (True, True), (False, True)] + ([] if part in SIGNING else [(True, False)])
    for allowed, hosted in refused:
        with pytest.raises(papers.PaperForbidden):
            papers.require_paper(one, allowed=allowed, hosted=hosted)
    if part in SIGNING:
        papers.require_paper(one, allowed=True, hosted=False)


def test_a_scan_counts_only_once_the_sender_accepted_it_and_then_from_when_it_was_handed_in():
    given = papers.hand_in(sent(Recipient("a", 1), Recipient("b", 2)), "a", NOW)
    assert given.recipients[0].signed_at is None
    assert rules.whose_turn(given) == frozenset()
    taken = papers.accept(given, "a", NOW + HOUR)
    assert (taken.recipients[0].signed_at, taken.recipients[0].applied_at) == (NOW, NOW + HOUR)
    assert rules.whose_turn(taken) == {"b"}
    assert rules.next_to_apply(taken) is None


def test_the_last_scan_makes_the_envelope_complete():
    taken = papers.accept(papers.hand_in(sent(Recipient("a", 1)), "a", NOW), "a", NOW)
    assert taken.state is State.COMPLETING
    assert rules.complete(taken).state is State.COMPLETED


def test_who_handed_in_does_nothing_else_until_it_was_sent_back():
    given = papers.hand_in(sent(Recipient("a", 1)), "a", NOW)
    for step in (rules.consent, rules.decline, papers.hand_in, life.delegate):
        with pytest.raises(rules.AlreadySigned, match="handed in"):
            step(given, "a", NOW)
    with pytest.raises(rules.AlreadySigned):
        life.put_in_place(given, "a")
    back = papers.send_back(given, "a")
    assert back == sent(Recipient("a", 1))


def test_a_slow_sender_does_not_let_an_envelope_expire():
    slow = papers.hand_in(sent(Recipient("a", 1, due_at=NOW + HOUR / 2)), "a", NOW)
    assert slow.ends_at is None
    with pytest.raises(rules.NotReady):
        life.expire(slow, NOW + 2 * HOUR)
    another = replace(slow, recipients=(*slow.recipients, Recipient("b", 1)))
    assert another.ends_at == NOW + HOUR


@pytest.mark.parametrize("state", sorted(set(State) - {State.SENT}))
def test_a_scan_is_looked_at_only_while_people_sign(state):
    given = replace(papers.hand_in(sent(Recipient("a", 1)), "a", NOW), state=state)
    with pytest.raises(rules.EnvelopeClosed):
        papers.accept(given, "a", NOW)
    with pytest.raises(rules.EnvelopeClosed):
        papers.send_back(given, "a")


@pytest.mark.parametrize("who", ["a", "b", "nobody"])
def test_what_nobody_handed_in_cannot_be_accepted(who):
    signed = Recipient("b", 1, paper_at=NOW, signed_at=NOW, applied_at=NOW)
    envelope = sent(Recipient("a", 1), signed)
    with pytest.raises(papers.NothingToCheck):
        papers.accept(envelope, who, NOW)
    with pytest.raises(papers.NothingToCheck):
        papers.send_back(envelope, who)


@pytest.mark.promise(17)
def test_a_proof_speaks_of_exactly_these_sheets_in_this_order():
    sheets = [hashlib.sha256(bytes([number])).hexdigest() for number in range(3)]
    digest = papers.digest_of(sheets)
    papers.check_sheets(sheets, digest)
    for others in (sheets[::-1], sheets[:2], [*sheets, sheets[0]]):
        with pytest.raises(papers.PaperRefused, match="changed"):
            papers.check_sheets(others, digest)
    with pytest.raises(papers.PaperRefused, match="add the pages"):
        papers.check_sheets([], papers.digest_of([]))
