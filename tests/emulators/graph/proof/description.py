"""What official descriptions say about Graph's answers, and whether an answer keeps to it.

``data/schema.json`` is distilled from Microsoft's OpenAPI description (see ``distil``). ``data/amendments.json`` has what it
lacks or contradicts, because Microsoft's pages and samples say otherwise: operations that it leaves out, statuses that
differ, references that are objects and not text, enumerations whose values come in another case, and properties that
samples show and the schema does not know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

_DATA = Path(__file__).with_name("data")
_PATTERNS = {
    "time": re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"),
    "date": re.compile(r"\d{4}-\d\d-\d\d"),
    "guid": re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE),
}
_CLASSES: Mapping[str, type | tuple[type, ...]] = {"string": str, "bool": bool, "number": (int, float), "any": object}


class _Entity(msgspec.Struct, frozen=True):
    properties: dict[str, str] = {}
    base: str = ""


class _Schema(msgspec.Struct, frozen=True):
    types: dict[str, _Entity]
    enums: dict[str, list[str]]
    operations: dict[str, dict[str, str]]


class _Amendments(msgspec.Struct, frozen=True):
    operations: dict[str, dict[str, str]]
    statuses: dict[str, list[str]]
    references_are_objects: list[str]
    enumerations_in_any_case: list[str]
    properties: dict[str, dict[str, str]]


class Description:
    """Types and operations. Every ``check`` yields what is wrong, in words; nothing where the answer is right."""

    def __init__(self) -> None:
        schema = msgspec.json.decode(_DATA.joinpath("schema.json").read_bytes(), type=_Schema)
        self._amendments = msgspec.json.decode(_DATA.joinpath("amendments.json").read_bytes(), type=_Amendments)
        self._types, self._enums = schema.types, schema.enums
        self._operations = schema.operations | self._amendments.operations

    def answers(self, operation: str) -> Mapping[str, str] | None:
        """Successful statuses of an operation and what they carry, or None where it is not described."""
        method, _, template = operation.partition(" ")
        for prefix in ("", "directory/"):
            found = self._operations.get(f"{method} {prefix}{template}")
            if found is not None:
                return found
        whole, _, last = template.rpartition("/")
        if method != "GET" or not whole:
            return None
        if last == "$count":
            return {"200": "int"}
        described = self.answers(f"GET {whole}") if last == "$ref" or last.startswith("microsoft.graph.") else None
        return {"200": f"[#{last.removeprefix('microsoft.graph.')}]"} if described else None

    def check(self, operation: str, status: int, body: Any) -> Iterator[str]:
        """Check a successful answer."""
        answers = self.answers(operation)
        if answers is None:
            yield f"{operation} is not described"
            return
        allowed = {*answers, *self._amendments.statuses.get(operation, ())}
        if str(status) not in allowed:
            yield f"{operation}: {status} is none of {', '.join(sorted(allowed))}"
            return
        kind = answers.get(str(status), next(iter(answers.values())))
        if operation.endswith("/$ref") and operation.startswith("GET "):
            yield from self._references(operation, body, many=kind.startswith("["))
        elif not kind:
            if body not in (None, ""):
                yield f"{operation}: {status} has no body"
        elif kind.startswith("["):
            yield from self._collection(operation, kind, body)
        elif kind == "int":
            yield from self._value(operation, kind, body)
        elif kind.strip("#") in self._enums:
            yield from self._value(operation, kind, body.get("value"))
        else:
            yield from self._context(operation, body)
            yield from self._value(operation, kind, body)

    def check_error(self, operation: str, body: Any) -> Iterator[str]:
        """Check the envelope of a refusal."""
        error = body.get("error") if isinstance(body, dict) else None
        if not isinstance(error, dict) or not isinstance(error.get("code"), str) or not error.get("code"):
            yield f"{operation}: no error with a code"
            return
        if not isinstance(error.get("message"), str):
            yield f"{operation}: the message is no text"
        inner = error.get("innerError")
        wanted = {"date", "request-id", "client-request-id"}
        if not isinstance(inner, dict) or not wanted <= inner.keys():
            yield f"{operation}: innerError lacks one of {', '.join(sorted(wanted))}"
        elif not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", inner["date"]):
            yield f"{operation}: the date of innerError has a zone or fractions"

    def _collection(self, where: str, kind: str, body: Any) -> Iterator[str]:
        yield from self._context(where, body)
        links = {"@odata.nextLink", "@odata.deltaLink"} & body.keys()
        if where.endswith("/delta"):
            if len(links) != 1:
                yield f"{where}: a page has one of next link and delta link, not {len(links)}"
        elif "@odata.deltaLink" in links:
            yield f"{where}: a list has no delta link"
        yield from self._value(where, kind, body.get("value"))

    def _context(self, where: str, body: Any) -> Iterator[str]:
        if not isinstance(body, dict) or "/$metadata#" not in str(body.get("@odata.context")):
            yield f"{where}: no @odata.context"

    def _references(self, where: str, body: Any, *, many: bool) -> Iterator[str]:
        for item in body.get("value", ()) if many else [body]:
            if not isinstance(item, dict) or not str(item.get("@odata.id")).startswith("https://"):
                yield f"{where}: {item} is no reference"

    def _value(self, where: str, kind: str, value: Any) -> Iterator[str]:
        if value is None:
            if not kind.endswith("?"):
                yield f"{where} is null"
            return
        plain = kind.removesuffix("?")
        if plain.startswith("["):
            if not isinstance(value, list):
                yield f"{where} is no list"
                return
            for item in value:
                yield from self._value(f"{where}[]", plain[1:-1], item)
        elif plain.startswith("#"):
            yield from self._named(where, plain[1:], value)
        elif plain in _PATTERNS:
            if not isinstance(value, str) or not _PATTERNS[plain].fullmatch(value):
                yield f"{where} is no {plain}: {value!r}"
        elif plain == "int":
            if not isinstance(value, int) or isinstance(value, bool):
                yield f"{where} is no whole number: {value!r}"
        elif not isinstance(value, _CLASSES[plain]):
            yield f"{where} is no {plain}: {value!r}"

    def _named(self, where: str, name: str, value: Any) -> Iterator[str]:
        if name in self._enums:
            members = self._enums[name]
            if name in self._amendments.enumerations_in_any_case:
                members, value = [member.lower() for member in members], str(value).lower()
            if value not in members:
                yield f"{where} is none of {name}: {value!r}"
        elif not isinstance(value, dict):
            yield f"{where} is no {name}: {value!r}"
        else:
            yield from self._object(where, name, value)

    def _object(self, where: str, name: str, value: dict[str, Any]) -> Iterator[str]:
        stated = str(value.get("@odata.type", "")).removeprefix("#microsoft.graph.")
        if stated and name not in self._lineage(stated):
            yield f"{where} is a {stated}, which is no {name}"
            return
        if not stated and name == "directoryObject" and "@removed" not in value:
            yield f"{where} does not say what type of directory object it is"
        properties = self._properties(stated or name)
        for key, inner in value.items():
            if "@" in key:
                yield from self._annotation(f"{where}.{key}", key, inner)
            elif key not in properties:
                yield f"{where}.{key} is no property of {stated or name}"
            else:
                yield from self._value(f"{where}.{key}", properties[key], inner)

    def _annotation(self, where: str, key: str, value: Any) -> Iterator[str]:
        if key.endswith("@delta"):
            for row in value:
                if not {"id", "@odata.type"} <= row.keys() <= {"id", "@odata.type", "@removed"}:
                    yield f"{where} has a row of another shape: {row}"
        elif key == "@removed":
            if value.get("reason") not in ("changed", "deleted"):
                yield f"{where} has the reason {value.get('reason')!r}"
        elif "@odata." not in key:
            yield f"{where} is no annotation that is known"

    def _lineage(self, name: str) -> Iterator[str]:
        while name:
            yield name
            name = self._types[name].base if name in self._types else ""

    def _properties(self, name: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in self._lineage(name):
            found = self._types[one].properties | self._amendments.properties.get(one, {}) | found
        return found
