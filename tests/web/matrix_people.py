"""People, their places and roles, proposals, and lost factors."""

from .rows import ADMINISTRATORS, EVERYBODY, NOT_THERE, SIGNED_IN, Row, form, get, post

DECIDERS = "out  out  in   in   no   no   no   no   no"
ASKED_CODE = "out  out  out  out  no   no   no   no   no"  # a wrong code, for those who may
WRONG_CODE = "out  out  out  no   no   no   no   no   no"

ROWS = [
    get("/people", ADMINISTRATORS),
    form(
        "/people/invite",
        ADMINISTRATORS,
        email="new@example.com",
        name="New One",
        role="client",
        organisation_id="{acme}",
    ),
    form("/organisations", ADMINISTRATORS, name="Initech"),
    form("/people/clients", ADMINISTRATORS, person_id="{manager}", organisation_id="{acme}"),
    get("/people/{person_id:str}", ADMINISTRATORS),
    form("/people/{person_id:str}/role", WRONG_CODE, role="client", organisation_id="{acme}", code="000000"),
    form("/people/{person_id:str}/memberships", ADMINISTRATORS, organisation_id="{acme}"),
    form("/people/{person_id:str}/memberships/end", ADMINISTRATORS, organisation_id="{acme}"),
    form("/people/{person_id:str}/clients", ADMINISTRATORS, organisation_id="{acme}"),
    form("/people/{person_id:str}/clients/end", ADMINISTRATORS, organisation_id="{acme}"),
    get("/api/v1/people", ADMINISTRATORS),
    get("/api/v1/people/{person_id:str}", ADMINISTRATORS),
    post(
        "/api/v1/people/{person_id:str}/role",
        "out  out  in   no   no   no   no   no   no",
        {"role": "client", "organisation_id": "{acme}", "step_up": "none"},
    ),
    post(
        "/api/v1/invitations",
        ADMINISTRATORS,
        {"email": "newer@example.com", "name": "Newer", "role": "client", "organisation_id": "{acme}"},
    ),
    get("/api/v1/organisations", SIGNED_IN),
    post("/api/v1/organisations", ADMINISTRATORS, {"name": "Umbrella"}),
    Row("PUT", "/api/v1/people/{person_id:str}/clients/{organisation_id:str}", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/{person_id:str}/clients/{organisation_id:str}", ADMINISTRATORS),
    Row("PUT", "/api/v1/people/{person_id:str}/memberships/{organisation_id:str}", ADMINISTRATORS),
    Row("DELETE", "/api/v1/people/{person_id:str}/memberships/{organisation_id:str}", ADMINISTRATORS),
    # --- what needs two people ---
    get("/proposals", DECIDERS),
    Row("GET", "/proposals/new", DECIDERS, query="?kind=reprove-factor"),
    form(
        "/proposals",
        ASKED_CODE,
        kind="reprove-factor",
        person_id="{person_id}",
        reason="Lost.",
        code="000000",
    ),
    get("/proposals/{proposal_id:str}", DECIDERS),
    form("/proposals/{proposal_id:str}/confirm", ASKED_CODE, code="000000"),
    form("/proposals/{proposal_id:str}/export", ASKED_CODE, code="000000"),
    get("/api/v1/proposals", DECIDERS),
    post(
        "/api/v1/proposals",
        "out  out  no   no   no   no   no   no   no",
        {
            "kind": "reprove-factor",
            "facts": {"person_id": "{person_id}"},
            "reason": "Lost.",
            "step_up": "none",
        },
    ),
    get("/api/v1/proposals/{proposal_id:str}", DECIDERS),
    post(
        "/api/v1/proposals/{proposal_id:str}/confirm",
        "out  out  no   no   no   no   no   no   no",
        {"step_up": "none"},
    ),
    # whoever proposed it cannot refuse it, and whoever did not cannot withdraw it
    form("/proposals/{proposal_id:str}/refuse", "out  out  no   in   no   no   no   no   no"),
    form("/proposals/{proposal_id:str}/withdraw", "out  out  in   no   no   no   no   no   no"),
    post("/api/v1/proposals/{proposal_id:str}/refuse", "out  out  no   in   no   no   no   no   no"),
    post("/api/v1/proposals/{proposal_id:str}/withdraw", "out  out  in   no   no   no   no   no   no"),
    # --- a lost factor ---
    get("/reproof", EVERYBODY),
    post("/api/v1/factor-reproofs/details", NOT_THERE, {"token": "x"}),
    post("/api/v1/factor-reproofs/acceptance", NOT_THERE, {"token": "x", "password": "y"}),
]
