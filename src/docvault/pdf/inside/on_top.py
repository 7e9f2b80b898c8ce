"""Adds signature fields to a document that arrived signed, in one incremental update. Runs in a worker.

Nothing that arrived is written anew. A person signs in the document's own field where one stands in the same
place, else in a new one. A new one shows only on blank paper: over something else it would look as if what
was signed before had changed (versions.py), so there it is added without a picture.
"""

from typing import Any, BinaryIO

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import (
    FieldMDPAction,
    FieldMDPSpec,
    MDPPerm,
    SigFieldSpec,
    append_signature_field,
    enumerate_sig_fields,
)

from docvault.pdf.errors import PageMissing
from docvault.pdf.inside import arrived, versions
from docvault.pdf.inside.geometry import frame_of
from docvault.pdf.inside.render import open_document, page_of
from docvault.pdf.inside.sign import copied
from docvault.pdf.tasks import Job

SAME = 2.0  # points between edges that count as the same place


def add_signature_fields(job: Job) -> dict[str, Any]:
    """Task: everybody's signature field and the seal's in a copy of the only file; the answer names who signs
    in a field of the document itself, by `names`.
    """
    options = job.options
    target = copied(job.files[0], job.output())
    names: dict[str, str] = {}
    with pikepdf.open(job.files[0]) as pdf:
        free = list(arrived.own_fields(pdf))
        places = {spec["signer"]: spec | _frame(pdf, spec) for spec in options["fields"]}
    writer = IncrementalPdfFileWriter(target)
    for signer, name in options["signatures"].items():
        spec = places.get(signer)
        own = next((one for one in free if spec and _is_there(one, spec)), None)
        if own is not None:
            free.remove(own)
            names[signer] = own["name"]
        else:
            _add(writer, name, spec if spec and _may_show(job.files[0], spec, options) else None)
    _add_seal(writer, options["seal"])
    writer.write_in_place()
    return {"names": names}


def _frame(pdf: pikepdf.Pdf, spec: dict[str, Any]) -> dict[str, Any]:
    """Return where a field lies in the page's own measures, and how the page is turned."""
    if not 1 <= spec["page"] <= len(pdf.pages):
        raise PageMissing
    seen = frame_of(pdf.pages[spec["page"] - 1])
    return {"box": seen.rectangle_to_user(spec["x"], spec["y"], spec["w"], spec["h"]), "turn": seen.turn}


def _is_there(own: dict[str, Any], spec: dict[str, Any]) -> bool:
    same = all(abs(own[edge] - spec[edge]) <= SAME for edge in ("x", "y", "w", "h"))
    return bool(own["page"] == spec["page"] and same)


def _may_show(file: BinaryIO, spec: dict[str, Any], options: Any) -> bool:
    if not options["visible"]:
        return False
    document = open_document(file)
    return versions.is_blank(page_of(document, spec["page"]), spec["box"])


def _add(writer: IncrementalPdfFileWriter, name: str, spec: dict[str, Any] | None) -> None:
    """Add one field; without a place it does not show."""
    if spec is None:
        append_signature_field(writer, SigFieldSpec(name))
        return
    append_signature_field(
        writer,
        SigFieldSpec(
            name, on_page=spec["page"] - 1, box=spec["box"], readable_field_name=spec["label"] or "signature"
        ),
    )
    if spec["turn"]:
        made = next(reference for known, _, reference in enumerate_sig_fields(writer) if known == name)
        made.get_object()["/MK"] = generic.DictionaryObject(
            {pdf_name("/R"): generic.NumberObject(spec["turn"])}
        )


def _add_seal(writer: IncrementalPdfFileWriter, name: str) -> None:
    """Add the seal's field with what whoever signs there has to honour: it locks all and ends all changes."""
    lock = FieldMDPSpec(FieldMDPAction.ALL)
    append_signature_field(
        writer, SigFieldSpec(name, field_mdp_spec=lock, doc_mdp_update_value=MDPPerm.NO_CHANGES)
    )
