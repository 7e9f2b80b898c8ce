"""Names in a ZIP: whatever people call their files, nothing leaves the folder it is unpacked into, or is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from docvault.rules.archives import MANIFEST, NAME_MOST, Names, safe

DEVICES = ("CON", "con.txt", "PRN", "aux.pdf", "NUL", "COM1", "lpt9.log", "com\u00b9")


@pytest.mark.promise(33)
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "_._etc_passwd"),
        ("C:\\boot.ini", "C__boot.ini"),
        ("..", "unnamed"),
        ("annex\u202efdp.exe", "annexfdp.exe"),
        ("two\nlines", "twolines"),
        ("trailing. ", "trailing"),
        ("Übersicht.pdf", "Übersicht.pdf"),
    ],
)
def test_a_name_is_one_part_of_a_path_and_still_itself(name, kept):
    assert safe(name) == kept


@pytest.mark.promise(33)
@pytest.mark.parametrize("name", DEVICES)
def test_no_name_is_a_device_on_windows(name):
    assert safe(name).startswith("_")


@pytest.mark.promise(33)
@given(st.lists(st.text(max_size=300), max_size=12))
def test_any_names_become_safe_paths_and_each_its_own(names):
    taken = Names()
    paths = [taken.claim("folder/", each) for each in names]
    assert len({path.casefold() for path in paths}) == len(names)
    for path in paths:
        part = path.removeprefix("folder/")
        assert part not in {"", ".", ".."}
        assert not set(part) & (set('/\\:*?"<>|') | set(map(chr, range(32))))
        assert part == part.strip(" .")
        assert len(part.encode()) <= NAME_MOST + 12


def test_names_that_differ_only_by_case_or_accents_spelled_otherwise_are_told_apart():
    taken = Names()
    paths = [
        taken.claim("", each) for each in ("A.txt", "a.TXT", "a.txt", "cafe\u0301", "caf\u00e9", MANIFEST)
    ]
    assert paths == ["A.txt", "a (2).TXT", "a (3).txt", "café", "café (2)", "MANIFEST (2).txt"]
