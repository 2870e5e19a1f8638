"""What the documents say of a deployment is what the templates make."""

from __future__ import annotations

import json
import re

from tests.docs.commands import PAGES, TOP

CONTRACT = json.loads((TOP / "infra/contract.json").read_text())
TEXT = "\n".join(page.read_text() for page in PAGES)
OPERATIONS = (TOP / "docs/operations.md").read_text()


def test_outputs_that_are_asked_for_are_there() -> None:
    asked = set(re.findall(r"azd env get-value ([A-Z_]+)", TEXT))
    asked_of_terraform = set(re.findall(r"output -raw (\w+)", TEXT))

    assert asked > {"IDENTITY_PRINCIPAL_ID"}
    assert asked <= {one["bicep"] for one in CONTRACT["outputs"]}
    assert asked_of_terraform <= {one["terraform"] for one in CONTRACT["outputs"]}


def test_inputs_that_are_set_are_taken() -> None:
    taken = set(re.findall(r"\$\{(\w+)", (TOP / "infra/main.parameters.json").read_text()))
    given = set(re.findall(r"azd env set ([A-Z_]+)", TEXT))
    given_to_terraform = set(re.findall(r"-var (\w+)=", TEXT))

    assert {"ENTRA_AUTH", "ENTRA_CLIENT_ID"} <= given <= taken
    assert given_to_terraform <= {one["terraform"] for one in CONTRACT["inputs"]}


def test_each_alert_is_explained_with_its_severity() -> None:
    told = dict(re.findall(r"^\| `([a-z-]+)` \((\d)\) \|", OPERATIONS, re.MULTILINE))

    assert told == {name: str(one["severity"]) for name, one in CONTRACT["alerts"].items()}


def test_each_query_for_dashboards_is_listed() -> None:
    there = {path.name for path in (TOP / "infra/queries/dashboards").glob("*.kql")}

    assert set(re.findall(r"^\| `([a-z-]+\.kql)` \|", OPERATIONS, re.MULTILINE)) == there


def test_each_kind_of_file_that_is_kept_is_told_of() -> None:
    """The documents in storage, as the README lists them, appear where it is told who may see them and for how long they stay."""
    security = (TOP / "docs/security.md").read_text()

    for kept in (
        "snapshots/",
        "journal/",
        "operations/",
        "audit/",
        "subscriptions.json",
        "connection.json",
        "credential.json",
    ):
        assert f"`{{tenant}}/{kept}" in security
