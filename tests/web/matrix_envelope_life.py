"""Rows for what happens to an envelope beside signing."""

from .rows import MANAGED, SIGNED, form, get, post

INSTEAD = {"person_id": "{client}", "reason": "On leave."}

ROWS = [
    form("/envelopes/{envelope_id:str}/extend", MANAGED),
    form("/envelopes/{envelope_id:str}/correct", MANAGED),
    get("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace", MANAGED),
    form("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace", MANAGED, **INSTEAD),
    get("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code", MANAGED),
    form("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code", MANAGED),
    get("/sign/{envelope_id:str}/delegate", SIGNED),
    form("/sign/{envelope_id:str}/delegate", SIGNED, **INSTEAD),
    post("/api/v1/envelopes/{envelope_id:str}/extend", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/correction", MANAGED),
    get("/api/v1/envelopes/{envelope_id:str}/replacements", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replacement", MANAGED, INSTEAD),
    get("/api/v1/envelopes/{envelope_id:str}/ceremony/colleagues", SIGNED),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/delegate", SIGNED, INSTEAD),
    post("/api/v1/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/access-code", MANAGED),
]
