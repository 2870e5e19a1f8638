"""What the commands answer: tables in a pipe, one JSON document with ``--json``."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from connector.settings import Settings
from tests.support.contoso import CONTOSO, GLOBAL_ADMINISTRATOR
from tests.support.snapshots import publish, write_snapshot

Run = Callable[..., Result]
pytestmark = pytest.mark.usefixtures("synced")


def document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def lines(result: Result) -> list[dict[str, str]]:
    assert result.exit_code == 0, result.output
    return list(csv.DictReader(io.StringIO(result.stdout), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_access_in_a_pipe(run: Run) -> None:
    result = run("access", "anna@contoso.com")

    assert [(one["resource kind"], one["resource"], one["how"]) for one in lines(result)] == [
        ("Directory roles", "Global Administrator", "PIM"),
        ("Enterprise applications", "CRM", "direct"),
        ("Groups", "All staff", "Anna Andersson → Sales EMEA → Sales → All staff"),
        ("Groups", "Sales", "Anna Andersson → Sales EMEA → Sales"),
        ("Groups", "Sales EMEA", "direct"),
        ("Licenses", "SPE_E5", "Anna Andersson → Sales EMEA → SPE_E5"),
    ]
    assert [(one["period"], one["revocable"]) for one in lines(result)][::4] == [
        ("until 2026-01-09 17:00", "yes"),
        ("", "no: dynamic membership"),
    ]
    assert result.stderr == "Anna Andersson (account, anna@contoso.com): 4 direct, 2 inherited\n"


def test_access_as_json(run: Run) -> None:
    answer = document(run("access", "anna@contoso.com", "--json"))

    assert answer["principal"] == {
        "kind": "account",
        "id": "a-anna",
        "name": "Anna Andersson",
        "detail": "anna@contoso.com",
    }
    deepest = max(answer["holdings"], key=lambda holding: len(holding["path"]))
    assert [group["name"] for group in deepest["path"]] == ["Sales EMEA", "Sales"]
    assert answer["holdings"][0]["ends_at"] == "2026-01-09T17:00:00Z"


def test_holders(run: Run) -> None:
    result = run("holders", "Global Administrator")

    assert [(one["principal"], one["entitlement"], one["how"]) for one in lines(result)] == [
        ("Anna Andersson", "Assigned", "PIM"),
        ("Tier 0", "Assigned", "direct"),
        ("Bob", "Assigned", "Bob → Tier 0 → Global Administrator"),
        ('Carl, "CC" Clark', "Eligible", "PIM"),
    ]
    assert "Global Administrator (directory role): 4 principals" in result.stderr
    answer = document(run("holders", f"directory_role:{GLOBAL_ADMINISTRATOR}:eligible", "--json"))
    assert [holding["principal"]["id"] for holding in answer["holdings"]] == ["a-carl"]


def test_applications(run: Run) -> None:
    [crm] = lines(run("applications", "--assigned"))

    assert crm == {
        "application": "CRM",
        "app id": "app-crm",
        "sign-on": "saml",
        "who gets in": "assigned only",
        "provisioned": "Active",
        "assigned": "2",
        "effective": "2",
        "owners": "Anna Andersson",
    }
    names = [one["name"] for one in document(run("applications", "--third-party", "--json"))["applications"]]
    assert names == ["CRM", "Wiki"]


def test_status(run: Run, synced: Settings) -> None:
    answer = document(run("status", "--json"))

    assert answer["snapshot"]["tables"] == {table: len(rows) for table, rows in CONTOSO.items()}
    assert answer["snapshot"]["location"] == f"{synced.tenant_id}/snapshots/20260105T060000Z-one/"
    assert answer["snapshot"]["age_seconds"] > 0
    assert (answer["snapshot"]["incomplete"], answer["last_sync"]) == ({}, None)
    shown = run("status")
    assert "Snapshot 20260105T060000Z-one: the tenant as of 2026-01-05 06:00 UTC" in shown.stdout
    assert "grants\t13\n" in shown.stdout


def test_what_is_incomplete_is_said_and_is_in_the_exit_code(run: Run, synced: Settings, tmp_path: Path) -> None:
    folder = write_snapshot(tmp_path / "second", CONTOSO)
    reason = "Synchronization.Read.All was not granted."
    asyncio.run(publish(synced, folder, "20260106T060000Z-two", incomplete={"provisioning_jobs": reason}))

    shown, as_json = run("status"), run("status", "--json")

    assert (shown.exit_code, as_json.exit_code) == (4, 4)
    assert f"Incomplete: provisioning_jobs. {reason}" in shown.stdout
    assert json.loads(as_json.stdout)["snapshot"]["incomplete"] == {"provisioning_jobs": reason}
    asked = run("applications", "--json")
    assert asked.exit_code == 0
    assert asked.stderr == f"Incomplete: provisioning_jobs. {reason}\n"


def test_export(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    answer = document(
        run("export", str(out), "--format", "jsonl", "--table", "licenses", "--table", "groups", "--json")
    )

    assert [(file["table"], file["rows"]) for file in answer["files"]] == [("groups", 4), ("licenses", 2)]
    assert sorted(path.name for path in out.iterdir()) == ["groups.jsonl", "licenses.jsonl"]
    again = run("export", str(out), "--format", "jsonl")
    assert again.exit_code == 1
    assert "would be overwritten" in again.stderr
    assert run("export", str(out), "--format", "jsonl", "--force").exit_code == 0
    assert len(list(out.iterdir())) == 8


def test_ambiguity_lists_the_candidates(run: Run) -> None:
    shown = run("access", "anna")

    assert (shown.exit_code, shown.stdout) == (5, "")
    assert shown.stderr.splitlines() == [
        "'anna' fits 2 of them. Ask again with the id of the one that you mean.",
        "  account  Anna Andersson  anna@contoso.com  a-anna",
        "  account  Anna Berg  anna.berg@contoso.com  a-berg",
    ]
    as_json = run("access", "anna", "--json")
    error = json.loads(as_json.stdout)["error"]
    assert (as_json.exit_code, error["kind"], error["total"]) == (5, "ambiguous", 2)
    assert [one["id"] for one in error["candidates"]] == ["a-anna", "a-berg"]


def test_not_found(run: Run) -> None:
    shown = run("holders", "nothing")

    assert shown.exit_code == 5
    assert shown.stderr.startswith("No group, enterprise application, directory role, license or entitlement is called")
    assert json.loads(run("holders", "nothing", "--json").stdout)["error"]["kind"] == "not_found"


def test_names_cannot_steer_the_terminal(run: Run, synced: Settings, tmp_path: Path) -> None:
    evil = {"accounts": [{"id": "a-evil", "display_name": "\x1b[31mred\x07\tone\ntwo [bold]three"}]}
    evil["groups"] = [{"id": "g", "display_name": "G"}]
    asyncio.run(publish(synced, write_snapshot(tmp_path / "evil", evil), "20260107T060000Z-evil"))

    result = run("access", "a-evil")

    assert result.stderr == " [31mred  one two [bold]three (account, a-evil): 0 direct, 0 inherited\n"
