"""Rows of API tokens: everybody has their own, and only in a session."""

from .rows import SIGNED_IN, Row, form, get, post

NOT_ONES_OWN = "out  out  --   --   --   --   --   --   no"  # the matrix names nobody's token
CODE_WANTED = "out  out  out  out  out  out  out  out   no"  # a wrong code
NO_PROOF = "out  out  no   no   no   no   no   no   no"

ROWS = [
    get("/account/tokens", SIGNED_IN),
    form("/account/tokens", CODE_WANTED, name="Backup", days="90", code="000000"),
    form("/account/tokens/{token_id:str}/revoke", NOT_ONES_OWN),
    get("/api/v1/tokens", SIGNED_IN),
    post(
        "/api/v1/tokens",
        NO_PROOF,
        {"name": "Backup", "scopes": ["organisation:list"], "step_up": "none", "days": 30},
    ),
    Row("DELETE", "/api/v1/tokens/{token_id:str}", NOT_ONES_OWN),
]
