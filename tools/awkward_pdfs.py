"""Take awkward PDFs the whole way and print what became of each: signed and valid, or refused and why.

Usage: python -m tools.awkward_pdfs [folder of PDFs of your own]
"""

import sys
from collections import Counter
from pathlib import Path

from tests.signing.awkward import every
from tests.signing.desks import Desk, Office
from tests.signing.whole_way import outcome

from docvault.pdf.workers import Workers


def main() -> int:
    """Print a line for each file, and how many came out how; 1 if one was neither signed nor refused."""
    own = sorted(Path(sys.argv[1]).rglob("*.pdf")) if len(sys.argv) > 1 else []
    makers = {str(file): file.read_bytes for file in own} or every()
    counts: Counter[str] = Counter()
    with Workers(1) as workers:
        desk = Desk(workers, Office())
        for name, make in makers.items():
            found = outcome(desk, make(), independently=True)
            became = "signed and valid" if found.signed else found.at
            counts[became] += 1
            print(f"{became:18} {name}{': ' if found.words else ''}{found.words}", flush=True)
    print(", ".join(f"{count} {became}" for became, count in counts.most_common()))
    return int(not {"signed and valid", "refused"}.issuperset(counts))


if __name__ == "__main__":
    sys.exit(main())
