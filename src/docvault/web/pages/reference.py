"""The API's reference as a page of our own, drawn from the same description that /api/openapi.json serves."""

from dataclasses import dataclass
from typing import Any

from litestar import Request, Response, get

from docvault.web import problems
from docvault.web.access import PUBLIC
from docvault.web.rendering import render

WebRequest = Request[Any, Any, Any]

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a body or a parameter of an address."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Part]
    takes: list[Part]
    gives: list[Part]
    statuses: list[str]


@get("/api/docs", opt=PUBLIC)
async def reference(request: WebRequest) -> Response[str]:
    """Every operation by its subject, and every kind of problem."""
    schema = request.app.openapi_schema.to_schema()
    return render(
        request,
        "reference.html",
        groups=groups(schema),
        problems=sorted(problems.kinds(), key=lambda kind: (kind.status, kind.slug)),
    )


def groups(schema: dict[str, Any]) -> dict[str, list[Operation]]:
    """Return the operations under their tags, in the order of their paths."""
    found: dict[str, list[Operation]] = {}
    for path, methods in sorted(schema["paths"].items()):
        for method in METHODS:
            if method in methods:
                tag = (methods[method].get("tags") or ["Other"])[0]
                found.setdefault(tag, []).append(_operation(schema, path, method, methods[method]))
    return dict(sorted(found.items()))


def _operation(schema: dict[str, Any], path: str, method: str, said: dict[str, Any]) -> Operation:
    succeeded: dict[str, Any] = next(
        (said["responses"][status] for status in said["responses"] if status < "300"), {}
    )
    return Operation(
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        parameters=[
            Part(item["name"], _type(item.get("schema", {})), item.get("required", False))
            for item in said.get("parameters", [])
        ],
        takes=_fields(schema, said.get("requestBody", {})),
        gives=_fields(schema, succeeded),
        statuses=sorted(said["responses"]),
    )


def _fields(schema: dict[str, Any], message: dict[str, Any]) -> list[Part]:
    """Return the fields of a JSON body, or one part that names another kind of body."""
    content = message.get("content", {})
    if not content:
        return []
    media_type, body = next(iter(content.items()))
    described = _resolve(schema, body.get("schema", {}))
    if "properties" not in described:
        return [Part("", media_type, required=True)]
    required = described.get("required", [])
    return [Part(name, _type(field), name in required) for name, field in described["properties"].items()]


def _resolve(schema: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in described:
        return described
    name = described["$ref"].rsplit("/", 1)[-1]
    resolved: dict[str, Any] = schema["components"]["schemas"][name]
    return resolved


def _type(described: dict[str, Any]) -> str:
    """Say a schema in a few words: `string`, `list of Person`, `string or null`."""
    if "$ref" in described:
        return str(described["$ref"].rsplit("/", 1)[-1]).rsplit("_", 1)[-1]
    if "oneOf" in described or "anyOf" in described:
        return " or ".join(_type(choice) for choice in described.get("oneOf") or described["anyOf"])
    if described.get("type") == "array":
        return f"list of {_type(described.get('items', {}))}"
    if "enum" in described:
        return " | ".join(str(value) for value in described["enum"])
    kind = described.get("type", "any")
    return str(described.get("format") or kind) if isinstance(kind, str) else " or ".join(kind)


HANDLERS = [reference]
