"""One's own account: sessions, devices, the links of mail about it."""

from .rows import ADMINISTRATORS, CODE_REFUSED, EVERYBODY, NOT_THERE, SIGNED_IN, Row, form, get, post

ALL_ABSENT = "out  out  --   --   --   --   --   --   no"  # somebody else's session or device
NO_PROOF = "out  out  no   no   no   no   no   no   no"  # theirs to do, with a proof that they do not give

ROWS = [
    get("/account/name", SIGNED_IN),
    form("/account/name", SIGNED_IN, name=""),
    form("/account/language", SIGNED_IN, language="de"),
    form("/account/time-zone", SIGNED_IN, time_zone="Asia/Tokyo"),
    get("/account/password", SIGNED_IN),
    form("/account/password", CODE_REFUSED, password="x", new_password="y", code="000000"),
    get("/account/email", SIGNED_IN),
    form("/account/email", SIGNED_IN, email="new@example.com"),
    form("/account/email/confirm", CODE_REFUSED, email="new@example.com", password="x", code="000000"),
    get("/api/v1/account", SIGNED_IN),
    Row("PUT", "/api/v1/account/name", SIGNED_IN, json={"name": ""}),
    Row("PUT", "/api/v1/account/language", SIGNED_IN, json={"language": "en"}),
    Row("PUT", "/api/v1/account/time-zone", SIGNED_IN, json={"time_zone": None}),
    Row(
        "PUT",
        "/api/v1/account/password",
        SIGNED_IN,
        json={"password": "x", "new_password": "y", "step_up": "z"},
    ),
    post("/api/v1/email-changes", CODE_REFUSED, {"email": "n@example.com", "password": "x", "step_up": "y"}),
    post("/api/v1/email-changes/confirmation", NOT_THERE, {"token": "x"}),
    get("/account/sessions", SIGNED_IN),
    get("/account/sessions/others", SIGNED_IN),
    form("/account/sessions/others", CODE_REFUSED, code="000000"),
    get("/account/sessions/{session_id:str}", ALL_ABSENT),
    form("/account/sessions/{session_id:str}", ALL_ABSENT, code="000000"),
    form("/account/devices/{device_id:str}/forget", ALL_ABSENT),
    get("/api/v1/sessions", SIGNED_IN),
    Row("DELETE", "/api/v1/sessions", NO_PROOF, query="?step_up=none"),
    Row("DELETE", "/api/v1/sessions/{session_id:str}", ALL_ABSENT, query="?step_up=none"),
    get("/api/v1/devices", SIGNED_IN),
    Row("DELETE", "/api/v1/devices/{device_id:str}", ALL_ABSENT),
    get("/people/sign-out", ADMINISTRATORS),
    form("/people/sign-out", "out  out  out  no   no   no   no   no   no", code="000000"),
    form("/people/{person_id:str}/sign-out", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/{person_id:str}/sessions", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/sessions", NO_PROOF, query="?step_up=none"),
    get("/not-me", EVERYBODY),
    get("/confirm-email", EVERYBODY),
    post("/api/v1/freezes", NOT_THERE, {"token": "x"}),
]
