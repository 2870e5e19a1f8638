"""What policies look at: the templates of one checkout with the contract that they keep."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.infra.declarations import Declaration, Kind, Template
from tools.infra.findings import Finding
from tools.infra.resources import full_type
from tools.infra.syntax import literal, value_of


@dataclass(frozen=True, slots=True)
class Deployed:
    """A resource and the template that declares it."""

    template: Template
    declared: Declaration

    @property
    def name(self) -> str | None:
        """Its name, where it is written out."""
        return literal(value_of(self.declared.value, "name"))

    def finding(self, code: str, message: str) -> Finding:
        """A finding about it as a whole."""
        return self.template.source.finding(self.declared.symbol, code, message)


@dataclass(frozen=True)
class Tree:
    """The templates below ``top``, by their path."""

    top: Path
    templates: Mapping[Path, Template]

    @property
    def infra(self) -> Path:
        """The folder of the templates."""
        return (self.top / "infra").resolve()

    @property
    def main(self) -> Template:
        """The template that the others are modules of."""
        return self.templates[self.infra / "main.bicep"]

    @cached_property
    def contract(self) -> dict[str, Any]:
        """``contract.json``."""
        read: dict[str, Any] = json.loads((self.infra / "contract.json").read_text())
        return read

    def resources(self, type_: str) -> Iterator[Deployed]:
        """Every resource of a type that is deployed, not only referred to."""
        for template in self.templates.values():
            for declared in template.of(Kind.RESOURCE):
                if not declared.existing and full_type(declared)[0].lower() == type_.lower():
                    yield Deployed(template, declared)

    def users(self, template: Template) -> Iterator[tuple[Template, Declaration]]:
        """Every module declaration that uses ``template``, and where it stands."""
        yield from self._users.get(template.source.path, ())

    @cached_property
    def _users(self) -> dict[Path, list[tuple[Template, Declaration]]]:
        found: dict[Path, list[tuple[Template, Declaration]]] = {}
        for user in self.templates.values():
            for module in user.of(Kind.MODULE):
                used = (user.source.path.parent / module.reference).resolve()
                found.setdefault(used, []).append((user, module))
        return found
