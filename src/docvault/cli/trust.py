"""`docvault trust`: whose signatures are trusted, from the terminal of the machine that runs the portal."""

import json
from pathlib import Path
from typing import Annotated

import typer

from docvault.cli.people import AsJson, Data, at_terminal

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="FILE", help="Certificates of authorities, PEM or DER.")]
Reason = Annotated[str, typer.Option("--reason", help="Why they are trusted; the trail keeps it.")]
AnchorId = Annotated[str, typer.Argument(metavar="ID", help="Its id, as `docvault trust list` says it.")]


@app.command("list")
def list_all(data: Data = None, as_json: AsJson = False) -> None:
    """List every authority that signatures may lead to, the installation's own first.

    Example: docvault trust list --json
    """
    from docvault.actions import trust

    with at_terminal(data) as (portal, acting):
        found = trust.show_trust(portal.db, portal.authority, acting=acting)
    rows = [
        {"id": None, "name": each.name, "sha256": each.sha256, "reason": None, "added_by": None}
        for each in found.own
    ]
    rows += [
        {
            "id": each.id,
            "name": each.name,
            "sha256": each.sha256,
            "reason": each.reason,
            "added_by": each.added_by,
        }
        for each in found.added
    ]
    if as_json:
        print(json.dumps({"trusted": rows}, ensure_ascii=False))
        return
    for row in rows:
        print(f"{row['id'] or 'this installation':26}  {row['name']}")
        print(f"{'':26}  SHA-256 {row['sha256']}")
        if row["reason"]:
            print(f"{'':26}  {row['reason']} (added by {row['added_by'] or 'somebody'})")


@app.command()
def add(file: File, reason: Reason, data: Data = None, as_json: AsJson = False) -> None:
    """Trust the authorities in a file when signatures are checked.

    Whoever holds the key of an authority that is trusted can make signatures, in any name, that this
    installation calls trusted. Compare the fingerprint with the one that the authority publishes.

    Example: docvault trust add bank-root.pem --reason "The bank signs its contracts with it"
    """
    from docvault.actions import trust
    from docvault.certificates.anchors import AnchorRefused

    try:
        content = file.read_bytes()
    except OSError as error:
        raise AnchorRefused(f"{file}: {error.strerror}") from error
    with at_terminal(data) as (portal, acting):
        added = trust.trust(
            portal.db, portal.authority, acting=acting, content=content, reason=reason, now=portal.clock()
        )
    if as_json:
        print(json.dumps({"added": [each.sha256 for each in added]}))
        return
    for each in added:
        print(f"{each.name} is trusted from now on. SHA-256 {each.sha256}")


@app.command()
def remove(anchor_id: AnchorId, data: Data = None) -> None:
    """Trust an authority no longer, from the next check on.

    Example: docvault trust remove 4ysqgmvxfgkz5yp4z2t3rc3hfa
    """
    from docvault.actions import trust

    with at_terminal(data) as (portal, acting):
        trust.distrust(portal.db, acting=acting, anchor_id=anchor_id, now=portal.clock())
    print("It is trusted no longer.")
