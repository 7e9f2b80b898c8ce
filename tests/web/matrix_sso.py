"""Rows of single sign-on where no provider is set: there is no such way in. test_sso.py walks it with one."""

from .rows import NOT_THERE, form, get

NO_PROVIDER = "out  out  --   --   --   --   --   --   no"

ROWS = [
    form("/login/sso", NOT_THERE, next="/inbox"),
    get("/login/sso/return", NOT_THERE),
    form("/login/sso/return", NOT_THERE, state="x", code="y"),
    get("/login/sso/signed-out", NOT_THERE),
    get("/account/sso", NO_PROVIDER),
    form("/account/sso/connect", NO_PROVIDER),
    form("/account/sso/disconnect", NO_PROVIDER),
]
