"""The configuration is without findings, and each of many mistakes of one line gives the finding that it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.infra.terraform.mistakes import BREACHES, MISTAKES
from tools.terraform.check import check, findings

TOP = Path(__file__).resolve().parents[3]


def test_the_configuration_is_without_findings() -> None:
    assert [one.told(TOP) for one in findings(TOP)] == []


@pytest.mark.parametrize("name", [*MISTAKES, *BREACHES])
def test_a_mistake_is_found_by_the_check_that_is_for_it(spoilt, name: str) -> None:
    file, right, wrong, code = {**MISTAKES, **BREACHES}[name]

    found = check(TOP, spoilt(file, right, wrong))

    assert code in {one.code for one in found}, [one.told(TOP) for one in found]


def test_a_mistake_is_told_with_its_place_and_what_was_meant(spoilt, texts) -> None:
    line = 1 + texts[TOP / "infra/terraform/vault.tf"].splitlines().index("  purge_protection_enabled      = true")

    found = check(TOP, spoilt("vault.tf", "purge_protection_enabled ", "purge_protection "))

    said = (
        f"infra/terraform/vault.tf:{line}:1: unknown-attribute: azurerm_key_vault has no attribute purge_protection. "
        "Did you mean purge_protection_enabled?"
    )
    assert [one.told(TOP) for one in found] == [said]
