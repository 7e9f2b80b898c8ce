"""One's own account: sessions, devices, the links of mail about it."""

from .rows import EVERYBODY, NOT_THERE, get, post

ROWS = [
    get("/not-me", EVERYBODY),
    post("/api/v1/freezes", NOT_THERE, {"token": "x"}),
]
