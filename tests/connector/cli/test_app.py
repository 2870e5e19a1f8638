"""What holds for every command: help, errors, exit codes, and what is imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from connector.settings import Settings, known_settings
from tests.support.snapshots import environment

TOP = Path(__file__).resolve().parents[3]
Run = Callable[..., Result]
COMMANDS = (
    "sync",
    "status",
    "access",
    "holders",
    "applications",
    "changes",
    "export",
    "grant",
    "revoke",
    "setup",
    "settings",
)


def test_help_explains_every_command_setting_and_exit_code(run: Run) -> None:
    text = run("--help", env={"COLUMNS": "300", "TERMINAL_WIDTH": "300"}).stdout

    for word in (*COMMANDS, *(setting.name for setting in known_settings()), "CONNECTOR_DEBUG"):
        assert word in text
    words = " ".join(text.split())
    for setting in known_settings():
        assert setting.meaning.split(".")[0].replace("`", "").replace("*", "") in words
    for sentence in ("3 nothing has been synced yet", "5 nothing is called so, or several are"):
        assert sentence in words


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself_with_an_example(run: Run, command: str) -> None:
    text = run(command, "--help", env={"COLUMNS": "300"}).stdout

    assert f"Example: python -m connector {command}" in text or f"json {command}" in text
    assert "Settings that matter here:" in text
    assert "--json" in text


def test_nothing_synced(run: Run, deployed: Settings, tmp_path: Path) -> None:
    for command in (
        ["access", "x"],
        ["holders", "x"],
        ["applications"],
        ["changes"],
        ["export", str(tmp_path / "out")],
    ):
        shown, as_json = run(*command), run(*command, "--json")
        assert (shown.exit_code, as_json.exit_code) == (3, 3)
        assert shown.stderr == (
            "Nothing has been synced yet. Run `python -m connector sync`, or wait for the schedule.\n"
        )
        assert json.loads(as_json.stdout)["error"]["kind"] == "nothing_synced"
    assert not (tmp_path / "out").exists()
    status = run("status", "--json")
    assert status.exit_code == 3
    assert json.loads(status.stdout) == {
        "tenant_id": deployed.tenant_id,
        "snapshot": None,
        "journal": None,
        "rounds": None,
        "last_sync": None,
        "notifications": None,
        "credential": None,
        "connection": None,
    }


def test_a_container_that_does_not_exist_is_said_plainly(run: Run, storage_account: str) -> None:
    result = run("status", env=environment(storage_account))

    assert (result.exit_code, result.stdout) == (1, "")
    assert "The blob container 'entra' does not exist" in result.stderr
    assert "Traceback" not in result.stderr


def test_debug_shows_the_stack_trace(run: Run, storage_account: str) -> None:
    for arguments, extra in ((["--debug", "status"], {}), (["status"], {"CONNECTOR_DEBUG": "1"})):
        result = run(*arguments, env=environment(storage_account) | extra)
        assert "Traceback" in result.stderr
        assert "ContainerMissing" in result.stderr


def test_wrong_usage(run: Run) -> None:
    assert run("access").exit_code == 2
    assert run("export", "x", "--format", "excel").exit_code == 2
    assert run("nonsense").exit_code == 2


def python(*arguments: str, env: dict[str, str], cwd: Path) -> subprocess.CompletedProcess[str]:
    base = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        env=base | {"PYTHONPATH": str(TOP), "PYTHONUTF8": "1", "XDG_CACHE_HOME": str(cwd)} | env,
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=60,
    )


def test_as_a_process(synced: Settings, storage_account: str, tmp_path: Path) -> None:
    done = python("-m", "connector", "access", "bob", "--json", env=environment(storage_account), cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["principal"]["id"] == "a-bob"
    missing = python("-m", "connector", "access", "nobody", env=environment(storage_account), cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (5, "")


HEAVY = ("duckdb", "msgraph", "msgraph_core", "kiota_abstractions", "azure.core", "azure.identity", "httpx")


def imported_by(script: str, env: dict[str, str], cwd: Path) -> set[str]:
    report = "import sys; sys.stderr.write('|' + ' '.join(sys.modules))"
    program = f"import sys, atexit; atexit.register(lambda: exec({report!r})); sys.argv[0] = 'x'\n{script}"
    done = python("-c", program, env=env, cwd=cwd)
    return set(done.stderr.rpartition("|")[2].split())


def test_help_imports_nothing_heavy(tmp_path: Path) -> None:
    modules = imported_by("from connector.cli.app import app; app(['--help'])", {}, tmp_path)

    assert "connector.cli.app" in modules
    assert modules.isdisjoint(HEAVY)


def test_asking_imports_no_graph(synced: Settings, storage_account: str, tmp_path: Path) -> None:
    modules = imported_by(
        "from connector.cli.app import app; app(['access', 'bob'])", environment(storage_account), tmp_path
    )

    assert {"duckdb", "azure.core"} <= modules
    assert not [name for name in modules if name.startswith(("msgraph", "kiota", "connector.graph"))]
