"""The states of an envelope, what leads from one to the next, and what is refused in which words."""

from datetime import UTC, datetime, timedelta

import pytest

from docvault.rules import envelope_words as words
from docvault.rules import envelopes as rules
from docvault.rules.envelopes import Asked, Envelope, Part, Recipient, State

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def ready(signer_id, turn=1, **more):
    return Recipient(signer_id, turn, **({"consented_at": NOW, "pages_seen": frozenset({1, 2})} | more))


def sent(*signers):
    return Envelope(State.SENT, 2, signers)


def test_last_signature_completes_the_envelope():
    envelope = rules.sign(sent(ready("a"), ready("b", signed_at=NOW)), "a", set(), NOW)
    assert envelope.state is State.COMPLETING
    assert envelope.is_complete


def test_a_signature_before_the_last_leaves_the_envelope_sent():
    envelope = rules.sign(sent(ready("a"), ready("b")), "a", set(), NOW)
    assert envelope.state is State.SENT
    assert not envelope.is_complete
    assert rules.whose_turn(envelope) == {"b"}


def test_people_of_one_turn_sign_in_any_order_and_later_turns_wait():
    envelope = sent(ready("a"), ready("b"), ready("c", turn=2))
    assert rules.whose_turn(envelope) == {"a", "b"}
    envelope = rules.sign(envelope, "b", set(), NOW)
    assert rules.whose_turn(envelope) == {"a"}
    with pytest.raises(rules.NotYourTurn):
        rules.sign(envelope, "c", set(), NOW)
    assert rules.whose_turn(rules.sign(envelope, "a", set(), NOW)) == {"c"}


REFUSALS = [
    ("not sent yet", Envelope(State.DRAFT, 2, (ready("a"),)), rules.EnvelopeClosed),
    ("declined", Envelope(State.DECLINED, 2, (ready("a"),)), rules.EnvelopeClosed),
    ("voided", Envelope(State.VOIDED, 2, (ready("a"),)), rules.EnvelopeClosed),
    ("expired", Envelope(State.EXPIRED, 2, (ready("a"),)), rules.EnvelopeClosed),
    ("overdue", Envelope(State.SENT, 2, (ready("a"),), NOW), rules.EnvelopeClosed),
    ("overdue for one", sent(ready("a"), ready("b", turn=2, due_at=NOW)), rules.EnvelopeClosed),
    (
        "voided after their signature",
        Envelope(State.VOIDED, 2, (ready("a", signed_at=NOW),)),
        rules.EnvelopeClosed,
    ),
    ("signed already", sent(ready("a", signed_at=NOW), ready("b")), rules.AlreadySigned),
    ("completing", Envelope(State.COMPLETING, 2, (ready("a", signed_at=NOW),)), rules.AlreadySigned),
    ("completed", Envelope(State.COMPLETED, 2, (ready("a", signed_at=NOW),)), rules.AlreadySigned),
    ("out of turn", sent(ready("a", turn=2), ready("b")), rules.NotYourTurn),
    ("not on it", sent(ready("b")), rules.NotYourTurn),
    ("no consent", sent(ready("a", consented_at=None, pages_seen=frozenset())), rules.ConsentMissing),
    (
        "a page unseen",
        sent(ready("a", pages_seen=frozenset({2}), required_fields=frozenset("f"))),
        rules.PagesNotSeen,
    ),
    ("a field left out", sent(ready("a", required_fields=frozenset("f"))), rules.FieldsMissing),
]


@pytest.mark.promise(63)
@pytest.mark.parametrize(
    ("envelope", "refusal"), [row[1:] for row in REFUSALS], ids=[row[0] for row in REFUSALS]
)
def test_signing_is_refused_in_plain_words(envelope, refusal):
    with pytest.raises(refusal) as caught:
        rules.sign(envelope, "a", set(), NOW)
    assert str(caught.value).endswith(".")


def test_signing_needs_every_required_field_and_takes_optional_ones():
    envelope = sent(ready("a", required_fields=frozenset({"f", "g"})))
    with pytest.raises(rules.FieldsMissing, match="1 required field is still empty"):
        rules.sign(envelope, "a", {"f"}, NOW)
    assert rules.sign(envelope, "a", {"f", "g", "extra"}, NOW).is_complete


@pytest.mark.promise(65)
@pytest.mark.parametrize("state", [state for state in State if state is not State.DRAFT])
def test_only_a_draft_can_be_changed_or_sent(state):
    envelope = Envelope(state, 1, (Recipient("a", 1),))
    with pytest.raises(rules.EnvelopeFrozen):
        rules.require_draft(envelope)
    with pytest.raises(rules.EnvelopeFrozen):
        rules.send(envelope)


