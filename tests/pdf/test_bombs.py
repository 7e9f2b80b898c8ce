"""Every bomb, on every way on which a file is opened: an end in five seconds, within 512 MiB (promise 30).

What ends a worker takes a second or five. Of those, a few are tried in every run, each for a reason of its own;
all the others are for `make soak`.
"""

import contextlib
import resource

import pytest
from tests.signing.desks import ANNA, Desk, Office

from docvault.pdf import (
    contents,
    difference,
    fields,
    intake,
    on_top,
    package,
    paper,
    parts,
    render,
    sign,
    tasks,
    text,
    versions,
)
from docvault.pdf.errors import PdfError, PdfUnreadable
from docvault.pdf.fields import FieldSpec
from docvault.pdf.reasons import Verdict
from docvault.pdf.scratch import Scratch
from docvault.pdf.validate import validate
from docvault.rules.arrivals import Arrival

from . import bombs, crafted
from .watching import Watched

DATA = 512 * 1024**2  # bytes of private memory
SECONDS = 5  # of the processor
CLOCK = 16  # three times as long, where others work beside, and the end of the process
OFFICE = Office()
FIELD = FieldSpec("f", "signature", 1, 72, 72, 100, 30, "Signature", "anna")
ARRIVED = Arrival(signatures=1, visible=True)
KIND = "application/vnd.oasis.opendocument.text"


def seal(workers, source):
    pair = OFFICE.ca.seal
    proofs = {"credentials": OFFICE.credentials(pair.der), "timestamp": OFFICE.timestamp}
    return sign.seal(workers, source, sign=OFFICE.sign(pair), **proofs)


def renew(workers, source):
    credentials = OFFICE.credentials(OFFICE.ca.timestamp.der)
    return sign.renew(workers, source, credentials=credentials, timestamp=OFFICE.timestamp)


def seen(view):
    return {"page": 1, "width": 1400, "view": view}


WAYS = {  # the task, and how the portal asks for it
    "inspect": intake.inspect,
    "normalise": lambda workers, source: intake.normalise(workers, source).prepared,
    "page_sizes": render.page_sizes,
    "page_image": lambda workers, source: render.page_image(workers, source, 1, 2000),
    "page_differences": lambda workers, source: difference.page_differences(workers, source, source),
    "difference_image": lambda workers, source: difference.difference_image(
        workers, source, source, **seen("overlay")
    ),
    "version_changes": lambda workers, source: versions.changes(workers, source, source.size()),
    "version_image": lambda workers, source: versions.image(
        workers, source, source.size(), **seen("overlay")
    ),
    "page_runs": lambda workers, source: text.page_runs(workers, source, 1),
    "whole_text": lambda workers, source: text.whole_text(workers, source, 1_000_000),
    "document_text": contents.document_text,
    "plain_text": contents.plain_text,
    "page_thumbnail": contents.page_thumbnail,
    "look": lambda workers, source: package.look(workers, source, KIND),
    "picture": contents.picture,
    "paper_sheet": paper.sheet,
    "bind_sheets": lambda workers, source: paper.bind(workers, [source]),
    "place_fields": lambda workers, source: fields.place_fields(workers, source, [FIELD], title="T"),
    "add_signature_fields": lambda workers, source: on_top.add_signature_fields(
        workers, source, [FIELD], ARRIVED, signers=["anna"]
    ),
    "sign": seal,
    "renew": renew,
    "validate": lambda workers, source: validate(workers, source, roots=[]),
    "signature_parts": parts.signature_parts,
}
OURS = {"draw", "missing_letters", "typeset", "certificate"}  # open no file that somebody brought
ELSEWHERE = {"convert"}  # in a process of its own: test_office_bombs.py
DRAWN = {
    "page_image",
    "page_differences",
    "difference_image",
    "version_changes",
    "version_image",
    "page_thumbnail",
    "add_signature_fields",
}
READ = {"page_runs", "whole_text", "document_text"}
HEAVY = {  # what ends a worker or takes it a second
    crafted.flate_bomb: {"normalise", "bind_sheets", "place_fields"} | DRAWN | READ,
    crafted.form_recursion: {"normalise"} | DRAWN | READ,
    crafted.endless_shading: {"normalise"} | DRAWN,
    bombs.heavy_pages: {"normalise", "page_differences", "version_changes", "whole_text", "document_text"},
    bombs.huge_index: {"page_sizes"} | DRAWN | READ,
    bombs.many_fields: set(WAYS) - {"inspect", "look", "plain_text", "picture", "paper_sheet"},
}
STRICT = {"place_fields", "add_signature_fields", "sign", "renew", "signature_parts"}
NO_PDF = {bombs.zip_of_one: {"look", "plain_text"}, bombs.letters_of_nothing: {"plain_text", "look"}}
FOR_THE_STRICT = {crafted.deep_nesting, crafted.metadata_entities, bombs.wide_tree, bombs.many_fields}
ANYTHING = {"inspect", "picture", "paper_sheet"}  # what is given any file at all
CHOSEN = [
    (crafted.form_recursion, "page_image"),  # out of memory
    (crafted.endless_shading, "page_image"),  # the parent's time
    (bombs.heavy_pages, "page_differences"),  # no page is too much, all of them are
]


