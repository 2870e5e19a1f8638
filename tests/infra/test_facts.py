"""What is kept of Azure's resource types: whole, named with its source, and no more than is used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tools.infra.declarations import Kind
from tools.infra.facts import Facts
from tools.infra.kinds import Anything, ListOf, Named, OneOf, Shape, Type
from tools.infra.resources import full_type
from tools.infra.templates import read_templates

INFRA = Path(__file__).resolve().parents[2] / "infra"
FILES = sorted((INFRA / "facts").glob("*.json"))


def reachable(kind: Type, seen: set[str]) -> None:
    """Follow every name; one that leads nowhere is a KeyError."""
    match kind:
        case Named(name, look_up) if name not in seen:
            seen.add(name)
            reachable(look_up(name), seen)
        case ListOf(item):
            reachable(item, seen)
        case OneOf(options):
            for option in options:
                reachable(option, seen)
        case Shape():
            for one in [member.of for member in kind.members.values()] + ([kind.rest] if kind.rest else []):
                reachable(one, seen)
        case Anything():
            pass


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_type_that_is_named_is_there_and_every_one_that_is_there_is_named(path: Path) -> None:
    raw: dict[str, Any] = json.loads(path.read_text())
    found = Facts(INFRA / "facts").find(raw["type"], raw["apiVersion"])
    assert not isinstance(found, str)
    seen = set[str]()

    for body in found.bodies.values():
        reachable(body, seen)

    assert seen == set(raw["types"])
    assert raw["source"]


def test_only_what_the_templates_use_is_kept() -> None:
    kept = {(raw["type"], raw["apiVersion"]) for raw in (json.loads(path.read_text()) for path in FILES)}
    used = {full_type(one) for template in read_templates(INFRA).values() for one in template.of(Kind.RESOURCE)}

    assert used == kept
