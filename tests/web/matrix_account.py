"""One's own account: sessions, devices, the links of mail about it."""

from .rows import ADMINISTRATORS, EVERYBODY, NOT_THERE, REFUSED, SIGNED_IN, Row, form, get, post

ALL_ABSENT = "out  out  --   --   --   --   --   --"  # somebody else's session or device
NO_PROOF = "out  out  no   no   no   no   no   no"  # theirs to do, with a proof that they do not give

ROWS = [
    get("/account/sessions", SIGNED_IN),
    get("/account/sessions/others", SIGNED_IN),
    form("/account/sessions/others", REFUSED, code="000000"),
    get("/account/sessions/{session_id:str}", ALL_ABSENT),
    form("/account/sessions/{session_id:str}", ALL_ABSENT, code="000000"),
    form("/account/devices/{device_id:str}/forget", ALL_ABSENT),
    get("/api/v1/sessions", SIGNED_IN),
    Row("DELETE", "/api/v1/sessions", NO_PROOF, query="?step_up=none"),
    Row("DELETE", "/api/v1/sessions/{session_id:str}", ALL_ABSENT, query="?step_up=none"),
    get("/api/v1/devices", SIGNED_IN),
    Row("DELETE", "/api/v1/devices/{device_id:str}", ALL_ABSENT),
    get("/people/sign-out", ADMINISTRATORS),
    form("/people/sign-out", "out  out  out  no   no   no   no   no", code="000000"),
    form("/people/{person_id:str}/sign-out", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/{person_id:str}/sessions", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/sessions", NO_PROOF, query="?step_up=none"),
    get("/not-me", EVERYBODY),
    post("/api/v1/freezes", NOT_THERE, {"token": "x"}),
]
