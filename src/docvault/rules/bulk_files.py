"""Lists as spreadsheets save them: CSV in, cells out, and what is wrong with a file in words. Pure."""

import csv
import io
from dataclasses import dataclass

from docvault.rules.envelopes import EnvelopeRefused

BYTES_MOST = 1024 * 1024
ROWS_MOST = 1_000  # below the header
COLUMNS_MOST = 100
CELL_LONGEST = 500  # characters
SEPARATORS = ",;\t"

_FORMULAS = ("'=", "'+", "'-", "'@")  # how a list that we gave out says that a cell is no formula
_ENCODING = "Please save it as “CSV UTF-8”."


class ListRefused(EnvelopeRefused):
    """The file cannot be read as a list for this template; the message says where and why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row. number: as a spreadsheet counts it, the header is 1. cells: as many as there are columns."""

    number: int
    cells: tuple[str, ...]
    trouble: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class Sheet:
    columns: tuple[str, ...]
    lines: tuple[Line, ...]  # without empty rows


def read(content: bytes) -> Sheet:
    """Return the list that a file holds: UTF-8; commas, semicolons or tabs. Raises ListRefused."""
    text = _text(content)
    separator = _separator(text)
    if text[:4].casefold() == "sep=":  # how a spreadsheet is told the separator: no row of the list
        text = text.partition("\n")[2]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        records = [[_cell(cell) for cell in record] for record in reader]
    except csv.Error as error:
        raise ListRefused(
            f"The file cannot be read from line {reader.line_num} on: "
            "a quotation mark is missing, or is one too many."
        ) from error
    return _sheet(records)


def _text(content: bytes) -> str:
    if len(content) > BYTES_MOST:
        raise ListRefused(f"The file is larger than {BYTES_MOST // 1024**2} MiB. Please split it.")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ListRefused(f"The file is in UTF-16. {_ENCODING}")
    if content.startswith(b"PK\x03\x04"):
        raise ListRefused(f"This is a workbook, not a list. {_ENCODING}")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise ListRefused(f"Line {line} of the file is not in UTF-8. {_ENCODING}") from error
    if "\0" in text:
        raise ListRefused(f"The file is not a list. {_ENCODING}")
    return text


def _separator(text: str) -> str:
    """Return what stands most often between the names of the columns; a comma where nothing does."""
    if text[:4].casefold() == "sep=" and text[4:5] in SEPARATORS and text[4:5]:
        return text[4]
    counted = dict.fromkeys(SEPARATORS, 0)
    quoted = False
    for letter in text:
        if letter == '"':
            quoted = not quoted
        elif letter in "\r\n" and not quoted:
            if any(counted.values()):
                break
        elif letter in counted and not quoted:
            counted[letter] += 1
    return max(counted, key=counted.__getitem__)


def _cell(cell: str) -> str:
    """Return a cell without space around it, and without the quote that keeps it from being a formula."""
    cell = cell.strip()
    return cell[1:] if cell.startswith(_FORMULAS) else cell


def _sheet(records: list[list[str]]) -> Sheet:
    filled = [(number, cells) for number, cells in enumerate(records, start=1) if any(cells)]
    if not filled:
        raise ListRefused("The file is empty.")
    (_, columns), rows = filled[0], filled[1:]
    while not columns[-1]:
        columns = columns[:-1]
    if len(columns) > COLUMNS_MOST:
        raise ListRefused(f"The file has {len(columns)} columns; it can have up to {COLUMNS_MOST}.")
    if not rows:
        raise ListRefused("The file has a header and no rows below it.")
    if len(rows) > ROWS_MOST:
        raise ListRefused(
            f"The file has {len(rows):,} rows; one bulk send can have up to {ROWS_MOST:,}. Please split it."
        )
    return Sheet(tuple(columns), tuple(_line(number, cells, columns) for number, cells in rows))


def _line(number: int, cells: list[str], columns: list[str]) -> Line:
    beyond = [cell for cell in cells[len(columns) :] if cell]
    kept = [*cells[: len(columns)], *[""] * (len(columns) - len(cells))]
    trouble = ""
    if beyond:
        trouble = f"It has {len(columns) + len(beyond)} cells; the header has {len(columns)}."
    for place, cell in enumerate(kept):
        if len(cell) > CELL_LONGEST:
            trouble = (
                f"“{columns[place]}” has {len(cell):,} characters; a cell can have up to {CELL_LONGEST}."
            )
            kept[place] = cell[:CELL_LONGEST]
    return Line(number, tuple(kept), trouble)
