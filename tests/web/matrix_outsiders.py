"""How somebody without an account comes in; the envelopes they then see stand with everybody's."""

from .rows import EVERYBODY, NOT_THERE, REFUSED, form, get, post

ROWS = [
    get("/asked", EVERYBODY),
    get("/asked/code", REFUSED),  # no code is on its way to any of these browsers
    form("/asked/code", REFUSED, code="00000000"),
    get("/asked/next", "out  out  in   in   in   in   in   in   in"),
    post("/api/v1/mail-codes", NOT_THERE, {"token": "x"}),
    post("/api/v1/mail-codes/answer", REFUSED, {"code": "00000000"}),
]
