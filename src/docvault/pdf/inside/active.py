"""Finds and takes out what a PDF does by itself, or shows only sometimes. Runs in a worker.

What acts: scripts, actions that start, send, fetch or play something. What hides: attachments, pictures for
print only, layers that switch with the purpose, parts kept in other files. Links to web pages stay: a click
is needed.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream
from pikepdf.sanitize import Sanitizer

from docvault.pdf.errors import Damaged

ACTIONS = {  # ISO 32000-2, 12.6.4, and the words for the report
    "/JavaScript": "JavaScript",
    "/Launch": "actions that start a program",
    "/SubmitForm": "actions that send form data",
    "/ImportData": "actions that load data",
    "/GoToR": "actions that open another file",
    "/GoToE": "actions that open another file",
    "/Rendition": "sound or video",
    "/Movie": "sound or video",
    "/Sound": "sound or video",
    "/RichMediaExecute": "sound or video",
    "/GoTo3DView": "3D models",
    "/Hide": "actions that hide or show content",
    "/SetOCGState": "actions that hide or show content",
    "/Named": "actions that run a menu command",
    "/ResetForm": "actions that reset a form",
    "/Trans": "page transitions",
    "/Thread": "actions that open another file",
}
ANNOTATIONS = {
    "/Movie": "sound or video",
    "/Sound": "sound or video",
    "/Screen": "sound or video",
    "/RichMedia": "sound or video",
    "/3D": "3D models",
    "/FileAttachment": "attached files",
}
HIDDEN = {  # keys of pictures and forms whose effect depends on the reader or on other files
    "/Alternates": "other pictures for printing",
    "/OPI": "pictures kept in other files",
    "/Ref": "pages kept in other files",
}
OVERLOADED = "This PDF cannot be checked for hidden content. Please print it to a new PDF and upload that."
DEPTH = 32  # of dictionaries inside one object
OBJECTS = 2_000_000  # more is an attack, not a document
_PIECES = (Name.JS, Name.F, Name.Win, Name.Mac, Name.Unix, Name.Next, Name.D)


_NAMES = "|".join(key[1:] for key in ("/AA", "/PA", *ACTIONS, *ANNOTATIONS, *HIDDEN))
_SUSPECT = re.compile(rf"/(?:{_NAMES})(?![A-Za-z0-9])".encode())
_STREAM_SUSPECT = re.compile(rf"/(?:{_NAMES}|F)(?![A-Za-z0-9])".encode())


def remove(pdf: pikepdf.Pdf) -> None:
    """Take out all that `find` counts."""
    _sanitizer().apply(pdf)
    for key in ("/OpenAction", "/AA", "/URI", "/Threads", "/Requirements"):
        if key in pdf.Root and not (key == "/OpenAction" and isinstance(pdf.Root[key], Array)):
            del pdf.Root[key]
    _settle_layers(pdf.Root)
    for each in _dictionaries(pdf):
        _disarm(each)
    _drop_annotations(pdf)


def find(pdf: pikepdf.Pdf) -> Counter[str]:
    """Count what would be taken out, by its plain words."""
    found: Counter[str] = Counter()
    names = pdf.Root.get("/Names")
    if isinstance(names, Dictionary):
        found["JavaScript"] += "/JavaScript" in names
        found["attached files"] += "/EmbeddedFiles" in names
    form = pdf.Root.get("/AcroForm")
    found["an XFA form description"] += isinstance(form, Dictionary) and "/XFA" in form
    found["actions on opening"] += isinstance(pdf.Root.get("/OpenAction"), Dictionary)
    found["a portfolio view"] += "/Collection" in pdf.Root
    found["layers that switch by themselves"] += _switching(pdf.Root)
    for each in _dictionaries(pdf):
        found[ACTIONS.get(_name(each, "/S"), "")] += _is_action(each)
        found[ANNOTATIONS.get(_name(each, "/Subtype"), "")] += "/Rect" in each
        found["actions on events"] += isinstance(each.get("/AA"), Dictionary)
        for key, words in HIDDEN.items():
            found[words] += isinstance(each, Stream) and key in each
        found["parts kept in other files"] += isinstance(each, Stream) and "/F" in each
    del found[""]
    return +found


def _sanitizer() -> Sanitizer:
    return (
        Sanitizer()
        .remove_javascript()
        .remove_attachments()
        .remove_multimedia()
        .remove_thumbnails()
        .remove_search_index()
        .remove_web_capture()
        .remove_private_app_data()
        .remove_collection()
    )


def _dictionaries(pdf: pikepdf.Pdf) -> Iterator[Any]:
    """Every dictionary that may act or hide, also those that no page leads to and those inside others."""
    for count, root in enumerate(pdf.objects):
        if count > OBJECTS:
            raise Damaged(OVERLOADED)
        if isinstance(root, Dictionary | Array | Stream) and _may_act(root):
            yield from _inside(root)


def _may_act(root: Any) -> bool:
    """Pass over most of a document's objects without leaving C++: a large one has a hundred thousand.

    qpdf writes a name in one way only, so that none can hide behind #xx.
    """
    if isinstance(root, Stream):
        return _STREAM_SUSPECT.search(root.stream_dict.unparse()) is not None
    return _SUSPECT.search(root.unparse(resolved=True)) is not None


def _inside(root: Any) -> Iterator[Any]:
    """The object itself and every dictionary written inside it."""
    waiting = [(root, 0)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, Dictionary | Stream):
            yield each
            inner = [each[key] for key in each.keys()]  # noqa: SIM118 - a pikepdf dictionary iterates differently
        elif isinstance(each, Array):
            inner = list(each)
        else:
            continue
        parts = [(part, depth + 1) for part in inner if _is_inline(part)]
        if parts and depth >= DEPTH:
            # What cannot be looked at cannot be called harmless.
            raise Damaged(OVERLOADED)
        waiting += parts


def _is_inline(part: object) -> bool:
    return isinstance(part, Dictionary | Array) and not part.is_indirect


def _name(each: Any, key: str) -> str:
    value = each.get(key)
    return str(value) if isinstance(value, Name) else ""


def _is_action(each: Any) -> bool:
    """An action dictionary: /S means other things in other places, so something it acts with must be there
    too.
    """
    kind = _name(each, "/S")
    return kind in ACTIONS and ("/Type" not in each or _name(each, "/Type") == "/Action")


def _disarm(each: Any) -> None:
    for key in ("/AA", "/PA", *HIDDEN):
        if key in each and (key not in HIDDEN or isinstance(each, Stream)):
            del each[key]
    for slot in ("/A", "/Next"):
        if isinstance(each.get(slot), Dictionary) and _is_action(each[slot]):
            del each[slot]
    if _is_action(each):
        for piece in _PIECES:
            if piece in each:
                del each[piece]
        each["/S"] = Name("/Disarmed")
    if isinstance(each, Stream) and "/F" in each:
        del each["/F"]


def _drop_annotations(pdf: pikepdf.Pdf) -> None:
    for page in pdf.pages:
        annotations = page.obj.get("/Annots")
        if annotations is None:
            continue
        kept = [
            each
            for each in (annotations if isinstance(annotations, Array) else [])
            if isinstance(each, Dictionary) and _name(each, "/Subtype") not in ANNOTATIONS
        ]
        page.obj["/Annots"] = Array(kept)


def _switching(root: Any) -> bool:
    layers = root.get("/OCProperties")
    if not isinstance(layers, Dictionary):
        return False
    default = layers.get("/D")
    return (isinstance(default, Dictionary) and "/AS" in default) or "/Configs" in layers


def _settle_layers(root: Any) -> None:
    """One state for screen, print and export: what is shown is what is signed."""
    layers = root.get("/OCProperties")
    if not isinstance(layers, Dictionary):
        return
    if isinstance(layers.get("/D"), Dictionary) and "/AS" in layers["/D"]:
        del layers["/D"]["/AS"]
    if "/Configs" in layers:
        del layers["/Configs"]
