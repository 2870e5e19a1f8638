"""Distils an OpenAPI description of Microsoft Graph into ``data/schema.json``: types and answers, none of its prose.

    python -m tests.emulators.graph.proof.distil openapi.json

The notation of a type: a plain word (``string``, ``bool``, ``int``, ``number``, ``time``, ``date``, ``guid``, ``any``), ``#name``
for a type or an enumeration, ``[…]`` for a list, a final ``?`` where null is allowed.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("data").joinpath("schema.json")
_PREFIX = "microsoft.graph."
_FORMATS = {"date-time": "time", "date": "date", "uuid": "guid"}
_PLAIN = {"boolean": "bool", "integer": "int", "number": "number", "string": "string", "object": "any"}


def distil(description: dict[str, Any]) -> dict[str, Any]:
    """Types, enumerations and the answers of every operation."""
    schemas = description["components"]["schemas"]
    entities, enums = {}, {}
    for full, schema in schemas.items():
        name = full.removeprefix(_PREFIX)
        if "enum" in schema:
            enums[name] = schema["enum"]
        elif not name.endswith(("CollectionResponse", "Content", "Create", "Update")):
            entities[name] = _entity(schema)
    operations = {
        f"{method.upper()} {_template(path)}": answers
        for path, methods in description["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post", "put", "patch", "delete")
        and (answers := _answers(operation["responses"], description)) is not None
    }
    return {"types": _sorted(entities), "enums": _sorted(enums), "operations": _sorted(operations)}


def _sorted(values: dict[str, Any]) -> dict[str, Any]:
    return dict(sorted(values.items()))


def _entity(schema: dict[str, Any]) -> dict[str, Any]:
    base = ""
    for part in schema.get("allOf", (schema,)):
        if "$ref" in part:
            base = _name(part["$ref"])
        else:
            own = {name: _type(inner) for name, inner in part.get("properties", {}).items() if not name.startswith("@")}
    return {"base": base, "properties": own} if base else {"properties": own}


def _type(schema: dict[str, Any]) -> str:
    nullable = "?" if schema.get("nullable") else ""
    if "$ref" in schema:
        return f"#{_name(schema['$ref'])}{nullable}"
    if "anyOf" in schema:
        parts = schema["anyOf"]
        nullable = "?" if nullable or any(part.get("nullable") for part in parts) else ""
        references = [part for part in parts if "$ref" in part]
        if references:
            return f"#{_name(references[0]['$ref'])}{nullable}"
        return f"{_type(parts[0]).removesuffix('?')}{nullable}"
    if schema.get("type") == "array":
        return f"[{_type(schema['items'])}]{nullable}"
    plain = _FORMATS.get(schema.get("format", "")) or _PLAIN.get(schema.get("type", ""), "any")
    return f"{plain}{nullable}"


def _answers(responses: dict[str, Any], description: dict[str, Any]) -> dict[str, str] | None:
    found = {}
    for status, given in responses.items():
        if not status.startswith("2"):
            continue
        response = (
            description["components"]["responses"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
        )
        content = response.get("content", {})
        found[status] = _answer(next(iter(content.values()))["schema"], description) if content else ""
    return found or None


def _answer(schema: dict[str, Any], description: dict[str, Any]) -> str:
    if "$ref" in schema:
        target = description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if "value" not in target.get("properties", {}):
            return f"#{_name(schema['$ref'])}"
        schema = target
    value = schema.get("properties", {}).get("value")
    return _type(value) if value else _type(schema)


def _name(reference: str) -> str:
    return reference.rpartition("/")[2].removeprefix(_PREFIX)


def _template(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{id}", path.strip("/").replace("delta()", "delta"))


if __name__ == "__main__":
    made = distil(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    SCHEMA.write_text(json.dumps(made, indent=0, separators=(",", ":")) + "\n", encoding="utf-8")
