"""``grant``, ``revoke`` and ``operations``: each step, what it came to, why not, and how that is told to programs."""

from __future__ import annotations

import asyncio
import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from typer.testing import Result

from connector.settings import Settings
from connector.storage import open_store
from connector.storage.records import DeadLetter
from connector.storage.records.operations import Problem
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from emulators.graph.tenant.truth import truth
from tests.support.journals import later

Run = Callable[..., Result]
NOBODY = "00000000-0000-4000-8000-000000000000"
WHY = ("--justification", "A test")


@pytest.fixture(scope="module")
def emulator() -> Iterator[GraphEmulator]:
    with closing(generate(users=60, groups=12, seed=1)) as tenant, GraphEmulator(tenant) as running:
        yield running


@pytest.fixture
def graph(emulator: GraphEmulator, deployed: Settings, monkeypatch: pytest.MonkeyPatch) -> GraphEmulator:
    """The tenant, of a deployment that may change it and has never synced."""
    for name, value in emulator.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROVISIONING_ENABLED", "true")
    return emulator


@pytest.fixture
def group(graph: GraphEmulator) -> str:
    """The id of a group that anybody may join."""
    return str(graph.tenant.create_group("Tests"))


@pytest.fixture
def person(graph: GraphEmulator) -> str:
    """The sign-in name of somebody."""
    return str(next(row["user_principal_name"] for row in truth(graph.tenant)["accounts"] if row["enabled"]))


def members(graph: GraphEmulator, group: str) -> set[str]:
    entitlement = f"group:{group}:member"
    return {row["principal_id"] for row in truth(graph.tenant)["grants"] if row["entitlement_id"] == entitlement}


def steps(result: Result) -> list[str]:
    return [line.split()[1] for line in result.stderr.splitlines()]


def test_a_grant_is_told_step_by_step_and_ends_seen(run: Run, graph: GraphEmulator, group: str, person: str) -> None:
    result = run("grant", f"group:{group}:member", person, *WHY)

    assert result.exit_code == 0, result.output
    told = steps(result)
    assert told[0] == "accepted"
    assert [told.index(one) for one in ("decided", "intended", "written", "verified")] == sorted(
        told.index(one) for one in ("decided", "intended", "written", "verified")
    )
    assert len(told) == len(result.stderr.splitlines())
    assert result.stdout.startswith("Operation ")
    assert result.stdout.endswith(": granted, and seen.\n")
    assert len(members(graph, group)) == 1


def test_asked_for_again_there_is_nothing_to_do(run: Run, graph: GraphEmulator, group: str, person: str) -> None:
    first = run("grant", f"group:{group}:member", person, *WHY)
    assert first.exit_code == 0, first.output

    again = run("grant", f"group:{group}:member", person, *WHY, "--json")

    assert again.exit_code == 0, again.output
    told = json.loads(again.stdout)
    assert (told["status"], told["result"]) == ("succeeded", "already_granted")
    assert told["requester"] == {"kind": "command_line", "id": getpass.getuser(), "name": getpass.getuser()}
    gone = run("revoke", f"group:{group}:member", person, *WHY)
    assert gone.stdout.endswith(": revoked, and seen to be gone.\n"), gone.output
    assert members(graph, group) == set()


def test_a_dry_run_changes_nothing(run: Run, graph: GraphEmulator, group: str, person: str) -> None:
    graph.metrics.reset()

    result = run("grant", f"group:{group}:member", person, *WHY, "--dry-run")

    assert (result.exit_code, members(graph, group)) == (0, set()), result.output
    assert result.stdout.endswith(": would be granted; nothing was changed.\n")
    assert graph.metrics.snapshot()["writes"] == 0


def test_what_is_refused_says_why_and_what_to_do(run: Run, graph: GraphEmulator, person: str) -> None:
    dynamic = next(row["id"] for row in truth(graph.tenant)["groups"] if row["is_dynamic"])

    result = run("grant", f"group:{dynamic}:member", person, *WHY)

    assert result.exit_code == 6, result.output
    first, why, remedy = result.stdout.splitlines()
    assert first.endswith(": refused: dynamic_membership.")
    operation = first.split()[1].rstrip(":")
    as_json = json.loads(run("operations", "show", operation, "--json").stdout)
    assert [as_json["problem"][name] for name in ("sentence", "remedy")] == [why, remedy]
    assert run("operations", "list", "--status", "refused").stdout.count(operation) == 1
    assert run("operations", "list", "--status", "failed").stdout.count(operation) == 0


def test_what_begins_later_is_left_to_the_function_app(run: Run, graph: GraphEmulator, group: str, person: str) -> None:
    result = run("grant", f"group:{group}:member", person, *WHY, "--starts", "2d")

    assert result.exit_code == 0, result.output
    assert "scheduled; it begins later, not before" in result.stdout
    operation = result.stdout.split()[1].rstrip(":")
    cancelled = run("operations", "cancel", operation)
    assert cancelled.stdout.startswith(f"Operation {operation}: cancelled"), cancelled.output
    assert run("operations", "cancel", operation).exit_code == 0
    revived = run("operations", "retry", operation, "--no-wait")
    assert revived.exit_code == 0, revived.output
    assert members(graph, group) == set()


