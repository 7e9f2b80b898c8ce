"""`docvault tokens`: the API tokens in force, and ending one, from the machine that runs the portal.

Nobody makes a token here: a token acts for a person, and only that person can, with their second factor.
"""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from docvault.cli.people import AsJson, Data, at_terminal

if TYPE_CHECKING:
    from docvault.database.tokens import TokenRow

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None)

TokenId = Annotated[str, typer.Argument(help="The token's id, as `docvault tokens list` says it.")]


@app.command("list")
def list_all(data: Data = None, as_json: AsJson = False) -> None:
    """List everybody's tokens that are in force, newest first.

    Example: docvault tokens list --json
    """
    from docvault.actions import tokens

    with at_terminal(data) as (portal, acting):
        found = tokens.list_all_tokens(portal.db, acting=acting, now=portal.clock())
    if as_json:
        print(json.dumps({"tokens": [_described(token) for token in found]}))
        return
    for token in found:
        used = f"{token.seen_at:%Y-%m-%d}" if token.seen_at else "never used"
        print(f"{token.id}  {token.email:35} ends {token.expires_at:%Y-%m-%d}  {used:10}  {token.name}")
    print(f"{len(found)} tokens")


@app.command()
def revoke(token_id: TokenId, data: Data = None) -> None:
    """End a token, from its next request on.

    Example: docvault tokens revoke 4ysqgmvxfgkz5yp4z2t3rc3hfa
    """
    from docvault.actions import tokens

    with at_terminal(data) as (portal, acting):
        tokens.revoke_anybodys_token(portal.db, acting=acting, token_id=token_id, now=portal.clock())
    print("The token is revoked.")


def _described(token: "TokenRow") -> dict[str, object]:
    return {
        "id": token.id,
        "email": token.email,
        "name": token.name,
        "scopes": list(token.scopes),
        "created_at": token.created_at.isoformat(),
        "last_used_at": token.seen_at.isoformat() if token.seen_at else None,
        "expires_at": token.expires_at.isoformat(),
    }
