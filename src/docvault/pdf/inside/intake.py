"""Inspects an uploaded PDF, and makes the copy that can be signed. Runs in a worker.

The plan of normalise: 1 look at the bytes; 2 open; 3 refuse what cannot be signed; 4 remember where
annotations are; 5 take out what acts; 6 turn forms and comments into page content; 7 rewrite; 8 reopen
strictly; 9 compare.
"""

import itertools
from typing import Any, BinaryIO

import pikepdf
from pikepdf import Array, Dictionary, Name
from pyhanko.pdf_utils.misc import PdfError as StrictReaderError
from pyhanko.pdf_utils.reader import PdfFileReader

from docvault.pdf.errors import Damaged, DynamicForm, NotSignable, TooManyPages
from docvault.pdf.inside import active, arrived, comparison, found, saving
from docvault.pdf.inside.geometry import settle, shows_nothing
from docvault.pdf.inside.opening import DAMAGED, Raw, look, open_pdf
from docvault.pdf.inside.render import Pages
from docvault.pdf.inside.sign import copied
from docvault.pdf.tasks import Job
from docvault.rules.found import FOUND_MOST

UNSEEN = (
    "Page {page} of this PDF has no visible area: it is cropped to nothing. "
    "Please open it in your PDF program, print it to a new PDF and upload that."
)
FIELDS = 100_000  # of one form; more is an attack
REBUILT = (
    "The file's index was damaged and has been rebuilt. Please look through every page before you send it."
)
DYNAMIC = (
    "This PDF is a dynamic XFA form, which only Adobe Reader can show. "
    "Please open it there, print it to a new PDF and upload that."
)


def inspect(job: Job) -> object:
    """Task: what this file is, as the plain map of intake.Findings. Refusals become its reason."""
    seen: dict[str, Any] = {}
    try:
        raw = look(job.files[0])
        pdf, repaired = open_pdf(job.files[0], raw)
        with pdf:
            seen = _describe(pdf, raw) | {"notes": [REBUILT] if repaired else []}
            _refuse(pdf, seen, job.options["max_pages"])
            if seen["signed"]:
                seen |= _as_arrived(job.files[0], pdf)
    except NotSignable as refusal:
        flags = {"PasswordProtected": {"encrypted": True}, "Damaged": {"damaged": True}}
        return seen | flags.get(type(refusal).__name__, {}) | {"signable": False, "reason": str(refusal)}
    return seen | {"signable": True}


def normalise(job: Job) -> object:
    """Task: the copy to be signed in the only output; returns the plain map of intake.Findings."""
    output = job.output()
    raw = look(job.files[0])
    pdf, repaired = open_pdf(job.files[0], raw)
    with pdf:
        seen = _describe(pdf, raw) | {"notes": [REBUILT] if repaired else []}
        _refuse(pdf, seen, job.options["max_pages"])
        if seen["signed"]:
            copied(job.files[0], output)
            return seen | _as_arrived(job.files[0], pdf) | {"found": _to_sign_in(pdf)}
        in_form = found.in_form(pdf)
        regions = comparison.annotated_regions(pdf)
        active.remove(pdf)
        seen["removed"] += _flatten(pdf)
        _rewrite(pdf, output)
    _reopen_strictly(output, seen["pages"])
    _compare(job, output, regions)
    seen["found"] = in_form + found.in_text(output)
    return seen


def _describe(pdf: pikepdf.Pdf, raw: Raw) -> dict[str, Any]:
    acting = active.find(pdf)
    form = pdf.Root.get("/AcroForm")
    fields = list(_fields(form))
    signed = raw.byte_range or any(kind == Name.Sig and "/V" in field for field, kind in fields)
    return {
        "pages": len(pdf.pages),
        "signed": signed or _has_certification(pdf.Root),
        "encrypted": pdf.is_encrypted,
        "xfa": isinstance(form, Dictionary) and "/XFA" in form,
        "damaged": False,
        "form_fields": len(fields),
        "javascript": "JavaScript" in acting,
        "attachments": "attached files" in acting,
        "removed": sorted(acting) + _removed_by_rewriting(pdf, raw),
    }


def _compare(job: Job, output: BinaryIO, regions: list[list[comparison.Region]]) -> None:
    """Compare the copy with the original, page by page. Raises LooksDifferent."""
    seconds = job.options["page_seconds"]
    comparison.compare(job, Pages(job.files[0]), Pages(output), regions, seconds)


def _as_arrived(file: BinaryIO, pdf: pikepdf.Pdf) -> dict[str, Any]:
    """What is known of a signed document, of which nothing is taken out. Raises AlreadySigned."""
    return {"arrival": arrived.look(file, pdf), "removed": []}


def _to_sign_in(pdf: pikepdf.Pdf) -> list[dict[str, Any]]:
    """The document's own signature fields, as plain maps of rules.found.FoundField."""
    kind = {"kind": "signature", "required": True}
    fields = itertools.islice(arrived.own_fields(pdf), FOUND_MOST)
    return [{name: one[name] for name in one if name != "name"} | kind for one in fields]


def _removed_by_rewriting(pdf: pikepdf.Pdf, raw: Raw) -> list[str]:
    stripped = ["restrictions on printing and editing"] if pdf.is_encrypted else []
    stripped += ["data before the start of the document"] if raw.before else []
    return stripped + (["data after the end of the document"] if raw.after else [])


