"""API tokens: one's own, made with a step-up. Only a person in a session handles them, never a program."""

from datetime import datetime
from typing import Any

from litestar import Request, delete, get, post
from litestar.params import FromPath, JSONBody

from docvault.actions import tokens
from docvault.web.access import portal_of, signed_in
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]


class Token(Answer):
    id: str
    name: str
    scopes: list[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class TokenList(Answer):
    """scopes: what a new token of yours could be for."""

    items: list[Token]
    next: str | None
    scopes: list[str]


class TokenWanted(Body):
    """days: its life; without it the policy's. step_up: proof for `token:create` on the digest below."""

    name: str
    scopes: list[str]
    step_up: str
    days: int | None = None


class TokenMade(Answer):
    """token: for the header `Authorization: Bearer …`. Shown this once."""

    id: str
    token: str
    expires_at: datetime


@get("/tokens", summary="List your tokens", tags=["Tokens"])
async def list_tokens(request: WebRequest) -> TokenList:
    """Your own tokens that are in force, newest first."""
    portal, acting = portal_of(request), signed_in(request)
    found = await run(tokens.list_tokens, portal.db, acting=acting, now=portal.clock())
    offered = await run(tokens.offered_scopes, portal.db, acting=acting)
    return TokenList(
        items=[_token(row) for row in found], next=None, scopes=[scope.value for scope in offered]
    )


@post("/tokens", summary="Make a token", tags=["Tokens"])
async def create_token(request: WebRequest, data: JSONBody[TokenWanted]) -> TokenMade:
    """Make a token for a program of yours, after a step-up for `token:create`.

    Its digest is the SHA-256 of `{"days":90,"name":"Backup","scopes":["document:see","folder:see"]}`: UTF-8,
    no spaces, scopes sorted.
    """
    portal = portal_of(request)
    made = await run(
        tokens.create_token,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        name=data.name,
        scopes=data.scopes,
        days=data.days,
        step_up_id=data.step_up,
        now=portal.clock(),
    )
    return TokenMade(id=made.id, token=made.secret, expires_at=made.expires_at)


@delete("/tokens/{token_id:str}", summary="Revoke a token", tags=["Tokens"])
async def revoke_token(request: WebRequest, token_id: FromPath[str]) -> None:
    """End a token of yours, from its next request on."""
    portal = portal_of(request)
    await run(
        tokens.revoke_token, portal.db, acting=signed_in(request), token_id=token_id, now=portal.clock()
    )


def _token(row: tokens.TokenRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        scopes=list(row.scopes),
        created_at=row.created_at,
        last_used_at=row.seen_at,
        expires_at=row.expires_at,
    )


HANDLERS = [list_tokens, create_token, revoke_token]
