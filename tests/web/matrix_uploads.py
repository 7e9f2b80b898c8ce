"""Rows of uploads beside the protocol itself, and of how much an organisation stores."""

from .rows import ADMINISTRATORS, Row, form, get, post

ROWS = [
    get("/api/v1/uploads", "out  out  in   in   in   in   in   in"),
    post(
        "/api/v1/uploads/names",
        "out  out  --   no   in   in   --   --",
        {"folder": "{folder_id}", "names": ["a.pdf"]},
    ),
    get("/organisations/{organisation_id:str}/storage", "out  out  in   in   in   in   --   --"),
    form("/organisations/{organisation_id:str}/storage", ADMINISTRATORS),
    get("/api/v1/organisations/{organisation_id:str}/storage", "out  out  in   in   in   in   --   --"),
    Row(
        "PUT",
        "/api/v1/organisations/{organisation_id:str}/storage",
        ADMINISTRATORS,
        json={"most": None},
    ),
]
