"""Charts as SVG made on the server: no library, no script, no style attribute. Beside each stands a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

CELL = 17  # units of the picture; it grows with its place
GAP = 3
LEFT, TOP = 40, 18  # room for the names of the rows and columns
BASELINE = 13  # of a row's name, below the upper edge of its cells
STEPS = 4  # shades beside the one for nothing
EVERY = 3  # columns that share one name


@dataclass(frozen=True, slots=True)
class HeatMap:
    """Counts in rows and columns. title: what the picture says to who cannot see it."""

    title: str
    rows: Sequence[str]
    columns: Sequence[str]
    counts: Sequence[Sequence[int]]

    @property
    def most(self) -> int:
        return max(max(row) for row in self.counts)

    @property
    def total(self) -> int:
        return sum(sum(row) for row in self.counts)

    def svg(self) -> Markup:
        """Return the picture: one square a count, the darker the more."""
        width, height = LEFT + len(self.columns) * (CELL + GAP), TOP + len(self.rows) * (CELL + GAP)
        opening = Markup('<svg class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}">')
        parts = [opening.format(width, height, self.title), *self._names(), *self._cells(), Markup("</svg>")]
        return Markup("").join(parts)

    def _names(self) -> Iterator[Markup]:
        text = Markup('<text x="{}" y="{}">{}</text>')
        for column in range(0, len(self.columns), EVERY):
            yield text.format(LEFT + column * (CELL + GAP), 12, self.columns[column])
        for row, name in enumerate(self.rows):
            yield text.format(0, TOP + row * (CELL + GAP) + BASELINE, name)

    def _cells(self) -> Iterator[Markup]:
        cell = Markup(
            '<rect class="h{}" x="{}" y="{}" width="{}" height="{}" rx="3"><title>{}</title></rect>'
        )
        for row, counts in enumerate(self.counts):
            for column, count in enumerate(counts):
                x, y = LEFT + column * (CELL + GAP), TOP + row * (CELL + GAP)
                said = f"{self.rows[row]} {self.columns[column]}: {count:,}"
                yield cell.format(self.shade(count), x, y, CELL, CELL, escape(said))

    def shade(self, count: int) -> int:
        """Return 0 for nothing, else 1 to STEPS: the darkest for the most."""
        return -(-STEPS * count // self.most) if count else 0
