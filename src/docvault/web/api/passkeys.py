"""Passkeys over the API: signing in with one, and one's own. Bytes travel as base64 (RFC 4648, 4)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from litestar import Request, Response, get, patch, post
from litestar.params import FromPath, JSONBody

from docvault.actions import passkey_sign_in, passkeys
from docvault.credentials import passkeys as credentials
from docvault.credentials.refusals import PasskeyRefused
from docvault.database.passkeys import PasskeyRow
from docvault.web import cookies
from docvault.web.access import ENROLMENT, PUBLIC, portal_of, signed_in, source_of
from docvault.web.api.session import RecoveryCodes, challenge_of, opened
from docvault.web.running import run
from docvault.web.wire import Answer, Body

WebRequest = Request[Any, Any, Any]

PATIENCE = 300_000  # milliseconds that a browser waits for its person


class Known(Answer):
    """A passkey the browser may use, or must not make again."""

    id: bytes
    transports: list[str]


class PasskeyWanted(Answer):
    """For navigator.credentials.create() (WebAuthn 3, 5.4), with user verification and a resident key."""

    challenge: bytes
    rp_id: str
    rp_name: str
    user_id: bytes
    user_name: str
    user_display_name: str
    algorithms: list[int]  # COSE, best first
    exclude: list[Known]
    timeout: int  # milliseconds


class SignatureWanted(Answer):
    """For navigator.credentials.get() (WebAuthn 3, 5.5), with user verification."""

    challenge: bytes
    rp_id: str
    allow: list[Known]  # empty: whichever passkey the browser has for this portal
    timeout: int  # milliseconds


class Signature(Body):
    """What navigator.credentials.get() answered."""

    credential_id: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes
    user_handle: bytes | None = None

    def read(self) -> credentials.Signed:
        return credentials.Signed(
            self.credential_id, self.client_data, self.authenticator_data, self.signature, self.user_handle
        )


class NewPasskey(Body):
    """What navigator.credentials.create() answered, and what its owner calls it."""

    name: str
    credential_id: bytes
    client_data: bytes
    attestation: bytes
    transports: list[str]

    def read(self) -> credentials.Made:
        return credentials.Made(
            self.credential_id, self.client_data, self.attestation, tuple(self.transports)
        )


class NameGiven(Body):
    name: str


class Proof(Body):
    """step_up: a proof for `account:change` on the hex SHA-256 of `remove the passkey` and its id."""

    step_up: str


class Passkey(Answer):
    """synced: kept by a provider, and so on several devices."""

    id: str
    name: str
    synced: bool
    created_at: datetime
    used_at: datetime | None


class PasskeyList(Answer):
    items: list[Passkey]


@post("/session/passkey/options", opt=PUBLIC, status_code=200, summary="Ask for a passkey", tags=["Session"])
async def begin_sign_in(request: WebRequest) -> Response[SignatureWanted]:
    """Begin signing in with a passkey alone. Names no account; a cookie binds the answer to this browser."""
    portal = portal_of(request)
    wanted, holder = await run(
        passkey_sign_in.begin_passkey_sign_in, portal.db, portal.relying_party, now=portal.clock()
    )
    return Response(signature_wanted(wanted), cookies=[cookies.passkey_cookie(holder)])


@post("/session/passkey", opt=PUBLIC, status_code=204, summary="Sign in with a passkey", tags=["Session"])
async def finish_sign_in(request: WebRequest, data: JSONBody[Signature]) -> Response[None]:
    """Finish signing in with a passkey alone. The answer's cookie is the session."""
    portal = portal_of(request)
    holder = cookies.read(request.headers.get("cookie", ""), cookies.PASSKEY)
    if holder is None:
        raise PasskeyRefused
    session = await run(
        passkey_sign_in.finish_passkey_sign_in,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        holder=holder,
        signed=data.read(),
        source=source_of(request.scope),
        now=portal.clock(),
    )
    given = [*opened(request, session), cookies.ended(cookies.PASSKEY)]
    return Response(None, status_code=204, cookies=given)


@post(
    "/session/factor/passkey/options",
    opt=PUBLIC,
    status_code=200,
    summary="Ask for a passkey after the password",
    tags=["Session"],
)
async def begin_factor(request: WebRequest) -> SignatureWanted:
    """Begin giving a passkey as the factor that is owed."""
    portal = portal_of(request)
    wanted = await run(
        passkey_sign_in.begin_passkey_factor,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        challenge_token=challenge_of(request),
        now=portal.clock(),
    )
    return signature_wanted(wanted)


@post(
    "/session/factor/passkey",
    opt=PUBLIC,
    status_code=204,
    summary="Give a passkey after the password",
    tags=["Session"],
)
async def finish_factor(request: WebRequest, data: JSONBody[Signature]) -> Response[None]:
    """Finish signing in with a passkey as the second factor. The answer's cookie is the session."""
    portal = portal_of(request)
    session = await run(
        passkey_sign_in.finish_passkey_factor,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        challenge_token=challenge_of(request),
        signed=data.read(),
        source=source_of(request.scope),
        now=portal.clock(),
    )
    return Response(None, status_code=204, cookies=opened(request, session))


