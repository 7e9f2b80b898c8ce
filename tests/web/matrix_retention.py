"""The rows of retention: reports, legal holds, certificates of disposal."""

from .rows import NOTHING_TO_OFFICERS, OFFICERS, SEEN, Row, form, get, post

DECIDERS = "out  out  in   in   no   no   no   no   no"  # administrators and officers

ROWS = [
    get("/retention", OFFICERS),
    get("/retention/kept.csv", OFFICERS),
    Row("GET", "/retention/holds/new", OFFICERS, query="?type=folder&id={folder_id}"),
    form("/retention/holds", OFFICERS, type="document", id="{document_id}", reason=""),
    get("/retention/disposals/{document_id:str}", NOTHING_TO_OFFICERS),
    get("/retention/disposals/{document_id:str}/certificate.csv", NOTHING_TO_OFFICERS),
    get("/api/v1/retention", OFFICERS),
    get("/api/v1/documents/{document_id:str}/retention", SEEN),
    get("/api/v1/holds", OFFICERS),
    post("/api/v1/holds", OFFICERS, {"type": "document", "subject_id": "{document_id}", "reason": ""}),
    get("/api/v1/disposals", OFFICERS),
    get("/api/v1/erasures", DECIDERS),
    get("/api/v1/people/{person_id:str}/erasure", DECIDERS),
    get("/api/v1/disposals/{document_id:str}", NOTHING_TO_OFFICERS),
]
