"""Files that are damaged or taken apart at random: each gets a verdict with a reason, and none is green."""

import random
import re

import pytest

from docvault.pdf.reasons import REASONS, Verdict

WORDS = (b"/Type", b"/Sig", b"/Catalog", b"/Prev", b"/Root", b"/Contents", b"/ByteRange", b"obj", b"endobj", b"null",
         b"<<", b">>", b"[", b"]", b"(", b")", b"stream", b"%%EOF", b"startxref", b"xref", b"trailer", b"0", b"-1",
         b"99999999999999999999", b"\x00", b"1 0 R", b"/Kids", b"/V", b"/SubFilter")  # fmt: skip


def replaced_word(content: bytes, dice: random.Random) -> bytes:
    """Write one word of the format over another one."""
    found = [each.span() for word in WORDS for each in re.finditer(re.escape(word), content)]
    start, end = dice.choice(found)
    return content[:start] + dice.choice(WORDS) + content[end:]


def changed_number(content: bytes, dice: random.Random) -> bytes:
    start, end = dice.choice([each.span() for each in re.finditer(rb"\d+", content)])
    return (
        content[:start]
        + str(dice.choice((0, -1, 1, 2**31, 2**63, dice.randrange(9999)))).encode()
        + content[end:]
    )


def cut(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content[:start] + content[start + dice.randrange(1, 400) :]


def repeated(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content[:start] + content[start : start + dice.randrange(1, 4000)] * 2 + content[start:]


def swapped(content: bytes, dice: random.Random) -> bytes:
    one, two, three = sorted(dice.randrange(len(content)) for _ in range(3))
    return content[:one] + content[two:three] + content[one:two] + content[three:]


def noise(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content[:start] + dice.randbytes(dice.randrange(1, 64)) + content[start + 32 :]


def appended(content: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(content))
    return content + content[start : start + dice.randrange(1, 4000)]


WAYS = (replaced_word, changed_number, cut, repeated, swapped, noise, appended)


@pytest.mark.promise(67)
@pytest.mark.promise(68)
@pytest.mark.parametrize("rounds", [4, pytest.param(600, marks=pytest.mark.soak)])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_file_taken_apart_at_random_gets_a_reason_and_is_never_green(desk, revisions, way, rounds):
    dice = random.Random(f"{way.__name__} {rounds}")
    for number in range(rounds):
        content = dice.choice((revisions.anna, revisions.tomas))
        for _ in range(dice.randrange(1, 4)):
            content = way(content, dice)
        if content in (revisions.anna, revisions.tomas):
            continue
        report = desk.validate(content)
        assert set(report.codes) <= REASONS.keys()
        assert report.reasons
        assert report.advice
        assert report.verdict is not Verdict.VALID, number
        # A signer's envelope carries certificates that nobody signs: one that was changed is told, and is amber.
        assert report.verdict is not Verdict.NOT_TRUSTED or "stray-certificate" in report.codes, number
