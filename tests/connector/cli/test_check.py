"""``check``: one line each, and an exit code that says it all."""

from __future__ import annotations

import json
from collections.abc import Callable

from azure.storage.blob import BlobServiceClient
from typer.testing import Result

from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate

Run = Callable[..., Result]


def test_wrong_settings_end_with_2_and_name_each(run: Run) -> None:
    shown = run("check", "--json", env={"SYNC_SCHEDULE": "hourly"})

    assert shown.exit_code == 2
    found = json.loads(shown.stdout)
    assert found["state"] == "failed"
    assert any(one["found"].startswith("SYNC_SCHEDULE must be") for one in found["findings"])


def test_the_exit_code_follows_the_worst_finding(run: Run, storage_account: str) -> None:
    with BlobServiceClient.from_connection_string(storage_account) as service:
        service.create_container("entra")
    with GraphEmulator(generate(users=5, seed=1)) as graph:
        environment = {**graph.environment(), "AzureWebJobsStorage": storage_account}
        before = run("check", env=environment)
        wrong = run("check", env={**environment, "ENTRA_CLIENT_SECRET": "guessed"})
        synced = run("sync", env=environment)
        well = run("check", env=environment)

    assert (before.exit_code, wrong.exit_code, synced.exit_code, well.exit_code) == (4, 1, 0, 0)
    lines = [line.split("\t") for line in well.stdout.splitlines()]
    assert lines[0] == ["state", "check", "found", "what to do"]
    assert {line[0] for line in lines[1:]} <= {"ok", "skipped"}
    assert "guessed" not in wrong.output
    assert "Traceback" not in wrong.output
