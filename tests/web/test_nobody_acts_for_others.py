"""Nothing lets anybody set a password or a factor for somebody else (promise 14)."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from docvault.database import tables

from .matrix import MATRIX
from .test_matrix import send

SECRETS = ("password", "secret", "code", "recovery", "seed", "totp", "passkey", "credential", "factor")


def fields_of(schema: dict, description: dict) -> set[str]:
    """Return every name in a body's schema, however deep."""
    found = set()
    waiting, seen = [schema], set()
    while waiting:
        one = waiting.pop()
        if "$ref" in one and one["$ref"] not in seen:
            seen.add(one["$ref"])
            waiting.append(description["components"]["schemas"][one["$ref"].rpartition("/")[2]])
        for name, inner in one.get("properties", {}).items():
            found.add(name)
            waiting.append(inner)
        waiting += [each for key in ("oneOf", "anyOf", "allOf") for each in one.get(key, [])]
        waiting += [one["items"]] if isinstance(one.get("items"), dict) else []
    return found


@pytest.mark.promise(14)
@pytest.mark.asvs("6.4.6")
def test_no_body_of_a_route_about_somebody_takes_a_secret(house):
    description = house.site.visit().get("/api/openapi.json").json()
    about = {path: methods for path, methods in description["paths"].items() if "{person_id}" in path}
    assert len(about) > 5
    for path, methods in about.items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {})
            names = set()
            for each in content.values():
                names |= fields_of(each["schema"], description)
            # step_up is the id of the administrator's own proof, not a secret of the other person
            assert not {name for name in names if any(word in name for word in SECRETS)}, (method, path)


@pytest.mark.promise(14)
@pytest.mark.asvs("6.4.6")
@pytest.mark.parametrize("name", ["administrator", "officer"])
def test_a_password_or_factor_slipped_into_any_route_about_somebody_changes_neither(own_house, name):
    house = own_house
    person_id, before = house.ids["person_id"], secrets_of(house)
    browser = house.visitor(name)
    extra = {"password": "a brand new password", "secret": "A" * 32, "totp_secret": "A" * 32}
    for row in MATRIX:
        if "{person_id" not in row.path or row.method == "GET":
            continue
        slipped = {"form": row.form | extra} if row.form is not None else {"json": (row.json or {}) | extra}
        send(house, browser, replace(row, **slipped), house.ids)
    assert secrets_of(house) == before
    assert person_id in before


def secrets_of(house):
    """Return password and factor rows of everybody, by person."""
    found = {}
    with house.site.world.db.reading() as tx:
        for table, columns in (
            (tables.people, ("id", "password_hash")),
            (tables.totp_factors, ("person_id", "secret", "pending")),
            (tables.passkeys, ("person_id", "sealed")),
            (tables.recovery_codes, ("person_id", "hash")),
        ):
            for row in tx.connection.execute(select(*(table.c[column] for column in columns))):
                found.setdefault(row[0], []).append(tuple(row[1:]))
    return found
