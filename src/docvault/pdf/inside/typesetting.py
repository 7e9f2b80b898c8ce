"""Sets typst documents with the fonts that came with DocVault. Runs in a worker.

The system's fonts stay out, so that every installation draws the same; only for Chinese, Japanese and Korean
letters does it look for Noto Sans CJK on the machine.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import cast

import fontpkg
import typst

from docvault.pdf.tasks import Job

FAMILIES = ("Noto Sans", "Noto Sans Arabic", "Caveat", "Dancing Script", "Great Vibes")
CJK = Path("/usr/share/fonts/opentype/noto")  # where Debian's fonts-noto-cjk puts them
CHAIN = ("Noto Sans", "Noto Sans Arabic", "Noto Sans CJK JP")  # the first that has a letter draws it


def typeset(job: Job) -> object:
    """Task: set `source` into the only output."""
    options = job.options
    job.output().write(
        set_page(options["source"], options["inputs"], options["standards"], options["created"])
    )
    return None


def set_page(
    source: str, inputs: Mapping[str, str], standards: Sequence[str] = (), created: int | None = None
) -> bytes:
    """Set a document and return its PDF. created: seconds since 1970, UTC."""
    made = _compiler().compile(
        source.encode(),
        format="pdf",
        sys_inputs=dict(inputs),
        pdf_standards=cast("typst.PDFStandards", list(standards)),
        timestamp=created,
        pdf_tags=bool(standards) or created is not None,
    )
    if not isinstance(made, bytes):
        raise TypeError("typst gave no PDF")
    return made


@cache
def font_files() -> dict[str, Path]:
    """The upright file of every family at hand; Noto Sans CJK only where the machine has it."""
    files = {family: fontpkg.path(family, nearest=True) for family in FAMILIES}
    cjk = CJK / "NotoSansCJK-Regular.ttc"
    return files | ({"Noto Sans CJK JP": cjk} if cjk.is_file() else {})


@cache
def _compiler() -> typst.Compiler:
    folders = sorted({str(file.parent) for file in font_files().values()})
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=folders)
    return typst.Compiler(root=str(Path(__file__).with_name("drawings")), font_paths=fonts)
