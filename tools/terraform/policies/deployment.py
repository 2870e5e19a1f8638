"""What policies look at: the configuration with the contract, worked out for any inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tools.infra.findings import Finding, of_file
from tools.terraform.configuration import Configuration, finding
from tools.terraform.evaluating import Evaluation
from tools.terraform.nodes import Block

_EXAMPLE = {"environment_name": "example", "location": "westeurope"}
SOMEBODY = "6a8c6b3e-3f0e-4d5e-9b0a-0f2d1c7e5a11"
"""An id that is nobody's."""


@dataclass(frozen=True)
class Deployment:
    """The configuration below ``top``."""

    top: Path
    configuration: Configuration

    @cached_property
    def contract(self) -> dict[str, Any]:
        """``infra/contract.json``."""
        read: dict[str, Any] = json.loads((self.top / "infra" / "contract.json").read_text())
        return read

    @cached_property
    def terraform_names(self) -> dict[str, str]:
        """What each input of the contract is called here, by its name in Bicep."""
        return {one["bicep"]: one["terraform"] for one in self.contract["inputs"]}

    def with_inputs(self, **inputs: Any) -> Evaluation:
        """Values with these inputs and the defaults of all others."""
        given = {**_EXAMPLE, **inputs}
        account = Evaluation(self.configuration, given, {}).local("storage_account_name")
        host = {"azurerm_storage_account.this.primary_blob_host": f"{account}.blob.core.windows.net"}
        return Evaluation(self.configuration, given, host)

    def named(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """``inputs`` of the contract, which are named as in Bicep, by their names here."""
        return {self.terraform_names[name]: value for name, value in inputs.items()}

    def only(self, type_: str, name: str | None = None) -> Block:
        """The one resource of a type; of several, that of which the ``name`` is written out.

        Raises:
            LookupError: there is none.
        """
        evaluation = self.with_inputs()
        for block in self.configuration.of_type(type_):
            if name is None or evaluation.attribute(block, "name", {"each": {"key": "", "value": {}}}) == name:
                return block
        raise LookupError(f"There is no {type_}{f' called {name}' if name else ''}.")

    def finding(self, code: str, message: str) -> Finding:
        """A finding about the configuration as a whole."""
        return of_file(self.configuration.folder, code, message)


def differing(block: Block, code: str, expected: Mapping[str, tuple[Any, Any]]) -> Iterator[Finding]:
    """A finding for each of ``expected`` in which what is given, the first, is not what is wanted, the second."""
    for what, (given, wanted) in expected.items():
        if given != wanted:
            yield finding(block, code, f"{what} is {given!r}, and contract.json says {wanted!r}.")


def inner(block: Block, *types: str) -> Block:
    """A block within a block within a block.

    Raises:
        LookupError: there is none.
    """
    for type_ in types:
        found = next((one for one in block.blocks if one.type == type_), None)
        if found is None:
            raise LookupError(f"{'.'.join(block.labels) or block.type} has no block {type_}.")
        block = found
    return block