def _refuse(pdf: pikepdf.Pdf, seen: dict[str, Any], max_pages: int) -> None:
    if seen["pages"] > max_pages:
        raise TooManyPages(
            f"This PDF has {seen['pages']} pages; up to {max_pages} can be signed at once. "
            "Please split it into smaller documents."
        )
    if seen["signed"]:
        return  # judged as a whole by arrived.py
    _refuse_unseen(pdf)
    if seen["xfa"] and (bool(pdf.Root.get("/NeedsRendering", False)) or not seen["form_fields"]):
        raise DynamicForm(DYNAMIC)
    if seen["notes"] and any("/Contents" not in page.obj for page in pdf.pages):
        # A page whose content was lost in the damage would be signed as an empty one.
        raise Damaged(DAMAGED)


def _refuse_unseen(pdf: pikepdf.Pdf) -> None:
    for number, page in enumerate(pdf.pages, start=1):
        if shows_nothing(page):
            raise Damaged(UNSEEN.format(page=number))


def _fields(form: Any) -> Any:
    """Every field of the form with its (inherited) type; loops and excess end it."""
    if not isinstance(form, Dictionary) or not isinstance(form.get("/Fields"), Array):
        return
    waiting: list[tuple[Any, Any]] = [(field, None) for field in form["/Fields"]]
    seen: set[tuple[int, int]] = set()
    for _ in range(FIELDS):
        if not waiting:
            return
        field, kind = waiting.pop()
        if not isinstance(field, Dictionary) or (field.is_indirect and field.objgen in seen):
            continue
        seen.add(field.objgen)
        kind = field.get("/FT", kind)
        yield field, kind
        kids = field.get("/Kids")
        waiting += [(kid, kind) for kid in kids] if isinstance(kids, Array) else []


def _has_certification(root: Any) -> bool:
    permissions = root.get("/Perms")
    return isinstance(permissions, Dictionary) and ("/DocMDP" in permissions or "/UR3" in permissions)


def _flatten(pdf: pikepdf.Pdf) -> list[str]:
    """Make fields and comments part of the page: nothing is left that a reader could show differently."""
    had_form = isinstance(pdf.Root.get("/AcroForm"), Dictionary)
    filled = had_form and any(True for _ in _fields(pdf.Root["/AcroForm"]))
    comments = any(_is_comment(each) for page in pdf.pages for each in page.obj.get("/Annots", []))
    if had_form:
        if "/XFA" in pdf.Root["/AcroForm"]:
            del pdf.Root["/AcroForm"]["/XFA"]
        _draw_fields(pdf)
    pdf.flatten_annotations("all")
    _drop_widgets(pdf)
    for key in ("/AcroForm", "/Perms", "/Legal", "/DSS", "/PieceInfo", "/NeedsRendering"):
        if key in pdf.Root:
            del pdf.Root[key]
    flattened = ["form fields (what they show became part of the page)"] if filled else []
    return flattened + (["comments (what they show became part of the page)"] if comments else [])


def _draw_fields(pdf: pikepdf.Pdf) -> None:
    """Give fields that leave their looks to the reader an appearance; the others keep theirs."""
    form = pdf.Root["/AcroForm"]
    if any("/V" in field and "/AP" not in field and "/Kids" not in field for field, _ in _fields(form)):
        form["/NeedAppearances"] = True
    pdf.generate_appearance_streams()


def _drop_widgets(pdf: pikepdf.Pdf) -> None:
    """What is left of a form after flattening shows nothing, and has no form to belong to."""
    for page in pdf.pages:
        left = page.obj.get("/Annots")
        if isinstance(left, Array):
            kept = [each for each in left if each.get("/Subtype") != Name.Widget]
            page.obj["/Annots"] = Array(kept)


def _is_comment(annotation: Any) -> bool:
    kind = annotation.get("/Subtype") if isinstance(annotation, Dictionary) else None
    return kind is not None and kind not in (Name.Link, Name.Widget, Name.Popup)


def _rewrite(pdf: pikepdf.Pdf, output: BinaryIO) -> None:
    for page in pdf.pages:
        settle(page)
        if "/Metadata" in page.obj:
            del page.obj["/Metadata"]
        if "/Annots" in page.obj and not len(page.obj["/Annots"]):
            del page.obj["/Annots"]
    saving.save(
        pdf,
        output,
        encryption=False,
        linearize=False,
        min_version="1.7",
        compress_streams=True,
        recompress_flate=False,
        fix_metadata_version=True,
    )
    output.flush()


def _reopen_strictly(output: BinaryIO, pages: int) -> None:
    """Two readers that forgive nothing must agree, and nothing that acts may be left. Raises Damaged."""
    try:
        with pikepdf.open(output, attempt_recovery=False, suppress_warnings=True) as pdf:
            fine = len(pdf.pages) == pages and not pdf.get_warnings() and not pdf.is_encrypted
            fine = fine and not active.find(pdf)
        output.seek(0)
        reader = PdfFileReader(output, strict=True)
        fine = fine and int(reader.root["/Pages"]["/Count"]) == pages
    except (pikepdf.PdfError, StrictReaderError, ValueError, TypeError, KeyError) as error:
        raise Damaged(DAMAGED) from error
    if not fine:
        raise Damaged(DAMAGED)
