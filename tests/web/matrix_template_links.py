"""Rows of links to templates: managed by whoever may use the template, opened by everybody."""

from .rows import EVERYBODY, MANAGED, NOT_THERE, REFUSED, form, get, post

ROWS = [
    get("/templates/{template_id:str}/links", MANAGED),
    form("/templates/{template_id:str}/links", MANAGED, most_uses="0"),
    form("/template-links/{link_id:str}/close", MANAGED),
    get("/begin", EVERYBODY),
    get("/begin/code", REFUSED),  # no code is on its way to any of these browsers
    form("/begin/code", REFUSED, code="00000000"),
    post(
        "/api/v1/template-link-codes",
        NOT_THERE,
        {"token": "x", "name": "Olga", "email": "{visitor}@outside.example"},
    ),
]
