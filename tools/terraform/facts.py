"""What the pinned providers know of their resources: ``infra/terraform/facts``, one file a resource.

``reading_bindings.py`` has written them; a ``read_only`` attribute is one that Azure alone decides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "infra" / "terraform" / "facts"


@dataclass(frozen=True, slots=True)
class AttributeFacts:
    """An attribute.

    Attributes:
        type: ``string``, ``number``, ``bool``, ``any``, ``object`` or one of these in ``list(…)`` or ``map(…)``.
        read_only: whether Azure decides it.
        write_only: whether it is handed on and kept nowhere.
        fields: what the objects hold, where it consists of such.
    """

    type: str
    required: bool
    read_only: bool
    write_only: bool
    fields: Mapping[str, AttributeFacts]


@dataclass(frozen=True, slots=True)
class BlockFacts:
    """What stands in a block, and how often it may itself."""

    attributes: Mapping[str, AttributeFacts]
    blocks: Mapping[str, BlockFacts]
    required: bool = False
    many: bool = False


class Facts:
    """The facts of a folder: a folder for each provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[Path, BlockFacts] = {}
        self.providers = sorted(one.name for one in folder.iterdir() if one.is_dir())
        """The providers that something is known of."""

    def version(self, provider: str) -> str:
        """The version of a provider that the facts are of."""
        return str(json.loads((self._folder / provider / "version.json").read_text())["version"])

    def types(self, kind: str) -> list[str]:
        """The types that are known, of ``resource``, ``data`` or ``ephemeral``."""
        found = self._folder.glob(f"*/{kind}.*.json")
        return sorted(f"{one.parent.name}_{one.name.split('.')[1]}" for one in found)

    def find(self, kind: str, type_: str) -> BlockFacts | None:
        """The facts of a type, such as ``resource``, ``azurerm_key_vault``; of a ``provider``, by its name."""
        provider, _, name = type_.partition("_")
        path = self._folder / provider / (f"{kind}.{name}.json" if name else f"{kind}.json")
        if path not in self._read and path.is_file():
            self._read[path] = _block(json.loads(path.read_text()))
        return self._read.get(path)


@cache
def read_facts(folder: Path = FOLDER) -> Facts:
    """The facts of ``folder``, read once."""
    return Facts(folder)


def _block(raw: Mapping[str, Any]) -> BlockFacts:
    return BlockFacts(
        {name: _attribute(one) for name, one in raw["attributes"].items()},
        {name: _block(one) for name, one in raw["blocks"].items()},
        raw.get("required", False),
        raw.get("many", False),
    )


def _attribute(raw: Mapping[str, Any]) -> AttributeFacts:
    fields = {name: _attribute(one) for name, one in raw.get("fields", {}).items()}
    return AttributeFacts(
        raw["type"], raw.get("required", False), raw.get("read_only", False), raw.get("write_only", False), fields
    )
