"""Enough of JSON Schema to hold answers to the description of the interface."""

from __future__ import annotations

from collections.abc import Iterator
import re
from typing import Any

from LogsMonitor2000.web.openapi import DESCRIPTION

TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "boolean": (bool,),
}
KNOWN = {
    *("type", "properties", "required", "additionalProperties", "items", "minimum", "maximum", "multipleOf", "enum", "anyOf"),
    *("$ref", "description", "default", "examples", "format"),
}


def problems(value: Any, schema: dict[str, Any], where: str = "answer") -> Iterator[str]:
    """What is wrong with `value`; a keyword that is not known here is a mistake in the test."""
    assert set(schema) <= KNOWN, set(schema) - KNOWN
    if "$ref" in schema:
        schema = DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        found = [list(problems(value, each, where)) for each in schema["anyOf"]]
        if all(found):
            yield f"{where}: {value!r} fits none of {schema['anyOf']}: {found}"
        return
    kinds = schema.get("type", list(TYPES))
    allowed = [kind for name in ([kinds] if isinstance(kinds, str) else kinds) for kind in TYPES[name]]
    if not isinstance(value, tuple(allowed)) or (isinstance(value, bool) and bool not in allowed):
        yield f"{where}: {value!r} is not of {kinds}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{where}: {value!r} is not in {schema['enum']}"
    if isinstance(value, (int, float)) and value < schema.get("minimum", value):
        yield f"{where}: {value} is below {schema['minimum']}"
    if schema.get("format") == "date" and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        yield f"{where}: {value!r} is not a date"
    if isinstance(value, dict):
        yield from _problems_of_object(value, schema, where)
    for number, part in enumerate(value if isinstance(value, list) else ()):
        yield from problems(part, schema.get("items", {}), f"{where}[{number}]")


def _problems_of_object(value: dict[str, Any], schema: dict[str, Any], where: str) -> Iterator[str]:
    properties, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{where}: {name} is missing"
    for name, part in value.items():
        if name in properties:
            yield from problems(part, properties[name], f"{where}.{name}")
        elif more is False:
            yield f"{where}: {name} is not described"
        elif isinstance(more, dict):
            yield from problems(part, more, f"{where}.{name}")


def schema_of(path: str, status: int) -> dict[str, Any] | None:
    """The schema of the JSON that a path answers with; None if it answers with something else. An undescribed status is an error."""
    content: dict[str, Any] = DESCRIPTION["paths"][path]["get"]["responses"][str(status)]["content"]
    schema: dict[str, Any] | None = content.get("application/json", {}).get("schema")
    return schema
