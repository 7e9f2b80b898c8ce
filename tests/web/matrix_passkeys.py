"""Passkeys, one's own factors, and proofs for one deed."""

from .rows import ASKED, CODE_REFUSED, ENROLLING, REFUSED, SIGNED_IN, Row, form, get, post

SIGNATURE = {
    "credential_id": "AA==",
    "client_data": "AA==",
    "authenticator_data": "AA==",
    "signature": "AA==",
}
MADE = {
    "name": "My phone",
    "credential_id": "AA==",
    "client_data": "AA==",
    "attestation": "AA==",
    "transports": [],
}
NOT_PROVEN = "out  out  no   no   no   no   no   no   no"
ABSENT = "out  out  --   --   --   --   --   --   no"  # one's own only, and nobody has any

ROWS = [
    # the same question for everybody, so that it says nothing about anybody
    post("/api/v1/session/passkey/options", "in   in   in   in   in   in   in   in   in"),
    post("/api/v1/session/passkey", REFUSED, SIGNATURE),
    post("/api/v1/session/factor/passkey/options", REFUSED),
    post("/api/v1/session/factor/passkey", REFUSED, SIGNATURE),
    post("/api/v1/enrolment/passkey/options", ENROLLING),
    post("/api/v1/enrolment/passkey", ENROLLING, MADE),
    get("/api/v1/passkeys", SIGNED_IN),
    post("/api/v1/passkeys/options", SIGNED_IN),
    post("/api/v1/passkeys", SIGNED_IN, MADE),
    Row("PATCH", "/api/v1/passkeys/{passkey_id:str}", ABSENT, json={"name": "Mine"}),
    post("/api/v1/passkeys/{passkey_id:str}/removal", ABSENT, {"step_up": "none"}),
    get("/api/v1/factors", ASKED),
    post("/api/v1/factors/authenticator", SIGNED_IN),
    post("/api/v1/factors/authenticator/confirmation", CODE_REFUSED, {"code": "000000"}),
    post("/api/v1/factors/authenticator/removal", ABSENT, {"step_up": "none"}),
    post("/api/v1/factors/recovery-codes", NOT_PROVEN, {"step_up": "none"}),
    post("/api/v1/step-ups/options", NOT_PROVEN, {"purpose": "x", "digest": "y"}),
    form("/enrol/passkey", ENROLLING, name="My phone"),
    get("/account/factors", SIGNED_IN),
    form("/account/factors/passkeys/{passkey_id:str}/rename", ABSENT, name="Mine"),
    form("/account/factors/passkeys/{passkey_id:str}/remove", ABSENT, step_up="none"),
    form("/account/factors/app", SIGNED_IN),
    form("/account/factors/app/confirm", CODE_REFUSED, code="000000"),
    form("/account/factors/app/remove", ABSENT, step_up="none"),
    form("/account/factors/recovery-codes", NOT_PROVEN, step_up="none"),
]
