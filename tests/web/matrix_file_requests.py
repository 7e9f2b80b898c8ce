"""Rows of requests for files, and of the guests who answer them: no account is a guest, whoever it is."""

from .rows import EVERYBODY, MANAGED, NOT_THERE, REFUSED, Row, form, get, post

TUS = {"tus-resumable": "1.0.0"}
ASKED = {"title": "Tax papers", "until": "2026-03-09", "most_files": 3, "most_bytes": 1000}

ROWS = [
    get("/folders/{folder_id:str}/requests", MANAGED),
    form("/folders/{folder_id:str}/requests", MANAGED, title="Tax papers", until="2026-03-09"),
    form("/requests/{request_id:str}/extend", MANAGED, until="2026-03-10"),
    form("/requests/{request_id:str}/close", MANAGED),
    get("/api/v1/folders/{folder_id:str}/requests", MANAGED),
    post("/api/v1/folders/{folder_id:str}/requests", MANAGED, ASKED),
    Row("PUT", "/api/v1/requests/{request_id:str}/end", MANAGED, json={"until": "2026-03-10"}),
    post("/api/v1/requests/{request_id:str}/close", MANAGED),
    # --- guests: everybody without a visit ---
    get("/r", EVERYBODY),
    get("/r/over", EVERYBODY),
    get("/r/files", REFUSED),
    get("/r/receipt", REFUSED),
    post("/api/v1/visits", NOT_THERE, {"token": "x", "name": "Gina", "email": "gina@example.com"}),
    get("/api/v1/visit", REFUSED),
    Row("DELETE", "/api/v1/visit", REFUSED),
    get("/api/v1/visit/uploads", REFUSED),
    Row("POST", "/api/v1/visit/uploads", REFUSED, raw=b"", headers=TUS | {"upload-length": "5"}),
    *(
        Row(method, "/api/v1/visit/uploads/{upload_id:str}", REFUSED, raw=raw, headers=TUS)
        for method, raw in (("HEAD", None), ("PATCH", b"x"), ("DELETE", None))
    ),
]
