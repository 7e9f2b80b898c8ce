"""Rows of templates: for whoever may start envelopes with their documents."""

from .rows import MANAGED, SIGNED_IN, form, get, post

DRAFT = {
    "envelope_id": "{envelope_id}",
    "name": "Services",
    "roles": ["Client", "Us", "Copy"],
    "kind": "agreement",
}
WORDS = {"after": 1, "name": "Services", "title": "Services", "roles": ["Client", "Us", "Copy"]}

ROWS = [
    get("/templates", SIGNED_IN),
    get("/envelopes/{envelope_id:str}/template", MANAGED),
    form("/envelopes/{envelope_id:str}/template", MANAGED, name="Services", kind="agreement"),
    get("/templates/{template_id:str}", MANAGED),
    form("/templates/{template_id:str}/use", MANAGED),
    get("/templates/{template_id:str}/change", MANAGED),
    form("/templates/{template_id:str}/change", MANAGED, after="1", name="Services"),
    form("/templates/{template_id:str}/kind", MANAGED, kind="agreement"),
    get("/api/v1/templates", SIGNED_IN),
    post("/api/v1/templates", MANAGED, DRAFT),
    get("/api/v1/templates/{template_id:str}", MANAGED),
    post("/api/v1/templates/{template_id:str}/drafts", MANAGED, DRAFT | {"after": 1}),
    post("/api/v1/templates/{template_id:str}/versions", MANAGED, WORDS | {"after": 7}),
    post("/api/v1/templates/{template_id:str}/envelopes", MANAGED, {"people": []}),
    post("/api/v1/templates/{template_id:str}/kind", MANAGED, {"kind": "agreement"}),
    form("/templates/{template_id:str}/retire", MANAGED),
    post("/api/v1/templates/{template_id:str}/retire", MANAGED),
]
