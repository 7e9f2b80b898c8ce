import pytest

from docvault.credentials import refusals
from docvault.values import DocVaultError


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "a second"),
        (2, "2 seconds"),
        (59, "59 seconds"),
        (60, "a minute"),
        (61, "2 minutes"),
        (3600, "60 minutes"),
    ],
)
def test_how_long_to_wait_is_said_in_words(seconds, words):
    refusal = refusals.Throttled(seconds)
    assert f"wait {words} and" in str(refusal)
    assert refusal.retry_after == seconds


@pytest.mark.parametrize(
    "refusal",
    [
        refusals.SignInRefused(),
        refusals.CodeRefused(),
        refusals.ChallengeOver(),
        refusals.FactorStopped(),
        refusals.TooBusy(),
        refusals.LinkRefused(),
        refusals.NotFresh(),
    ],
)
def test_every_refusal_is_a_whole_sentence_for_the_person(refusal):
    assert isinstance(refusal, refusals.CredentialRefused)
    assert isinstance(refusal, DocVaultError)
    assert str(refusal)[0].isupper()
    assert str(refusal).endswith(".")
