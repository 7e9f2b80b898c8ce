"""Rows of asking for paper and taking consent back: for whoever the envelope asks."""

from .rows import SIGNED, form, get, post

ROWS = [
    get("/sign/{envelope_id:str}/withdraw", SIGNED),
    form("/sign/{envelope_id:str}/withdraw", SIGNED, note="By post, please."),
    post("/api/v1/envelopes/{envelope_id:str}/ceremony/withdraw", SIGNED, {"note": ""}),
]
