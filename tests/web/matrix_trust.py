"""Rows of the trust list: administrators change it, compliance officers see it."""

from .rows import ADMINISTRATORS, Row, form, get, post

SEEN = "out  out  in   in   no   no   no   no   no"
NOTHING = "out  out  --   no   no   no   no   no   no"  # nothing of that id

ROWS = [
    get("/trust", SEEN),
    form("/trust", ADMINISTRATORS, reason="The bank signs with it."),
    form("/trust/{anchor_id:str}/remove", NOTHING),
    get("/api/v1/trust", SEEN),
    post("/api/v1/trust", ADMINISTRATORS, {"certificates": "none", "reason": "The bank signs with it."}),
    Row("DELETE", "/api/v1/trust/{anchor_id:str}", NOTHING),
]
