"""The rows of folders in folders, sharing, keeping people out, breaking glass, reports and explanations."""

from .rows import FILLED, MANAGED, OFFICERS, SEEN, Row, form, get, post

OVER = {"role": "viewer", "until": "1999-01-01"}  # refused in words, for whoever may share

EXPLAINERS = "out  out  in   in   no   no   no   no   no"
WHY = "The regulator asks for it."

ROWS = [
    # --- folders in folders, shares and denials ---
    form("/folders/{folder_id:str}/folders", FILLED, name="Inside", kind="general"),
    form("/folders/{folder_id:str}/change", MANAGED, person_id="{client}", role="viewer", until="1999-01-01"),
    form("/folders/{folder_id:str}/keep-out", MANAGED, person_id="{person_id}"),
    form("/folders/{folder_id:str}/let-in", MANAGED, person_id="{person_id}"),
    Row("PUT", "/api/v1/folders/{folder_id:str}/members/{person_id:str}", MANAGED, json=OVER),
    get("/api/v1/folders/{folder_id:str}/denials", SEEN),
    post("/api/v1/folders/{folder_id:str}/denials", MANAGED, {"person_id": "{person_id}"}),
    Row("DELETE", "/api/v1/folders/{folder_id:str}/denials/{person_id:str}", MANAGED),
    # --- breaking the glass: with everything right but the proof ---
    form(
        "/documents/{document_id:str}/break-glass",
        "out  out  --   out  no   no   --   --   no",
        number="1",
        reason=WHY,
        code="000000",
    ),
    post(
        "/api/v1/documents/{document_id:str}/break-glass",
        "out  out  --   no   no   no   --   --   no",
        {"number": 1, "reason": WHY, "step_up": "none"},
    ),
    # --- why? ---
    get("/policy", EXPLAINERS),
    get("/api/v1/policy/rules", EXPLAINERS),
    Row(
        "GET",
        "/api/v1/policy/explanation",
        EXPLAINERS,
        query="?person={client}&does=folder:see&on=folder:{folder_id}",
    ),
    # --- access as of a date ---
    get("/access", OFFICERS),
    Row("GET", "/access/report.csv", OFFICERS, query="?about=folder&id={folder_id}"),
    get("/api/v1/access/folders/{folder_id:str}", OFFICERS),
    get("/api/v1/access/people/{person_id:str}", OFFICERS),
]
