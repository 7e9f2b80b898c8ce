"""Pages of a document as a template shows them: a picture in several widths, and text that can be selected.

The first pages carry their text layer; the others name where their runs are, and the page's script asks for
them when they come near: thirty layers inline would be 286 kB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from docvault.pdf.text import Run, text_layer

INLINE = 2  # pages whose text layer comes with the page itself

Size = tuple[float, float]  # displayed points


@dataclass(frozen=True, slots=True)
class Sheet:
    number: int  # from 1
    width: float  # displayed points, crop and rotation applied
    height: float
    image: str  # address of its picture; `?width=` is put behind it
    layer: Markup | None
    text: str | None  # address of its runs, for a layer that is not here yet


def sheets(
    base: str, sizes: Sequence[Size], runs: Mapping[int, Sequence[Run]], *, selectable: bool = True
) -> list[Sheet]:
    """Return the pages of a document.

    base: address of its pages. runs: text of the pages to layer inline. selectable: False where something
    else is done with the pages, such as placing fields.
    """
    numbered = enumerate(sizes, start=1)
    return [
        _sheet(f"{base}/{number}", number, size, runs.get(number), selectable) for number, size in numbered
    ]


def _sheet(address: str, number: int, size: Size, runs: Sequence[Run] | None, selectable: bool) -> Sheet:
    if runs is None:
        text = f"{address}/text" if selectable else None
        return Sheet(number, *size, image=address, layer=None, text=text)
    layer = Markup(text_layer(runs, size))  # noqa: S704 - the layer escapes every text it draws
    return Sheet(number, *size, image=address, layer=layer, text=None)