@post(
    "/enrolment/passkey/options", opt=ENROLMENT, status_code=200, summary="Begin a passkey", tags=["Session"]
)
async def begin_enrolment(request: WebRequest) -> PasskeyWanted:
    """Say what the browser shall make, as the factor that is owed."""
    return await _begin(request)


@post("/enrolment/passkey", opt=ENROLMENT, summary="Set up a passkey as the factor", tags=["Session"])
async def enrol(request: WebRequest, data: JSONBody[NewPasskey]) -> Response[RecoveryCodes]:
    """Keep the passkey. The session becomes a full one, with a new cookie and a new csrf token."""
    portal = portal_of(request)
    codes, session = await run(
        passkeys.enrol_with_passkey,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        acting=signed_in(request),
        name=data.name,
        made=data.read(),
        now=portal.clock(),
    )
    answer = RecoveryCodes(recovery_codes=codes, csrf=session.csrf)
    return Response(answer, status_code=201, cookies=opened(request, session))


@get("/passkeys", summary="List your passkeys", tags=["Account"])
async def list_passkeys(request: WebRequest) -> PasskeyList:
    """Your own passkeys, oldest first."""
    found = await run(passkeys.list_passkeys, portal_of(request).db, acting=signed_in(request))
    return PasskeyList(items=[_passkey(row) for row in found])


@post("/passkeys/options", status_code=200, summary="Begin adding a passkey", tags=["Account"])
async def begin_adding(request: WebRequest) -> PasskeyWanted:
    """Say what the browser shall make. Only shortly after signing in."""
    return await _begin(request)


@post("/passkeys", summary="Add a passkey", tags=["Account"])
async def add(request: WebRequest, data: JSONBody[NewPasskey]) -> Passkey:
    """Keep the passkey that was made, beside the factors that are there."""
    portal = portal_of(request)
    row = await run(
        passkeys.add_passkey,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        acting=signed_in(request),
        name=data.name,
        made=data.read(),
        now=portal.clock(),
    )
    return _passkey(row)


@patch("/passkeys/{passkey_id:str}", summary="Rename a passkey", tags=["Account"])
async def rename(request: WebRequest, passkey_id: FromPath[str], data: JSONBody[NameGiven]) -> Passkey:
    """Call it something else."""
    portal = portal_of(request)
    row = await run(
        passkeys.rename_passkey,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        passkey_id=passkey_id,
        name=data.name,
        now=portal.clock(),
    )
    return _passkey(row)


@post("/passkeys/{passkey_id:str}/removal", status_code=204, summary="Remove a passkey", tags=["Account"])
async def remove(request: WebRequest, passkey_id: FromPath[str], data: JSONBody[Proof]) -> None:
    """Remove it for good. Every other session ends, those that began with it among them."""
    portal = portal_of(request)
    await run(
        passkeys.remove_passkey,
        portal.db,
        portal.vault.records,
        acting=signed_in(request),
        passkey_id=passkey_id,
        step_up_id=data.step_up,
        now=portal.clock(),
    )


def signature_wanted(wanted: credentials.Request) -> SignatureWanted:
    """Return what goes to a browser."""
    return SignatureWanted(
        challenge=wanted.challenge, rp_id=wanted.party.id, allow=_known(wanted.allowed), timeout=PATIENCE
    )


async def _begin(request: WebRequest) -> PasskeyWanted:
    portal = portal_of(request)
    wanted = await run(
        passkeys.begin_passkey,
        portal.db,
        portal.vault.records,
        portal.relying_party,
        acting=signed_in(request),
        now=portal.clock(),
    )
    return PasskeyWanted(
        challenge=wanted.challenge,
        rp_id=wanted.party.id,
        rp_name=wanted.party.name,
        user_id=wanted.handle,
        user_name=wanted.email,
        user_display_name=wanted.name,
        algorithms=[int(algorithm) for algorithm in credentials.ALGORITHMS],
        exclude=_known(wanted.known),
        timeout=PATIENCE,
    )


def _known(found: Sequence[credentials.Credential]) -> list[Known]:
    return [Known(id=each.id, transports=list(each.transports)) for each in found]


def _passkey(row: PasskeyRow) -> Passkey:
    return Passkey(
        id=row.id, name=row.name, synced=row.synced, created_at=row.created_at, used_at=row.used_at
    )


HANDLERS = [
    begin_sign_in,
    finish_sign_in,
    begin_factor,
    finish_factor,
    begin_enrolment,
    enrol,
    list_passkeys,
    begin_adding,
    add,
    rename,
    remove,
]
