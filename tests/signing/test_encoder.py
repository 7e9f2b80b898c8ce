"""The two defects of asn1crypto 1.5.1, each shown on the library as it comes and gone after the correction."""

import subprocess
import sys

import asn1crypto
import pytest
from asn1crypto import core

from docvault.certificates import encoder

COUNTING = """
import json, sys
from asn1crypto import core
if {corrected}:
    from docvault.certificates import encoder
    assert encoder.correct()

class Pair(core.Sequence):
    _fields = [("name", core.Integer), ("value", core.Any, {{"optional": True}})]

def nested(depth, filler):
    value = Pair({{"name": 1, "value": core.OctetString(bytes(filler))}})
    for _ in range(depth):
        value = Pair({{"name": 1, "value": value}})
    return value

calls = 0
original = core._dump_header
def counting(*arguments):
    global calls
    calls += 1
    return original(*arguments)
core._dump_header = counting
{deed}
print(json.dumps([calls, encoded.hex()]))
"""


def count(deed: str, *, corrected: bool) -> tuple[int, bytes]:
    """Run in a process of its own: return how many headers were encoded, and the result."""
    import json

    script = COUNTING.format(deed=deed, corrected=corrected)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    calls, encoded = json.loads(done.stdout)
    return calls, bytes.fromhex(encoded)


def test_this_is_the_version_that_the_correction_is_for():
    assert asn1crypto.__version__ == encoder.CORRECTED, "look again whether the correction is still needed"


def test_another_version_is_left_alone(monkeypatch):
    monkeypatch.setattr(asn1crypto, "__version__", "1.6.0")
    before = core.Asn1Value.dump
    assert encoder.correct() is False
    assert core.Asn1Value.dump is before


READ_BACK = """
depth = 9
for filler in range(1800, 1930):
    plain = nested(0, filler).dump()
    if plain[:4] == b"\\x30\\x82\\x07\\x80":
        break
read = core.Sequence.load(plain)
calls = 0
encoded = read.dump()
"""


def test_defect_1_a_definite_length_that_ends_in_80_is_not_encoded_again():
    before, same = count(READ_BACK, corrected=False)
    after, encoded = count(READ_BACK, corrected=True)
    assert encoded == same
    assert encoded[:4] == b"\x30\x82\x07\x80"
    assert before > 0, "the library as it comes encodes the tree anew"
    assert after == 0


BY_HAND = """
tree = nested(9, 10)
calls = 0
encoded = tree.dump()
"""


def test_defect_2_a_tree_built_by_hand_is_encoded_once():
    before, same = count(BY_HAND, corrected=False)
    after, encoded = count(BY_HAND, corrected=True)
    assert encoded == same
    assert after <= 30, "one header for each value"
    assert before > 20 * after, "the library as it comes doubles the work with every level"


@pytest.mark.parametrize(
    ("header", "indefinite"),
    [
        (b"\x30\x80", True),
        (b"\x30\x82\x07\x80", False),
        (b"\x30\x81\x80", False),
        (b"\xa0\x82\x07\x84\x30\x82\x07\x80", False),
        (b"\xa0\x80\x30\x80", True),
        (b"\xa0\x82\x01\x00\x30\x80", True),
        (b"\xbf\x81\x00\x82\x07\x80", False),
        (b"\xbf\x81\x00\x80", True),
        (b"\x30\x05", False),
    ],
)
def test_only_the_length_byte_itself_announces_an_indefinite_length(header, indefinite):
    assert encoder.is_indefinite(header) is indefinite


def test_an_indefinite_length_is_still_made_definite():
    read = core.Sequence.load(b"\x30\x80\x02\x01\x05\x00\x00")
    assert read.dump(force=True) == b"\x30\x03\x02\x01\x05"
