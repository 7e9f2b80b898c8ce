"""Checking a PDF that somebody has: open to everybody, and nothing is kept."""

from .rows import EVERYBODY, NOT_THERE, Row

PDF = {"content-type": "application/pdf"}
NOT_ONE = b"%PDF-1.7 not one"
VERSIONS = "/api/v1/verifications/versions"

ROWS = [
    Row("POST", "/api/v1/verifications", EVERYBODY, raw=NOT_ONE, headers=PDF),
    # Nothing is signed in this file, so there is no version of it.
    Row("POST", f"{VERSIONS}/{{number:int}}", NOT_THERE, raw=NOT_ONE, headers=PDF),
    Row("POST", f"{VERSIONS}/{{number:int}}/changes", NOT_THERE, raw=NOT_ONE, headers=PDF),
    Row("POST", f"{VERSIONS}/{{number:int}}/changes/{{page:int}}", NOT_THERE, raw=NOT_ONE, headers=PDF),
]
