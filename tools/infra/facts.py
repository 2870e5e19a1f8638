"""What Azure knows of its resource types: `infra/facts/*.json`, one file a type.

A property is written ``type, required, read-only``; a type is ``string``, ``int``, ``bool``, ``any``, ``'literal' | …``, or a name of
``types``, each with ``[]`` for arrays. ``rest`` is what properties are that have no name. Types whose body depends on the name of the
resource (``sites/config``) have ``bodies``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tools.infra.findings import meant
from tools.infra.kinds import ANYTHING, STRING, Member, Shape, Type, read_type

_FLAGS = re.compile(r"(, (required|read-only|write-only))*$")


@dataclass(frozen=True, slots=True)
class ResourceType:
    """A resource type in one version of its API. ``scope``: where Azure takes it, ``Extension`` for what goes with another."""

    name: str
    version: str
    scope: str
    bodies: Mapping[str, Shape]

    def body(self, name: str | None) -> Shape | None:
        """The body of a resource called ``name``; None where there is none of that name."""
        return self.bodies.get("") or (self.bodies.get(name) if name else None)


class Facts:
    """The facts of a folder."""

    def __init__(self, folder: Path) -> None:
        read = [_resource_type(json.loads(path.read_text())) for path in sorted(folder.glob("*.json"))]
        self._types = {one.name.lower(): one for one in read}

    def find(self, name: str, version: str) -> ResourceType | str:
        """The resource type, or a sentence that says why there is none."""
        known = self._types.get(name.lower())
        if known is None:
            near = meant(name, [one.name for one in self._types.values()])
            return f"Nothing is known of the resource type {name}.{near}"
        if known.version != version:
            return f"{known.name} is known in version {known.version}, not {version}."
        return known


@cache
def read_facts(folder: Path) -> Facts:
    """The facts of ``folder``, read once."""
    return Facts(folder)


def _resource_type(raw: Mapping[str, Any]) -> ResourceType:
    shapes: dict[str, Shape] = {}

    def look_up(name: str) -> Type:
        return shapes[name]

    def shape(name: str, properties: Mapping[str, str], rest: str | None) -> Shape:
        members = {key: _member(written, look_up) for key, written in properties.items()}
        return Shape(name, members, read_type(rest, look_up) if rest else None)

    for name, type_ in raw["types"].items():
        shapes[name] = shape(name, type_["properties"], type_.get("rest"))
    bodies = raw.get("bodies") or {"": raw["body"]}
    common = {"apiVersion": Member(STRING, read_only=True)}
    common |= {name: Member(ANYTHING) for name in ("parent", "scope", "dependsOn")}
    made = {name: shape(raw["type"], body, None) for name, body in bodies.items()}
    with_common = {name: Shape(one.name, one.members | common) for name, one in made.items()}
    return ResourceType(raw["type"], raw["apiVersion"], raw["scope"], with_common)


def _member(written: str, look_up: Any) -> Member:
    flags = _FLAGS.search(written)
    end = flags.start() if flags else len(written)
    return Member(
        read_type(written[:end], look_up), required="required" in written[end:], read_only="read-only" in written[end:]
    )
