"""`docvault search`: building the index of words anew, from the machine that runs the portal."""

from typing import Annotated

import structlog
import typer

from docvault.cli.people import AsJson, Data, at_terminal
from docvault.values import DocVaultError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

_log = structlog.get_logger(__name__)

GoOn = Annotated[bool, typer.Option("--continue", help="Go on with one that was stopped.")]


@app.command()
def rebuild(data: Data = None, go_on: GoOn = False) -> None:
    """Take the words of every document anew, while the portal runs. What was there is found meanwhile.

    It can be stopped at any time; `--continue` goes on, and after an hour the workers do.

    Example: docvault search rebuild
    """
    from docvault.actions import indexing

    with at_terminal(data) as (portal, _):
        if not go_on:
            indexing.begin_rebuild(portal.db, now=portal.clock())
        total = indexing.progress(portal.db).waiting
        done = failed = number = 0
        while found := indexing.next_round(portal.db, after=number):
            for _, document_id in found:
                try:
                    indexing.index_document(portal.db, portal.vault, portal.pdf, document_id=document_id)
                except DocVaultError as error:
                    failed += 1
                    _log.warning("search.not_indexed", document=document_id, reason=type(error).__name__)
                done += 1
            number = found[-1][0]
            print(f"{done} of {total} documents")
    print(f"Done. {failed} could not be read; they are tried again." if failed else "Done.")


@app.command()
def status(data: Data = None, as_json: AsJson = False) -> None:
    """Show how many documents are in the index and how many wait.

    Example: docvault search status --json
    """
    import json

    from docvault.actions import indexing

    with at_terminal(data) as (portal, _):
        found = indexing.progress(portal.db)
    if as_json:
        figures = {"documents": found.documents, "waiting": found.waiting, "given_up": found.given_up}
        print(json.dumps(figures))
        return
    print(f"{found.documents} documents, {found.waiting} wait, {found.given_up} of them were given up")
