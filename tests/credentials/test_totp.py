from datetime import UTC, datetime, timedelta

import pytest

from docvault.credentials import totp

RFC_SECRET = b"12345678901234567890"  # RFC 6238 appendix B, SHA-1
NOW = datetime(2026, 3, 2, 9, 30, 10, tzinfo=UTC)


@pytest.mark.promise(3)
@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238_hold(seconds, code):
    step = totp.step_at(datetime.fromtimestamp(seconds, UTC))
    assert totp.code_at(RFC_SECRET, step, digits=8) == code


@pytest.mark.promise(3)
@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, False), (2, False)])
def test_only_this_step_and_the_one_before_are_accepted(steps, accepted):
    secret = totp.new_secret()
    wanted = totp.step_at(NOW) + steps
    found = totp.matching_step(secret, totp.code_at(secret, wanted), NOW)
    assert (found == wanted) is accepted


def test_spaces_are_no_mistake_and_everything_else_is():
    secret = totp.new_secret()
    code = totp.code_at(secret, totp.step_at(NOW))
    assert totp.matching_step(secret, f" {code[:3]} {code[3:]} ", NOW) == totp.step_at(NOW)
    arabic = code.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩"))
    for wrong in ("", code[:5], code + "0", arabic, f"{code[:5]}x", "\ud800" * 6, f"+{code[:5]}"):
        assert totp.matching_step(secret, wrong, NOW) is None


@pytest.mark.promise(4)
def test_a_seed_has_160_random_bits():
    seeds = {totp.new_secret() for _ in range(100)}
    assert len(seeds) == 100
    assert {len(seed) for seed in seeds} == {20}


def test_an_authenticator_app_reads_the_same_seed():
    import subprocess

    secret = totp.new_secret()
    uri = totp.enrolment_uri(secret, account="mara@example.com", issuer="DocVault")
    assert uri.startswith("otpauth://totp/DocVault:mara%40example.com?secret=")
    assert f"secret={totp.spoken(secret)}" in uri
    moment = NOW.strftime("%Y-%m-%d %H:%M:%S UTC")
    tool = subprocess.run(
        ["oathtool", "--totp", "-b", "--now", moment, totp.spoken(secret)],
        capture_output=True,
        check=True,
        text=True,
    )
    assert tool.stdout.strip() == totp.code_at(secret, totp.step_at(NOW))


def test_the_qr_picture_is_one_svg_without_scripts_or_styles():
    picture = totp.qr_picture("otpauth://totp/x?secret=ABC")
    assert picture.startswith("<svg")
    assert not any(word in picture for word in ("<script", "style=", "href", "onload", "http://127"))


def test_a_step_is_30_seconds():
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert totp.step_at(start + timedelta(seconds=29)) == totp.step_at(start)
    assert totp.step_at(start + timedelta(seconds=30)) == totp.step_at(start) + 1


def test_a_seed_is_heard_as_it_was_spoken():
    for size in range(1, 41):
        assert totp.heard(totp.spoken(bytes(range(size)))) == bytes(range(size))