def test_an_envelope_without_people_is_not_sent():
    with pytest.raises(rules.EnvelopeIncomplete):
        rules.send(Envelope(State.DRAFT, 1, ()))


def test_sending_asks_the_first_turn():
    envelope = rules.send(Envelope(State.DRAFT, 1, (Recipient("a", 2), Recipient("b", 1))))
    assert rules.whose_turn(envelope) == {"b"}


@pytest.mark.promise(65)
@pytest.mark.parametrize("state", list(State))
def test_voiding_ends_only_what_is_open(state):
    envelope = Envelope(state, 1, (Recipient("a", 1),))
    if state in {State.DRAFT, State.SENT, State.EXPIRED}:
        assert rules.void(envelope).state is State.VOIDED
    else:
        with pytest.raises(rules.EnvelopeClosed):
            rules.void(envelope)


def test_declining_ends_the_envelope_for_everybody():
    envelope = rules.decline(sent(ready("a"), ready("b")), "a", NOW)
    assert envelope.state is State.DECLINED
    assert envelope.recipients[0].declined_at == NOW
    assert rules.whose_turn(envelope) == frozenset()
    with pytest.raises(rules.EnvelopeClosed):
        rules.sign(envelope, "b", set(), NOW)


def test_declining_after_signing_is_refused():
    with pytest.raises(rules.AlreadySigned):
        rules.decline(sent(ready("a", signed_at=NOW), ready("b")), "a", NOW)


def test_consent_keeps_its_first_time_and_pages_add_up():
    envelope = sent(Recipient("a", 1))
    envelope = rules.consent(envelope, "a", NOW)
    envelope = rules.consent(envelope, "a", NOW + timedelta(hours=1))
    assert envelope.recipients[0].consented_at == NOW
    envelope = rules.see_pages(rules.see_pages(envelope, "a", [1], NOW), "a", [2, 1], NOW)
    assert envelope.recipients[0].pages_seen == {1, 2}


@pytest.mark.parametrize("page", [0, -1, 3])
def test_a_page_that_does_not_exist_was_not_seen(page):
    with pytest.raises(rules.EnvelopeIncomplete):
        rules.see_pages(sent(Recipient("a", 1)), "a", [page], NOW)


def test_signatures_go_into_the_document_in_the_order_they_were_given():
    later = NOW + timedelta(minutes=1)
    envelope = Envelope(State.COMPLETING, 1, (ready("a", signed_at=later), ready("b", signed_at=NOW)))
    assert rules.next_to_apply(envelope).id == "b"
    with pytest.raises(rules.NotReady):
        rules.apply(envelope, "a", NOW)
    with pytest.raises(rules.NotReady):
        rules.complete(envelope)
    envelope = rules.apply(rules.apply(envelope, "b", NOW), "a", NOW)
    assert rules.next_to_apply(envelope) is None
    assert rules.complete(envelope).state is State.COMPLETED


@pytest.mark.parametrize("state", [State.DRAFT, State.DECLINED, State.VOIDED, State.COMPLETED])
def test_nothing_is_applied_outside_signing(state):
    assert rules.next_to_apply(Envelope(state, 1, (ready("a", signed_at=NOW),))) is None


@pytest.mark.parametrize("state", list(State))
def test_only_a_sent_envelope_has_anybody_to_remind(state):
    envelope = Envelope(state, 1, (Recipient("a", 1),))
    if state is State.SENT:
        rules.require_sent(envelope)
    else:
        with pytest.raises(rules.EnvelopeClosed):
            rules.require_sent(envelope)


RECIPIENTS = [
    ("nobody", []),
    ("one person twice", [("p", 1), ("p", 2)]),
    ("turn zero", [("p", 0)]),
    ("a turn beyond the last", [("p", 21)]),
    ("too many", [(str(number), 1) for number in range(21)]),
]


@pytest.mark.parametrize("pairs", [row[1] for row in RECIPIENTS], ids=[row[0] for row in RECIPIENTS])
def test_wrong_recipients_are_refused(pairs):
    with pytest.raises(rules.EnvelopeIncomplete):
        rules.check_recipients([Asked(*pair) for pair in pairs], 20)


IN_ORDER = (Part.APPROVER, Part.SIGNER, Part.WITNESS, Part.COUNTER_SIGNER, Part.VIEWER, Part.COPY)


