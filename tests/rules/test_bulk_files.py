"""Lists of bulk sends: read as people's spreadsheets write them, refused in words where they make no sense."""

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from docvault.audit import listing
from docvault.rules.bulk_files import BYTES_MOST, CELL_LONGEST, ROWS_MOST, ListRefused, read
from docvault.rules.bulk_sends import Entry, columns_of, entries_of

CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(str.strip)
HEADER = ["Client name", "Client email", "month"]
ROLES, VALUES = ["Client"], ["month"]


def table(rows, separator=","):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows(rows)
    return out.getvalue()


def entries(*rows, header=HEADER, roles=ROLES, values=VALUES, fixed=None):
    sheet = read(table([header, *rows]).encode())
    return entries_of(sheet, roles, values, fixed or [""] * len(roles))


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=6), st.sampled_from(",;\t"), st.booleans())
def test_what_a_spreadsheet_wrote_is_read_whatever_its_separator_and_mark(rows, separator, bom):
    content = table([HEADER, *rows], separator).encode("utf-8-sig" if bom else "utf-8")
    wanted = {
        number: row
        for number, row in enumerate(rows, start=2)
        if any(row) and not any("'" in one for one in row)
    }
    if not any(any(row) for row in rows):
        return
    sheet = read(content)
    assert sheet.columns == tuple(HEADER)
    found = {line.number: line.cells for line in sheet.lines}
    assert wanted.items() <= found.items()


@settings(max_examples=60, deadline=None)
@given(st.lists(CELL.filter(lambda cell: not cell.startswith("'")), min_size=2, max_size=5).filter(any))
def test_what_we_give_out_is_no_formula_and_comes_back_as_it_was(cells):
    columns = [f"c{number}" for number in range(len(cells))]
    given_out = b"".join(listing.csv([dict(zip(columns, cells, strict=True))], columns))
    raw = next(csv.reader(io.StringIO(given_out.decode().split("\r\n", 1)[1], newline="")))
    assert not [cell for cell in raw if cell.startswith(("=", "+", "-", "@"))]
    assert list(read(given_out).lines[0].cells) == cells


def test_the_name_of_a_column_that_we_give_out_is_no_formula_either():
    assert b"".join(listing.csv((), ["=1+1", "month"])) == b"'=1+1,month\r\n"


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet='a";,\n\r\t', max_size=40).map(str.encode))
def test_no_file_does_anything_but_be_read_or_refused(content):
    try:
        sheet = read(content)
    except ListRefused:
        return
    assert all(len(line.cells) == len(sheet.columns) for line in sheet.lines)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n;;\n", "empty"),
        (b"a,b\n", "no rows"),
        (b"x" * (BYTES_MOST + 1), "larger than 1 MiB"),
        ("a\nb".encode("utf-16"), "UTF-16"),
        (b"a,b\nc,\xff", "Line 2 .* not in UTF-8"),
        (b"PK\x03\x04....", "workbook"),
        (b'a,b\n"c,d', "from line 2 on"),
        (b"a,b\n\0", "not a list"),
        (b",".join([b"a"] * 101) + b"\nx", "101 columns; it can have up to 100"),
        (b"a\n" + b"x\n" * (ROWS_MOST + 1), "1,001 rows; .* up to 1,000"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_where_and_why(content, said):
    with pytest.raises(ListRefused, match=said):
        read(content)


def test_a_thousand_rows_are_read_and_numbered_as_a_spreadsheet_shows_them():
    sheet = read(b"sep=;\na;b\n" + b"x;y\n" * (ROWS_MOST - 1) + b"\n;;\nz;\n")
    assert (len(sheet.lines), sheet.lines[0].number, sheet.lines[-1]) == (
        ROWS_MOST,
        2,
        type(sheet.lines[0])(ROWS_MOST + 3, ("z", "")),
    )


def test_a_row_that_does_not_fit_says_why_and_the_others_stay():
    sheet = read(f"a,b\n1,2,3\n1,2,\n{'x' * (CELL_LONGEST + 1)},1\n".encode())
    assert [line.trouble for line in sheet.lines] == [
        "It has 3 cells; the header has 2.",
        "",
        "“a” has 501 characters; a cell can have up to 500.",
    ]


def test_columns_are_found_by_name_in_any_order_and_case():
    (entry,) = entries(
        ["March", "Olga Outside", "olga@outside.example"], header=["MONTH", " client  Name", "Client Email"]
    )
    assert (entry.people[0].name, entry.people[0].email) == ("Olga Outside", "olga@outside.example")
    assert (dict(entry.values), entry.trouble) == ({"month": "March"}, "")
    assert Entry.load(entry.dump()) == entry


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (["Client name", "month"], "lacks a column: “client email”"),
        (["Client email"], "lacks a column: “month”"),
        ([*HEADER, "Clerk"], "“Clerk” means nothing .* Client name, Client email, month"),
        ([*HEADER, "MONTH"], "“MONTH” is there twice"),
        (["", *HEADER], "Column 1 of the file has no name"),
    ],
)
def test_a_header_that_does_not_fit_the_template_is_refused_with_what_it_should_be(header, said):
    with pytest.raises(ListRefused, match=said):
        entries(["x"] * len(header), header=header)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (["O", "", "March"], "The e-mail address of “Client” is missing."),
        (["O", "nobody", "March"], "“Client”: Please give a complete e-mail address"),
        (["O\u202ex", "o@example.com", "March"], "“Client”: "),
        (["O", "o@example.com", ""], "“month” is empty."),
    ],
)
def test_a_row_that_lacks_something_says_what(row, said):
    (entry,) = entries(row)
    assert entry.trouble.startswith(said)


def test_duplicates_are_named_and_the_same_people_with_other_values_are_noted():
    first, same, other = entries(
        ["Olga", "o@example.com", "March"],
        ["Olga O.", "O@example.com", "March"],
        ["O", "o@example.com", "May"],
    )
    assert (first.trouble, first.note) == ("", "")
    assert same.trouble == "It says the same as row 2."
    assert (other.trouble, other.note) == ("", "Row 2 asks the same people, with other values.")


def test_somebody_chosen_for_all_rows_takes_a_role_that_a_row_leaves_empty():
    header, roles = ["Client email", "Us email"], ["Client", "Us"]
    empty, filled = entries(
        ["o@example.com", ""],
        ["p@example.com", "q@example.com"],
        header=header,
        roles=roles,
        values=[],
        fixed=["", "id"],
    )
    assert (empty.people[1].person_id, filled.people[1].email) == ("id", "q@example.com")
    (without,) = entries(["o@example.com"], header=header[:1], roles=roles, values=[], fixed=["", "id"])
    assert without.people[1].person_id == "id"


def test_a_value_that_is_called_as_a_column_of_a_role_is_asked_for_once():
    assert columns_of(["Client"], ["client name", "month"]) == ["Client name", "Client email", "month"]
