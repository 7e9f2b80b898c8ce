"""Rows for what happens to an envelope beside signing."""

from .rows import HANDED_ON, MANAGED, form, get, post

INSTEAD = {"person_id": "{client}", "reason": "On leave."}

ROWS = [
    form("/envelopes/{envelope_id:str}/extend", MANAGED),
    form("/envelopes/{envelope_id:str}/correct", MANAGED),
    get("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace", MANAGED),
    form("/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replace", MANAGED, **INSTEAD),
    get("/sign/{envelope_id:str}/delegate", HANDED_ON),
    form("/sign/{envelope_id:str}/delegate", HANDED_ON, **INSTEAD),
    post("/api/v1/envelopes/{envelope_id:str}/extend", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/correction", MANAGED),
    get("/api/v1/envelopes/{envelope_id:str}/replacements", MANAGED),
    post("/api/v1/envelopes/{envelope_id:str}/recipients/{recipient_id:str}/replacement", MANAGED, INSTEAD),
    get("/api/v1/envelopes/{envelope_id:str}/ceremony/colleagues", HANDED_ON),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/delegate", HANDED_ON, INSTEAD),
]
