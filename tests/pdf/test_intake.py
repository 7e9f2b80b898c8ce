"""Intake: what is refused and in which words, what is taken out, and what bombs do."""

import io
import subprocess

import pikepdf
import pypdfium2
import pytest

from docvault.pdf import errors, intake, render

from . import crafted

SCRIPTS = (
    b"/JavaScript",
    b"/JS",
    b"/Launch",
    b"/SubmitForm",
    b"/RichMedia",
    b"/EmbeddedFiles",
    b"/Alternates",
    b"/AS ",
)


@pytest.mark.promise(29)
@pytest.mark.parametrize(
    ("content", "error", "words"),
    [
        (b"", errors.Empty, "This file is empty"),
        (b"PK\x03\x04 a text document", errors.NotAPdf, "not a PDF"),
        (crafted.protected(), errors.PasswordProtected, "protected by a password"),
        (crafted.cut_off(), errors.Damaged, "the end of the file is missing"),
        (crafted.garbled(), errors.Damaged, "damaged and cannot be read"),
        (crafted.signed(), errors.AlreadySigned, "already carries a signature"),
        (crafted.signed_behind_a_wrong_index(), errors.AlreadySigned, "already carries a signature"),
        (crafted.dynamic_form(), errors.DynamicForm, "dynamic XFA form"),
        (crafted.without_pages(), errors.Empty, "no pages"),
        (crafted.plain(6), errors.TooManyPages, "has 6 pages; up to 5"),
    ],
    ids=[
        "empty",
        "not-a-pdf",
        "password",
        "cut-off",
        "garbled",
        "signed",
        "hidden-signature",
        "xfa",
        "no-pages",
        "too-many",
    ],
)
def test_what_cannot_be_signed_is_refused_in_plain_words(workers, scratch, content, error, words):
    source = scratch(content)
    before = source.sha256()
    with pytest.raises(error, match=words):
        intake.normalise(workers, source, max_pages=5)
    findings = intake.inspect(workers, source, max_pages=5)
    assert not findings.signable
    assert words in findings.reason
    assert source.sha256() == before


@pytest.mark.parametrize(
    ("make", "flag"),
    [
        (crafted.signed, "signed"),
        (crafted.protected, "encrypted"),
        (crafted.dynamic_form, "xfa"),
        (crafted.cut_off, "damaged"),
    ],
)
def test_findings_name_the_obstacle(workers, scratch, make, flag):
    assert getattr(intake.inspect(workers, scratch(make())), flag) is True


@pytest.mark.promise(29)
@pytest.mark.promise(64)
def test_active_and_hidden_content_is_taken_out_and_listed(workers, scratch):
    source = scratch(crafted.active())
    result = intake.normalise(workers, source)
    assert {
        "JavaScript",
        "actions that start a program",
        "actions that send form data",
        "actions on opening",
        "attached files",
        "sound or video",
        "other pictures for printing",
        "layers that switch by themselves",
    } <= set(result.findings.removed)
    with result.prepared:
        content = result.prepared.read()
    assert not [name for name in SCRIPTS if name in content]
    assert b"https://example.org/" in content  # a link a person has to click stays


@pytest.mark.promise(64)
def test_the_copy_is_unencrypted_classic_and_clean_for_strict_readers(workers, scratch, tmp_path):
    result = intake.normalise(workers, scratch(crafted.restricted()))
    with result.prepared:
        (tmp_path / "copy.pdf").write_bytes(result.prepared.read())
    assert result.findings.removed == ["restrictions on printing and editing"]
    with pikepdf.open(tmp_path / "copy.pdf", attempt_recovery=False) as pdf:
        assert not pdf.is_encrypted
        assert pdf.pdf_version >= "1.7"
        assert "/ObjStm" not in {
            str(each.get("/Type")) for each in pdf.objects if isinstance(each, pikepdf.Stream)
        }
    subprocess.run(["qpdf", "--check", tmp_path / "copy.pdf"], check=True, capture_output=True)


@pytest.mark.promise(29)
def test_a_second_file_around_the_pdf_does_not_survive(workers, scratch):
    result = intake.normalise(workers, scratch(crafted.polyglot()))
    with result.prepared:
        content = result.prepared.read()
    assert content.startswith(b"%PDF-")
    assert b"PK\x03\x04" not in content
    assert result.findings.removed == [
        "data before the start of the document",
        "data after the end of the document",
    ]


@pytest.mark.promise(64)
@pytest.mark.parametrize("make", [crafted.filled_form, crafted.commented])
def test_forms_and_comments_become_part_of_the_page(workers, scratch, make):
    source = scratch(make())
    result = intake.normalise(workers, source)
    with result.prepared:
        content = result.prepared.read()
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert "/AcroForm" not in pdf.Root
        assert "/Annots" not in pdf.pages[0].obj
    if make is crafted.filled_form:
        assert "Hilda Berg" in pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded()


def test_a_rebuilt_index_is_told(workers, scratch):
    result = intake.normalise(workers, scratch(crafted.wrong_index()))
    result.prepared.close()
    assert result.pages == 2
    assert "rebuilt" in result.findings.notes[0]


def test_normalising_twice_gives_the_same_bytes(workers, scratch):
    source = scratch(crafted.active())
    first, second = intake.normalise(workers, source), intake.normalise(workers, source)
    with first.prepared, second.prepared:
        assert first.prepared.sha256() == second.prepared.sha256()


def test_inherited_rotation_and_boxes_are_written_into_each_page(workers, scratch):
    pdf = crafted.pdf_with(2)
    for page in pdf.pages:
        del page.obj["/MediaBox"]
    pdf.Root.Pages.MediaBox = pikepdf.Array([0, 0, 595, 842])
    pdf.Root.Pages.CropBox = pikepdf.Array([50, 100, 500, 700])
    pdf.Root.Pages.Rotate = 90
    result = intake.normalise(workers, scratch(crafted.saved(pdf)))
    with result.prepared:
        assert render.page_sizes(workers, result.prepared) == [(600.0, 450.0)] * 2
        with result.prepared.open() as file, pikepdf.open(file) as copy:
            assert [int(page.obj["/Rotate"]) for page in copy.pages] == [90, 90]


def test_a_copy_that_looks_different_is_refused():
    """The comparison itself, without a worker: one changed word on the page is enough."""
    from docvault.pdf.inside import comparison

    class Now:
        def pay(self):
            pass

        def within(self, seconds):
            from contextlib import nullcontext

            return nullcontext()

    before = pypdfium2.PdfDocument(crafted.plain())
    after = pypdfium2.PdfDocument(crafted.saved(crafted.pdf_with(text="The parties agree on follows.")))
    comparison.compare(Now(), before, before, [[]], 5)
    with pytest.raises(errors.LooksDifferent, match="Page 1"):
        comparison.compare(Now(), before, after, [[]], 5)
    covered = [[(60, 80, 400, 120)]]
    comparison.compare(Now(), before, after, covered, 5)  # there, a form field stood
    empty = pypdfium2.PdfDocument(crafted.saved(crafted.pdf_with(text=" ")))
    with pytest.raises(errors.LooksDifferent):
        comparison.compare(Now(), before, empty, [[(60, 80, 200, 120)]], 5)


def test_what_cannot_be_looked_at_is_not_called_harmless(workers, scratch):
    pdf = crafted.pdf_with()
    inner = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS=pikepdf.String("app.alert(1)"))
    for _ in range(60):
        inner = pikepdf.Dictionary(Inner=inner)
    pdf.Root.Deep = inner
    with pytest.raises(errors.Damaged, match="cannot be checked"):
        intake.normalise(workers, scratch(crafted.saved(pdf)))
