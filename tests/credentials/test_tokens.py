import pytest

from docvault.credentials import recovery, tokens


@pytest.mark.promise(18)
@pytest.mark.asvs("6.4.1")
@pytest.mark.asvs("7.2.3")
def test_a_token_has_256_bits_and_is_stored_as_a_hash():
    made = {tokens.new_token() for _ in range(1000)}
    assert len(made) == 1000
    assert {len(token) for token in made} == {tokens.TOKEN_CHARACTERS}
    token = made.pop()
    assert len(tokens.token_hash(token)) == 32
    assert token.encode() not in tokens.token_hash(token)


def test_any_text_can_be_asked_for():
    assert len({tokens.token_hash(text) for text in ("", "\ud800", "\x00", "ä" * 10_000)}) == 4


@pytest.mark.promise(12)
@pytest.mark.asvs("6.5.2")
@pytest.mark.asvs("6.5.4")
def test_recovery_codes_have_at_least_112_bits_and_are_easy_to_copy():
    codes = recovery.new_codes(10)
    assert len(set(codes)) == 10
    for code in codes:
        assert len(code.replace("-", "")) * 5 >= 112
        assert [len(part) for part in code.split("-")] == [4] * 6


def test_a_recovery_code_is_read_as_people_copy_it():
    (code,) = recovery.new_codes(1)
    stored = recovery.code_hash(code)
    for typed in (
        code.upper(),
        code.replace("-", ""),
        code.replace("-", " "),
        f" {code}\n",
        code.replace("o", "0"),
    ):
        assert recovery.code_hash(typed) == stored
    assert recovery.code_hash(code[:-1]) != stored
    assert code.encode() not in stored
