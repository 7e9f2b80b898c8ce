"""Signing in person: nobody hosts in this house, and no device was handed over; test_in_person.py does both."""

from .rows import REFUSED, SIGNED_IN, form, get, post

NOBODYS = "out  out  --   --   --   --   --   --   no"  # whoever it is, they are nobody's host
BESIDE = "out  out  no   no   no   no   no   no   no"  # only a signer at a host's device

ROWS = [
    get("/in-person/{recipient_id:str}", NOBODYS),
    form("/in-person/{recipient_id:str}", NOBODYS, checked="passport"),
    get("/in-person/code", REFUSED),
    form("/in-person/code", REFUSED, code="00000000"),
    form("/in-person/code/again", REFUSED),
    form("/in-person/back", REFUSED),
    get("/api/v1/in-person", SIGNED_IN),
    get("/api/v1/in-person/{recipient_id:str}", NOBODYS),
    post("/api/v1/in-person/{recipient_id:str}/handing", NOBODYS, {"checked": "passport", "step_up": "x"}),
    post("/api/v1/in-person/codes", REFUSED),
    post("/api/v1/in-person/signing-codes", BESIDE),
    post("/api/v1/in-person/back", REFUSED),
]