def test_asked_with_the_same_key_it_is_the_same_operation(
    run: Run, graph: GraphEmulator, group: str, person: str
) -> None:
    asked = ("grant", f"group:{group}:member", person, *WHY, "--key", "one", "--no-wait", "--json")
    first, second = run(*asked), run(*asked)

    assert json.loads(first.stdout)["id"] == json.loads(second.stdout)["id"]
    assert "This was asked before with the same key" in second.stderr
    other = run("revoke", f"group:{group}:member", person, *WHY, "--key", "one")
    assert (other.exit_code, other.stdout) == (6, "")
    assert "was used for another request" in other.stderr


def test_operations_are_listed_and_shown_with_their_history(
    run: Run, graph: GraphEmulator, group: str, person: str
) -> None:
    asked = run("grant", f"group:{group}:owner", person, *WHY, "--ticket", "CHG1", "--no-wait")
    operation = asked.stdout.split()[1].rstrip(":")

    shown, listed = run("operations", "show", operation), run("operations", "list", "--principal", person)

    assert {"justification\tA test", "ticket\tCHG1", "status\taccepted"} <= set(shown.stdout.splitlines())
    assert f"asked by\t{getpass.getuser()} (command line)" in shown.stdout
    assert listed.stdout.splitlines()[1].split("\t")[1] == operation
    page = json.loads(run("operations", "list", "--limit", "1", "--json").stdout)
    assert [one["id"] for one in page["operations"]] == [operation]


def test_what_there_is_not(run: Run, graph: GraphEmulator, group: str) -> None:
    for command in ("show", "cancel", "retry"):
        result = run("operations", command, f"20310303T080000000000Z-{NOBODY[:8]}-0001-001")
        assert (result.exit_code, result.stdout) == (5, ""), command
        assert result.stderr.startswith("There is no operation")
    assert json.loads(run("operations", "show", "nonsense", "--json").stdout)["error"]["kind"] == "not_found"
    assert run("operations", "list").stderr == "No such operations.\n"
    assert run("operations", "list", "--after", "nonsense!").exit_code == 2
    nobody = run("grant", f"group:{group}:member", NOBODY, *WHY)
    assert "refused: principal_not_found" in nobody.stdout
    assert nobody.exit_code == 6


def test_wrong_usage_names_the_option(run: Run, graph: GraphEmulator, group: str, person: str) -> None:
    for arguments, name in (
        ((*WHY, "--scope", "nowhere"), "--scope"),
        ((*WHY, "--ticket", "two words"), "--ticket"),
        (("--justification", " "), "--justification"),
        ((*WHY, "--expires", "yesterday"), "--expires"),
        ((*WHY, "--starts", "3d", "--expires", "2d"), "--expires"),
        ((), "--justification"),
    ):
        result = run("grant", f"group:{group}:member", person, *arguments)
        assert result.exit_code == 2, result.output
        assert name in result.stderr
    assert run("operations", "list").stderr == "No such operations.\n"


def test_where_provisioning_is_off_nothing_is_accepted(
    run: Run, graph: GraphEmulator, group: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROVISIONING_ENABLED", "false")

    result = run("grant", f"group:{group}:member", NOBODY, *WHY)

    assert (result.exit_code, result.stdout) == (6, "")
    assert "PROVISIONING_ENABLED" in result.stderr
    assert run("operations", "list").stderr == "No such operations.\n"


def test_messages_that_nobody_understood(run: Run, graph: GraphEmulator) -> None:
    problem = Problem(code="malformed_message", sentence="It is no JSON.", remedy="Send JSON.")

    async def put_aside() -> None:
        async with open_store(Settings.load()) as store:
            await store.operations.create_dead_letter(
                DeadLetter(id="d1", at=later(0), text="\x1b[31m?", problem=problem)
            )

    asyncio.run(put_aside())

    assert run("operations", "list", "--dead-letters").stdout.splitlines()[1].split("\t")[1:] == [
        "d1",
        "It is no JSON.",
        " [31m?",
    ]
    told: dict[str, Any] = json.loads(run("operations", "list", "--dead-letters", "--json").stdout)
    assert [one["id"] for one in told["dead_letters"]] == ["d1"]


@pytest.mark.parametrize("command", ["list", "show", "cancel", "retry"])
def test_each_of_operations_explains_itself(run: Run, command: str) -> None:
    text = run("operations", command, "--help", env={"COLUMNS": "300"}).stdout

    assert f"Example: python -m connector operations {command}" in text
    assert "Settings that matter here:" in text
    assert "--json" in text
