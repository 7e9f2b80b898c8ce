"""Rows of bulk sends: a list is its maker's alone."""

from .rows import MANAGED, SIGNED_IN, Row, form, get, post

MINE = "out  out  --   --   in   --   --   --   no"
LIST = {"csv": "Client email,Us email,Copy email\na@outside.example,b@outside.example,c@outside.example"}
FILE = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\na\r\n--x--\r\n'

ROWS = [
    get("/bulk-sends", SIGNED_IN),
    get("/templates/{template_id:str}/list.csv", MANAGED),
    get("/templates/{template_id:str}/bulk", MANAGED),
    Row(
        "POST",
        "/templates/{template_id:str}/bulk",
        MANAGED,
        raw=FILE,
        headers={"content-type": "multipart/form-data; boundary=x"},
    ),
    get("/bulk-sends/{bulk_id:str}", MINE),
    get("/bulk-sends/{bulk_id:str}/unsent.csv", MINE),
    get("/api/v1/templates/{template_id:str}/list", MANAGED),
    post("/api/v1/templates/{template_id:str}/bulk-sends", MANAGED, LIST),
    get("/api/v1/bulk-sends", SIGNED_IN),
    get("/api/v1/bulk-sends/{bulk_id:str}", MINE),
    get("/api/v1/bulk-sends/{bulk_id:str}/rows", MINE),
    form("/bulk-sends/{bulk_id:str}/start", MINE),
    form("/bulk-sends/{bulk_id:str}/retry", MINE),
    form("/bulk-sends/{bulk_id:str}/cancel", MINE),
    post("/api/v1/bulk-sends/{bulk_id:str}/start", MINE),
    post("/api/v1/bulk-sends/{bulk_id:str}/retry", MINE),
    post("/api/v1/bulk-sends/{bulk_id:str}/cancel", MINE),
]
