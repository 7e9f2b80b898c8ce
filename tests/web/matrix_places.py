"""Rows for another name, another place, the recycle bin and older versions."""

from .rows import READ, SEEN, SIGNED_IN, Row, form, get, post

CHANGED = "out  out  --   no   in   in   --   --   no"
# The manager comes first: for the client who comes next the thing is gone, and then it is back already.
GONE = "out  out  --   no   in   --   --   --   no"
BACK = "out  out  --   --   in   --   --   --   no"

ROWS = [
    Row("PUT", "/api/v1/folders/{folder_id:str}/name", CHANGED, json={"name": "Papers"}),
    Row("PUT", "/api/v1/documents/{document_id:str}/name", CHANGED, json={"name": "paper.pdf"}),
    Row("PUT", "/api/v1/folders/{folder_id:str}/parent", CHANGED, json={"parent_id": "{folder_id}"}),
    Row("PUT", "/api/v1/documents/{document_id:str}/folder", CHANGED, json={"folder_id": "{folder_id}"}),
    post("/api/v1/documents/{document_id:str}/versions/{number:int}/restore", CHANGED),
    get("/api/v1/folders/{folder_id:str}/archive", SEEN),
    post("/api/v1/archives", "out  out  --   in   in   in   --   --   no", {"document_ids": ["{document}"]}),
    Row("GET", "/documents/{document_id:str}/compare", READ, query="?from=1&to=1"),
    Row("GET", "/api/v1/documents/{document_id:str}/comparison", READ, query="?from=1&to=1"),
    Row("GET", "/api/v1/documents/{document_id:str}/comparison/{page:int}", READ, query="?from=1&to=1"),
    Row("HEAD", "/api/v1/documents/{document_id:str}/versions/{number:int}/content", READ),
    get("/api/v1/bin", SIGNED_IN),
    form("/folders/{folder_id:str}/rename", CHANGED, name="Papers"),
    form("/documents/{document_id:str}/rename", CHANGED, name="paper.pdf"),
    form("/folders/{folder_id:str}/selected", SEEN, deed="move"),
    Row("GET", "/move", SEEN, query="?documents={document}"),
    form("/move", CHANGED, documents="{document}", into="{folder_id}"),
    get("/documents/{document_id:str}/versions", SEEN),
    form("/documents/{document_id:str}/versions/{number:int}/restore", CHANGED),
    get("/bin", SIGNED_IN),
    form("/documents/{document_id:str}/bin", GONE),
    form("/bin/documents/{document_id:str}/restore", BACK),
    form("/folders/{folder_id:str}/bin", GONE),
    form("/bin/folders/{folder_id:str}/restore", BACK),
    Row("DELETE", "/api/v1/documents/{document_id:str}", GONE),
    post("/api/v1/bin/documents/{document_id:str}/restore", BACK),
    Row("DELETE", "/api/v1/folders/{folder_id:str}", GONE),
    post("/api/v1/bin/folders/{folder_id:str}/restore", BACK),
]