def light(bomb):
    """What it is tried on in every run: that costs nothing, unless a reader gives up and is replaced."""
    if bomb in NO_PDF:
        return NO_PDF[bomb] | ANYTHING
    return set(WAYS) - HEAVY.get(bomb, set()) - (set() if bomb in FOR_THE_STRICT else STRICT)


OTHERS = [
    (bomb, way)
    for bomb in bombs.BOMBS
    for way in WAYS
    if way not in light(bomb) and (bomb, way) not in CHOSEN
]


@pytest.fixture(scope="module")
def watched():
    with Watched() as pool:
        pool.warm()
        yield pool


def limits(pool):
    pool.warm()
    return [resource.prlimit(each.process.pid, resource.RLIMIT_DATA) for each in pool._live]


def close(made, source):
    """Give back what a way made, which may stand beside something else."""
    for each in made if isinstance(made, tuple) else (made,):
        if isinstance(each, Scratch) and each is not source:
            each.close()


def end_in_time(watched, scratch, content, *ways):
    """Go each of these ways; refusing and surviving are both fine: some bombs are harmless to some readers."""
    source = scratch(content)
    for way in ways:
        assert limits(watched) == [(DATA, DATA)]  # the kernel keeps it
        del watched.spent[:]
        with contextlib.suppress(PdfError):
            close(WAYS[way](watched, source), source)
        assert watched.spent[0].task == way
        for each in watched.spent:
            assert each.processor < SECONDS, each
            assert each.clock < CLOCK, each
    assert intake.inspect(watched, scratch(crafted.plain())).signable  # the next file is read


@pytest.mark.promise(30)
def test_every_way_on_which_a_file_is_opened_is_tried():
    assert set(WAYS) | OURS | ELSEWHERE == set(tasks.TASKS)
    assert all(way in HEAVY[bomb] for bomb, way in CHOSEN)


@pytest.mark.promise(30)
@pytest.mark.parametrize("make", bombs.BOMBS, ids=lambda make: make.__name__)
def test_a_bomb_ends_on_every_way_and_the_next_file_is_read(watched, scratch, make):
    content = make()
    assert (
        len(content) < 1024**2 or make is bombs.letters_of_nothing
    )  # small to bring: its size pays for nothing
    end_in_time(watched, scratch, content, *sorted(light(make)))


@pytest.mark.promise(30)
@pytest.mark.parametrize(
    ("make", "way"), [*CHOSEN, *(pytest.param(*each, marks=pytest.mark.soak) for each in OTHERS)]
)
def test_a_bomb_that_ends_its_worker_does_so_in_time(watched, scratch, make, way):
    end_in_time(watched, scratch, make(), way)


@pytest.mark.promise(30)
def test_what_overloads_its_reader_is_refused_with_a_way_out(watched, scratch):
    with pytest.raises(PdfUnreadable, match="print it to a new PDF and upload that"):
        intake.normalise(watched, scratch(crafted.form_recursion()))


@pytest.mark.promise(30)
def test_checking_a_signed_bomb_ends_in_time(watched, scratch):
    """With a later version to compare with, every way to every object would be followed."""
    with (
        intake.normalise(watched, scratch(bombs.wide_tree())).prepared as prepared,
        fields.place_fields(watched, prepared, [FIELD]) as made,
    ):
        content = made.read()
    desk = Desk(watched, OFFICE)
    name = fields.signature_field_name("anna")
    content = desk.seal(desk.sign(content, ANNA, "anna", certify=True, field=name, answers=()))
    del watched.spent[:]
    assert desk.validate(content).verdict is Verdict.UNREADABLE
    assert sum(each.processor for each in watched.spent) < SECONDS + 2  # it has three signatures
