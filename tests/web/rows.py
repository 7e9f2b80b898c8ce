"""What a row of the authorization matrix is, and the words of its answers.

Visitors, in the order of the columns: nobody; a session that may only enrol; administrator; compliance officer;
account manager of Acme; client at Acme; account manager of Globex; client at Globex; somebody without an account whom Acme's envelope asks. Everything named belongs to Acme.

The answers: `in` the route did its work or found fault with what was sent; `no` refused, the person may not do this
(403); `--` not there for them (404); `out` they are sent to sign in or to finish signing in (401, or a redirect).
"""

from dataclasses import dataclass, field
from typing import Any

VISITORS = (
    "nobody",
    "enrolling",
    "administrator",
    "officer",
    "manager",
    "client",
    "other_manager",
    "other_client",
    "outsider",
)

EVERYBODY = "in   in   in   in   in   in   in   in   in"
SIGNED_IN = "out  out  in   in   in   in   in   in   no"
WITH_SESSION = "out  in   in   in   in   in   in   in   in"
REFUSED = "out  out  out  out  out  out  out  out   out"  # no password, no challenge, or a wrong code
CODE_REFUSED = "out  out  out  out  out  out  out  out   no"  # the same, on a route closed to outsiders
NOT_THERE = "--   --   --   --   --   --   --   --   --"  # a link that nobody was sent
ENROLLING = "out  in   out  out  out  out  out  out   out"
ADMINISTRATORS = "out  out  in   no   no   no   no   no   no"
OFFICERS = "out  out  no   in   no   no   no   no   no"
NOTHING_TO_OFFICERS = (
    "out  out  no   --   no   no   no   no   no"  # nothing of that id; the others may not even ask
)

# Things of Acme. An administrator sees no content at all; an officer sees that it exists, never its body.
SEEN = "out  out  --   in   in   in   --   --   no"
READ = "out  out  --   no   in   in   --   --   no"
MANAGED = "out  out  --   no   in   no   --   --   no"
FILLED = "out  out  --   no   in   in   --   --   no"  # who uploads also arranges
ASKED = "out  out  in   in   in   in   in   in   in"  # an outsider's too
ASKED_SEEN = "out  out  --   in   in   in   --   --   in"
ASKED_READ = "out  out  --   no   in   in   --   --   in"
ENDED = "out  out  --   no   in   in   --   --   --"  # the manager ended it, and with it all of an outsider's
SIGNED = "out  out  --   no   in   in   --   --   in"  # all three are recipients


@dataclass(frozen=True)
class Row:
    method: str
    path: str
    answers: str
    json: Any = None
    form: dict[str, str] | None = None
    raw: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    query: str = ""

    @property
    def is_of_a_visit(self) -> bool:
        """A guest's browser alone opens it, and no account."""
        return f"{self.path}/".startswith(("/r/files", "/r/receipt", "/api/v1/visit/"))


def get(path: str, answers: str) -> Row:
    return Row("GET", path, answers)


def post(path: str, answers: str, json: Any = None) -> Row:
    return Row("POST", path, answers, json={} if json is None else json)


def form(path: str, answers: str, **fields: str) -> Row:
    return Row("POST", path, answers, form=fields)
