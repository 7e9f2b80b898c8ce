"""Makes the portal's web fonts while DocVault is built: subsets of OFL fonts from PyPI, as woff2.

No Node and no network: the originals are build requirements. Runs for wheels and editable
installs alike; fonts that are there already are kept. Licences are copied beside the fonts, as the OFL asks.
"""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FOLDER = Path("src/docvault/web/static/fonts")

LATIN = [*range(0x20, 0x250), *range(0x2000, 0x2070), *range(0x20A0, 0x20D0), *range(0x1E00, 0x1F00)]
CYRILLIC = [*range(0x400, 0x500)]

# Name records that may carry the family's name (OpenType `name` table).
FAMILY_RECORDS = (1, 3, 4, 6, 16, 21, 25)


@dataclass(frozen=True, slots=True)
class Face:
    """One font to make. axes: where a variable font is pinned; new_name: for a Reserved Font Name."""

    package: str
    file: str
    target: str
    axes: dict[str, float]
    characters: list[int]
    new_name: str = ""


FACES = (
    Face("fontpkg_caveat", "Caveat[wght].ttf", "caveat", {"wght": 400}, LATIN + CYRILLIC),
    Face(
        "fontpkg_dancing_script",
        "DancingScript[wght].ttf",
        "dancing",
        {"wght": 400},
        LATIN,
        new_name="Sign Flowing",
    ),
    Face("fontpkg_great_vibes", "GreatVibes-Regular.ttf", "vibes", {}, LATIN + CYRILLIC),
    Face("fontpkg_source_serif_4", "SourceSerif4[opsz,wght].ttf", "serif", {"wght": 600, "opsz": 32}, LATIN),
)


class CustomBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it collects files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        folder = Path(self.root) / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        for face in FACES:
            make(face, folder)


def make(face: Face, folder: Path) -> None:
    """Write `face` and its licence into `folder`, unless it is there."""
    target = folder / f"{face.target}.woff2"
    if target.exists():
        return
    package = files(face.package)
    (folder / f"{face.target}.LICENSE.txt").write_bytes(package.joinpath("LICENSE").read_bytes())
    font = TTFont(str(package.joinpath("files", face.file)), recalcTimestamp=False)
    if face.axes:
        font = instantiateVariableFont(font, face.axes)
    subset(font, face.characters)
    if face.new_name:
        rename(font, face.new_name)
    font.flavor = "woff2"
    unfinished = target.with_suffix(".part")
    font.save(str(unfinished))
    unfinished.replace(target)  # a build that was interrupted leaves no half a font behind


def subset(font: TTFont, characters: list[int]) -> None:
    """Keep only `characters`, without hints: high resolutions do not need them."""
    options = Options()
    options.hinting = False
    options.layout_features = ["kern", "liga", "calt", "mark", "mkmk", "ccmp", "locl"]
    options.name_IDs = ["*"]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=characters)
    subsetter.subset(font)


def rename(font: TTFont, name: str) -> None:
    """Call the font `name` everywhere: changed, it loses its Reserved Font Name (OFL 1.1, condition 3)."""
    for record in font["name"].names:
        if record.nameID in FAMILY_RECORDS:
            record.string = (
                name.replace(" ", "") if record.nameID in {6, 25} else name
            )  # PostScript names have no spaces
