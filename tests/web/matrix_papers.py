"""Rows for signing on paper. The client's scan was sent back, and a sheet is there again."""

from .rows import ASKED_READ, MANAGED, SIGNED, Row, form, get, post

OWN_SCAN = "out  out  --   no   in   in   --   --   --"  # the sender's and the signer's until completion

ROWS = [
    get("/sign/{envelope_id:str}/paper", SIGNED),
    get("/api/v1/envelopes/{envelope_id:str}/ceremony/paper", SIGNED),
    get("/api/v1/envelopes/{envelope_id:str}/ceremony/paper/sheets/{sheet_id:str}/pages/{page:int}", SIGNED),
    Row(
        "POST",
        "/api/v1/envelopes/{envelope_id:str}/ceremony/paper/sheets",
        SIGNED,
        raw=b"a file",
        headers={"content-type": "application/octet-stream"},
        query="?filename=page.pdf",
    ),
    post(
        "/api/v1/envelopes/{envelope_id:str}/ceremony/paper/hand-in",
        SIGNED,
        {"digest": "none", "step_up": "none"},
    ),
    Row("DELETE", "/api/v1/envelopes/{envelope_id:str}/ceremony/paper/sheets/{sheet_id:str}", SIGNED),
    get("/api/v1/envelopes/{envelope_id:str}/papers", ASKED_READ),
    get("/api/v1/envelopes/{envelope_id:str}/papers/{paper_id:str}/content", OWN_SCAN),
    get("/api/v1/envelopes/{envelope_id:str}/papers/{paper_id:str}/pages/{page:int}", OWN_SCAN),
    form("/envelopes/{envelope_id:str}/papers/{paper_id:str}/accept", MANAGED),
    form("/envelopes/{envelope_id:str}/papers/{paper_id:str}/return", MANAGED, reason="It is blank."),
    post("/api/v1/envelopes/{envelope_id:str}/papers/{paper_id:str}/acceptance", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/papers/{paper_id:str}/return", MANAGED, {"reason": "Blank."}),
]
