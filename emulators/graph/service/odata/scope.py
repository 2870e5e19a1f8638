"""The names inside ``any`` and ``all``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from emulators.graph.service.odata.columns import Column, Items


class Scope(Mapping[str, Column]):
    """The columns inside a lambda: the variable itself, and the properties of what it stands for."""

    def __init__(self, items: Items, variable: str, outer: Column) -> None:
        self._items, self._variable, self._outer = items, variable, outer

    def __getitem__(self, name: str) -> Column:
        variable, _, prop = name.partition("/")
        made = self._value() if not prop else self._property(prop)
        if variable != self._variable or made is None:
            raise KeyError(name)
        return replace(made, operators=self._outer.operators, advanced=self._outer.advanced)

    def _value(self) -> Column | None:
        return Column(self._items.value) if self._items.value else None

    def _property(self, name: str) -> Column | None:
        if name in self._items.fields:
            return self._items.fields[name]
        return Column(self._items.template.replace("{}", name)) if self._items.template else None

    def __iter__(self) -> Iterator[str]:
        return iter((self._variable, *(f"{self._variable}/{name}" for name in self._items.fields)))

    def __len__(self) -> int:
        return 1 + len(self._items.fields)
