"""Rows of uploads beside the protocol itself, and of how much organisations and people store."""

from .rows import ADMINISTRATORS, SIGNED_IN, Row, form, get, post

FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\na\r\n--x--\r\n'

ROWS = [
    Row(
        "POST",
        "/folders/{folder_id:str}/files",
        "out  out  --   no   in   in   --   --   no",
        raw=FILE,
        headers={"content-type": "multipart/form-data; boundary=x"},
    ),
    get("/api/v1/uploads", "out  out  in   in   in   in   in   in   no"),
    post(
        "/api/v1/uploads/names",
        "out  out  --   no   in   in   --   --   no",
        {"folder": "{folder_id}", "names": ["a.pdf"]},
    ),
    get("/organisations/{organisation_id:str}/storage", "out  out  in   in   in   in   --   --   no"),
    form("/organisations/{organisation_id:str}/storage", ADMINISTRATORS),
    get("/api/v1/organisations/{organisation_id:str}/storage", "out  out  in   in   in   in   --   --   no"),
    Row(
        "PUT",
        "/api/v1/organisations/{organisation_id:str}/storage",
        ADMINISTRATORS,
        json={"most": None},
    ),
    get("/account/storage", SIGNED_IN),
    get("/api/v1/account/storage", SIGNED_IN),
    get("/people/{person_id:str}/storage", ADMINISTRATORS),
    form("/people/{person_id:str}/storage", ADMINISTRATORS),
    get("/api/v1/people/{person_id:str}/storage", ADMINISTRATORS),
    Row("PUT", "/api/v1/people/{person_id:str}/storage", ADMINISTRATORS, json={"most": None}),
]
