"""The authorization matrix: every route, what is sent, and what each visitor gets (promise 20).

A subject with many routes has a file `matrix_<subject>.py` of its own, whose ROWS stand in the middle here.
"""

from importlib import import_module
from pathlib import Path

from docvault.rules.consents import CURRENT

from .rows import (
    ADMINISTRATORS,
    ASKED,
    ASKED_READ,
    ASKED_SEEN,
    ENDED,
    ENROLLING,
    EVERYBODY,
    MANAGED,
    NOT_THERE,
    OFFICERS,
    READ,
    REFUSED,
    SEEN,
    SIGNED,
    SIGNED_IN,
    WITH_SESSION,
    Row,
    form,
    get,
    post,
)

CONSENT = {"consent_id": CURRENT.id, "consent_sha256": CURRENT.sha256}
SIGNATURE = {
    "step_up": "none",
    "answers": {},
    "signature": {"kind": "typed", "text": "Clara", "style": "caveat"},
}
NEW_ENVELOPE = {"document_id": "{document}", "title": "", "recipients": []}
TUS = {"tus-resumable": "1.0.0"}

OWN_FILE = (
    "out  out  --   no   --   in   --   --   --"  # a file that the client handed in: theirs until completion
)

MATRIX = [
    # --- for everybody ---
    get("/static/{version:str}/{name:path}", EVERYBODY),
    get("/", "out  out  in   in   in   in   in   in   in"),
    get("/login", "in   out  in   in   in   in   in   in   in"),
    form("/login", REFUSED, email="{visitor}@example.com", password="wrong wrong wrong"),
    get("/login/code", REFUSED),
    form("/login/code", REFUSED, code="000000"),
    get("/login/recovery", REFUSED),
    form("/login/recovery", REFUSED, code="x"),
    get("/forgot", EVERYBODY),
    form("/forgot", EVERYBODY, email="{visitor}@example.com"),
    get("/welcome", EVERYBODY),
    get("/reset", EVERYBODY),
    get("/verify", EVERYBODY),
    get("/audit/verify", EVERYBODY),
    get("/api/docs", EVERYBODY),
    get("/api", EVERYBODY),
    get("/api/openapi.json", EVERYBODY),
    get("/api/{path:str}", NOT_THERE),
    get("/health/live", EVERYBODY),
    get("/health/ready", EVERYBODY),
    get("/log/checkpoint", EVERYBODY),
    get("/log/tile/{tile:path}", EVERYBODY),
    get("/pki/{name:str}", NOT_THERE),
    get("/pki/ocsp/{question:path}", EVERYBODY),
    Row("POST", "/pki/ocsp", EVERYBODY, raw=b"0", headers={"content-type": "application/ocsp-request"}),
    post("/api/v1/browser-reports", EVERYBODY),
    post("/api/v1/session/password", REFUSED, {"email": "{visitor}@example.com", "password": "y"}),
    post("/api/v1/session/totp", REFUSED, {"code": "000000"}),
    post("/api/v1/session/recovery", REFUSED, {"code": "x"}),
    post("/api/v1/invitations/details", NOT_THERE, {"token": "x"}),
    post("/api/v1/invitations/acceptance", NOT_THERE, {"token": "x", "password": "y"}),
    post("/api/v1/password-resets", EVERYBODY, {"email": "{visitor}@example.com"}),
    post("/api/v1/password-resets/details", NOT_THERE, {"token": "x"}),
    post("/api/v1/password-resets/acceptance", NOT_THERE, {"token": "x", "password": "y"}),
    # --- one's own session ---
    get("/api/v1/me", WITH_SESSION),
    Row("DELETE", "/api/v1/session", WITH_SESSION),
    form("/logout", REFUSED),  # back to the form, with or without a session
    get("/enrol", ENROLLING),
    form("/enrol", ENROLLING),
    form("/enrol/confirm", REFUSED, code="000000"),
    post("/api/v1/enrolment", ENROLLING),
    post("/api/v1/enrolment/confirmation", REFUSED, {"code": "000000"}),
    get("/account", SIGNED_IN),
    post(
        "/api/v1/step-ups",
        "out  out  no   no   no   no   no   no   no",
        {"purpose": "x", "digest": "y", "code": "z"},
    ),
    # --- people ---
    get("/outbox", ADMINISTRATORS),
    # --- the trail ---
    get("/audit", OFFICERS),
    form("/audit/export", "out  out  no   out  no   no   no   no   no", format="csv", code="000000"),
    get("/api/v1/audit/entries", OFFICERS),
    post(
        "/api/v1/audit/exports",
        "out  out  no   no   no   no   no   no   no",
        {"format": "csv", "step_up": "none"},
    ),
    # --- folders and documents ---
    get("/inbox", SIGNED_IN),
    get("/folders", SIGNED_IN),
    form(
        "/folders",
        "out  out  no   no   in   no   no   no   no",
        organisation_id="{acme}",
        name="Page",
        kind="general",
    ),
    get("/folders/{folder_id:str}", SEEN),
    form("/folders/{folder_id:str}/share", MANAGED, person_id="{client}", role="viewer"),
    form("/folders/{folder_id:str}/unshare", MANAGED, person_id="{client}"),
    get("/documents/{document_id:str}", SEEN),
    get("/documents/{document_id:str}/text", READ),
    get("/api/v1/folders", SIGNED_IN),
    post(
        "/api/v1/folders",
        "out  out  no   no   in   no   no   no   no",
        {"organisation_id": "{acme}", "name": "API"},
    ),
    get("/api/v1/folders/{folder_id:str}", SEEN),
    get("/api/v1/folders/{folder_id:str}/members", SEEN),
    post("/api/v1/folders/{folder_id:str}/members", MANAGED, {"person_id": "{person_id}", "role": "viewer"}),
    Row("DELETE", "/api/v1/folders/{folder_id:str}/members/{person_id:str}", MANAGED),
    get("/api/v1/folders/{folder_id:str}/documents", SEEN),
    get("/api/v1/documents/{document_id:str}", SEEN),
    get("/api/v1/documents/{document_id:str}/versions", SEEN),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/content", READ),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/pages/{page:int}", READ),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/pages/{page:int}/text", READ),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/picture", READ),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/thumbnail", READ),
    get("/api/v1/documents/{document_id:str}/versions/{number:int}/signatures", READ),
    Row(
        "POST",
        "/api/v1/uploads",
        "out  out  --   no   in   in   --   --   no",
        raw=b"",
        headers=TUS | {"upload-length": "5", "upload-metadata": "{upload_metadata}"},
    ),
    Row("HEAD", "/api/v1/uploads/{upload_id:str}", "out  out  --   --   in   --   --   --   no", headers=TUS),
    Row(
        "PATCH",
        "/api/v1/uploads/{upload_id:str}",
        "out  out  --   --   in   --   --   --   no",
        raw=b"x",
        headers=TUS | {"upload-offset": "3", "content-type": "application/offset+octet-stream"},
    ),
    Row(
        "DELETE", "/api/v1/uploads/{upload_id:str}", "out  out  --   --   in   --   --   --   no", headers=TUS
    ),
    # --- envelopes ---
    get("/envelopes", ASKED),
    Row("GET", "/envelopes/new", "out  out  --   no   in   no   --   --   no", query="?document={document}"),
    form("/envelopes", "out  out  --   no   in   no   --   --   no", document_id="{document}"),
    get("/envelopes/{envelope_id:str}", ASKED_SEEN),
    get("/envelopes/{envelope_id:str}/prepare", MANAGED),
    form("/envelopes/{envelope_id:str}/send", MANAGED),
    form("/envelopes/{envelope_id:str}/remind", MANAGED),
    get("/api/v1/envelopes", ASKED),
    post("/api/v1/envelopes", "out  out  --   no   in   no   --   --   no", NEW_ENVELOPE),
    get("/api/v1/envelopes/{envelope_id:str}", ASKED_SEEN),
    get("/api/v1/envelopes/{envelope_id:str}/fields", MANAGED),
    get("/api/v1/envelopes/{envelope_id:str}/suggestions", MANAGED),
    Row("PUT", "/api/v1/envelopes/{envelope_id:str}/fields", MANAGED, json={"fields": []}),
    post("/api/v1/envelopes/{envelope_id:str}/send", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/remind", MANAGED),
    get("/api/v1/envelopes/{envelope_id:str}/documents/{which:str}/content", ASKED_READ),
    get("/api/v1/envelopes/{envelope_id:str}/evidence", ASKED_READ),
    get("/api/v1/envelopes/{envelope_id:str}/pages/{page:int}", ASKED_READ),
    get("/api/v1/envelopes/{envelope_id:str}/pages/{page:int}/text", ASKED_READ),
    # --- the ceremony ---
    get("/sign/{envelope_id:str}", SIGNED),
    form("/sign/{envelope_id:str}/consent", SIGNED, **CONSENT),
    get("/sign/{envelope_id:str}/review", SIGNED),
    get("/sign/{envelope_id:str}/text", SIGNED),
    get("/sign/{envelope_id:str}/confirm", SIGNED),
    get("/sign/{envelope_id:str}/done", SIGNED),
    get("/api/v1/envelopes/{envelope_id:str}/ceremony", SIGNED),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/consent", SIGNED, CONSENT),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/pages", SIGNED, {"pages": [1]}),
    Row("PUT", "/api/v1/envelopes/{envelope_id:str}/ceremony/answers", SIGNED, json={"answers": {}}),
    get("/api/v1/envelopes/{envelope_id:str}/attachments", ASKED_READ),
    get("/api/v1/envelopes/{envelope_id:str}/attachments/{attachment_id:str}/content", OWN_FILE),
    Row(
        "PUT",
        "/api/v1/envelopes/{envelope_id:str}/ceremony/attachments/{field_id:str}",
        SIGNED,
        raw=b"a file",
        headers={"content-type": "application/octet-stream"},
        query="?filename=passport.png",
    ),
    Row("DELETE", "/api/v1/envelopes/{envelope_id:str}/ceremony/attachments/{field_id:str}", SIGNED),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/sign", SIGNED, SIGNATURE),
    *(
        row
        for path in sorted(Path(__file__).parent.glob("matrix_*.py"))
        for row in import_module(f"{__package__}.{path.stem}").ROWS
    ),
    # --- what ends something comes last ---
    form("/people/{person_id:str}/disable", ADMINISTRATORS),
    form("/people/{person_id:str}/enable", ADMINISTRATORS),
    form("/people/{person_id:str}/reset", ADMINISTRATORS),
    form("/people/{person_id:str}/invite", ADMINISTRATORS),
    post("/api/v1/people/{person_id:str}/disable", ADMINISTRATORS),
    post("/api/v1/people/{person_id:str}/enable", ADMINISTRATORS),
    post("/api/v1/people/{person_id:str}/password-reset", ADMINISTRATORS),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/approve", SIGNED, {"step_up": "none"}),
    form("/sign/{envelope_id:str}/read", SIGNED),
    form("/sign/{envelope_id:str}/decline", ENDED, reason="Not what we agreed."),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/decline", ENDED, {"reason": "Not what we agreed."}),
    form("/envelopes/{envelope_id:str}/void", MANAGED, reason="The wrong version."),
    post("/api/v1/envelopes/{envelope_id:str}/void", MANAGED, {"reason": "The wrong version."}),
]