@pytest.mark.parametrize(
    "asked",
    [
        [Asked("a", 1, Part.APPROVER), Asked("b", 1, Part.COPY)],
        [Asked("a", 1, Part.WITNESS)],
        [Asked("a", 2, Part.SIGNER), Asked("b", 1, Part.WITNESS)],
        [Asked("a", 1, Part.COUNTER_SIGNER)],
        [Asked("a", 1, Part.SIGNER), Asked("b", 1, Part.COUNTER_SIGNER)],
        [Asked("a", 1, Part.SIGNER), Asked("b", 2, Part.SIGNER), Asked("c", 2, Part.COUNTER_SIGNER)],
    ],
    ids=[
        "nobody signs",
        "only a witness",
        "a witness first",
        "only a counter-signer",
        "together",
        "not last",
    ],
)
def test_an_order_in_which_somebody_could_not_do_their_part_is_refused(asked):
    with pytest.raises(rules.EnvelopeIncomplete):
        rules.check_recipients(asked, 20)


def test_others_wait_for_an_approver_and_a_viewer_but_never_for_a_copy():
    approver, viewer = ready("a", part=Part.APPROVER), ready("v", part=Part.VIEWER)
    envelope = sent(ready("c", part=Part.COPY), approver, viewer, ready("s", turn=2))
    assert rules.whose_turn(envelope) == {"a", "v"}
    envelope = rules.approve(rules.approve(envelope, "a", NOW), "v", NOW)
    assert rules.whose_turn(envelope) == {"s"}
    assert rules.sign(envelope, "s", set(), NOW).state is State.COMPLETING


def test_an_approval_that_comes_last_completes_the_envelope():
    envelope = sent(ready("s", signed_at=NOW, applied_at=NOW), ready("a", turn=2, part=Part.APPROVER))
    approved = rules.approve(envelope, "a", NOW)
    assert approved.state is State.COMPLETING
    assert rules.next_to_apply(approved) is None
    assert rules.complete(approved).state is State.COMPLETED


@pytest.mark.parametrize("part", list(Part))
def test_each_part_can_do_its_own_deed_and_no_other(part):
    envelope = sent(ready("p", part=part), ready("s"))
    deeds = {
        "sign": lambda: rules.sign(envelope, "p", set(), NOW),
        "consent": lambda: rules.consent(envelope, "p", NOW),
        "approve": lambda: rules.approve(envelope, "p", NOW),
        "decline": lambda: rules.decline(envelope, "p", NOW),
        "see": lambda: rules.see_pages(envelope, "p", [1], NOW),
    }
    signs, own = (
        {"sign", "consent", "decline", "see"},
        {
            Part.APPROVER: {"approve", "decline", "see"},
            Part.VIEWER: {"approve", "see"},
            Part.COPY: set(),
        },
    )
    done = set()
    for name, deed in deeds.items():
        try:
            deed()
        except rules.NotYourPart:
            continue
        done.add(name)
    assert done == own.get(part, signs)


def test_an_approver_who_has_not_seen_every_page_cannot_approve():
    envelope = sent(Recipient("a", 1, Part.APPROVER, pages_seen=frozenset({1})), ready("s"))
    with pytest.raises(rules.PagesNotSeen):
        rules.approve(envelope, "a", NOW)


def test_right_recipients_are_accepted():
    rules.check_recipients([Asked("p", 1), Asked("q", 1), Asked("r", 3)], 20)
    everybody = [Asked(part.value, turn, part) for turn, part in enumerate(IN_ORDER, start=1)]
    rules.check_recipients(everybody, 20)


def test_words_are_trimmed_and_limited():
    words.check_words("  T ", " m\nn\t", 2000)
    words.check_due(None, NOW)
    words.check_due(NOW + timedelta(days=1), NOW)
    assert rules.check_reason(" no ") == "no"
    for call in (
        lambda: words.check_words(" ", "", 2000),
        lambda: words.check_words("t" * 201, "", 2000),
        lambda: words.check_words("t", "m" * 2001, 2000),
        lambda: words.check_words("bell\x07", "", 2000),
        lambda: words.check_words("t", "bell\x07", 2000),
        lambda: words.check_due(NOW, NOW),
        lambda: words.check_due(NOW.replace(tzinfo=None), NOW),
        lambda: rules.check_reason(" \n"),
        lambda: rules.check_reason("r" * 1001),
    ):
        with pytest.raises(rules.EnvelopeIncomplete):
            call()
