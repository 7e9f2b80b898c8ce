"""Two stored versions of a PDF next to each other; opens them in pdf/'s workers only. Who may was asked.

All functions raise what `vault.pages` raises.
"""

from docvault.database.engine import Database
from docvault.pdf import difference
from docvault.pdf.difference import PagePair
from docvault.pdf.workers import Workers
from docvault.vault.files import Vault
from docvault.vault.pages import source


def pairs(db: Database, vault: Vault, pdf: Workers, first_id: str, second_id: str) -> list[PagePair]:
    """Return every page of both versions, by its number."""
    with source(db, vault, first_id) as first, source(db, vault, second_id) as second:
        return difference.page_differences(pdf, first, second)


def image(
    db: Database,
    vault: Vault,
    pdf: Workers,
    first_id: str,
    second_id: str,
    *,
    page: int,
    width: int,
    view: str,
) -> tuple[bytes, str]:
    """Return the picture of a page (from 1) with the difference in colour. Raises PageMissing as well."""
    with source(db, vault, first_id) as first, source(db, vault, second_id) as second:

        def draw() -> tuple[bytes, str]:
            return difference.difference_image(pdf, first, second, page=page, width=width, view=view)

        return vault.pictures.image(f"{first_id} {second_id} {view}", page, width, draw)
