"""Settings: what is missing is said at once; a file can set them; secrets are never shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from connector.settings import known_settings
from connector.storage.names import CHANGES_QUEUE, LIFECYCLE_QUEUE, POISON_SUFFIX, SYNC_QUEUE
from tests.support.snapshots import TENANT, environment

Run = Callable[..., Result]
SECRET = "DefaultEndpointsProtocol=https;AccountName=contoso;AccountKey=c2VjcmV0;EndpointSuffix=core.windows.net"
COMMANDS = (["sync"], ["status"], ["access", "x"], ["holders", "x"], ["applications"], ["export", "x"])


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_every_problem_is_told_at_once_in_a_sentence_each(run: Run, command: list[str]) -> None:
    shown = run(*command)

    assert (shown.exit_code, shown.stdout) == (2, "")
    problems = shown.stderr.splitlines()
    first_words = [problem.split()[0] for problem in problems]
    assert first_words[:3] == [
        "ENTRA_TENANT_ID",
        "AzureWebJobsStorage__blobServiceUri",
        "AzureWebJobsStorage__queueServiceUri",
    ]
    assert first_words[3:] == (
        ["Nothing", "ENTRA_CLIENT_ID"] if command == ["sync"] else []
    )  # others only read storage
    as_json = run(*command, "--json")
    assert as_json.exit_code == 2
    assert json.loads(as_json.stdout)["error"]["problems"] == problems


def test_settings_shows_every_setting_and_no_secret(run: Run) -> None:
    given = environment(SECRET) | {"SKIP_AD_GROUPS": "true"}
    shown = json.loads(run("settings", "--json", env=given).stdout)

    rows = {row["name"]: row for row in shown["settings"]}
    assert list(rows) == [setting.name for setting in known_settings()]
    assert (rows["ENTRA_TENANT_ID"]["value"], rows["ENTRA_TENANT_ID"]["source"]) == (TENANT, "environment")
    assert (rows["SKIP_AD_GROUPS"]["value"], rows["SKIP_AD_GROUPS"]["default"]) == ("true", "false")
    assert (rows["STORAGE_CONTAINER"]["value"], rows["STORAGE_CONTAINER"]["source"]) == ("entra", "default")
    assert rows["ENTRA_CLIENT_SECRET"]["value"] == rows["AzureWebJobsStorage"]["value"] == "(set)"
    assert shown["problems"] == []
    assert shown["signs_in_with"] == "client secret from ENTRA_CLIENT_SECRET, chosen by ENTRA_AUTH=auto"
    text = run("settings", env=given)
    assert "Signs in with: client secret from ENTRA_CLIENT_SECRET, chosen by ENTRA_AUTH=auto\n" in text.stdout
    assert text.exit_code == 0
    for secret in ("not-a-real-secret", "AccountKey"):
        assert secret not in text.output + json.dumps(shown)


def test_settings_shows_problems_beside_the_values(run: Run) -> None:
    result = run("settings", "--json", env=environment(SECRET) | {"SYNC_SCHEDULE": "hourly"})

    assert result.exit_code == 2
    [problem] = json.loads(result.stdout)["problems"]
    assert problem.startswith("SYNC_SCHEDULE must be a schedule of six fields")


@pytest.mark.parametrize("queue", [SYNC_QUEUE, CHANGES_QUEUE, LIFECYCLE_QUEUE, SYNC_QUEUE + POISON_SUFFIX])
def test_others_are_not_told_through_a_queue_that_the_connector_reads(run: Run, queue: str) -> None:
    result = run("settings", "--json", env=environment(SECRET) | {"CHANGES_OUTPUT_QUEUE": queue})

    assert json.loads(result.stdout)["problems"] == [
        f"CHANGES_OUTPUT_QUEUE must be the name of another queue than the connector's own; it is {queue!r}."
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AzureWebJobsStorage__blobServiceUri", "https://contoso.blob.core.windows.net/?sv=2024-11-04&sig=c2VjcmV0"),
        ("NOTIFICATION_URL", "https://contoso.azurewebsites.net/api/notifications/changes?code=c2VjcmV0"),
        ("NOTIFICATION_URL", "https://anna:c2VjcmV0@contoso.com"),
        ("GRAPH_ENDPOINT", "http://anna:c2V@jcmV0:c2VjcmV0@graph.microsoft.com/v1.0?x"),
    ],
)
def test_a_secret_that_does_not_belong_in_an_address_is_not_told(run: Run, name: str, value: str) -> None:
    result = run("settings", "--json", env=environment(SECRET) | {name: value})

    problems = json.loads(result.stdout)["problems"]
    assert any(name in problem for problem in problems)
    assert "c2V" not in "".join(problems)


def test_a_settings_file_counts_where_the_environment_says_nothing(run: Run, tmp_path: Path) -> None:
    values = environment(SECRET) | {"STORAGE_CONTAINER": "from-file", "INHERITED_GRANTS": "off"}
    (tmp_path / "mine.json").write_text(json.dumps({"IsEncrypted": False, "Values": values}))

    result = run(
        "--settings", str(tmp_path / "mine.json"), "settings", "--json", env={"STORAGE_CONTAINER": "from-environment"}
    )

    assert result.exit_code == 0, result.output
    rows = {row["name"]: (row["value"], row["source"]) for row in json.loads(result.stdout)["settings"]}
    assert rows["STORAGE_CONTAINER"] == ("from-environment", "environment")
    assert rows["INHERITED_GRANTS"] == ("off", "file")


def test_local_settings_json_is_read_if_it_is_there(run: Run) -> None:
    Path("local.settings.json").write_text(json.dumps({"Values": environment(SECRET)}))

    assert run("settings").exit_code == 0


@pytest.mark.parametrize("content", ["not JSON", "[]", '{"Other": {}}', '{"Values": {"A": 1}}', None])
def test_a_settings_file_that_is_none_is_said_plainly(run: Run, tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "mine.json").write_text(content)

    result = run("--settings", str(tmp_path / "mine.json"), "settings")

    assert result.exit_code == 2
    assert "mine.json" in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_what_was_put_into_the_wrong_setting_is_not_shown_either(run: Run) -> None:
    secret = "abc8Q~" + "x" * 34
    wrong = {
        "AzureWebJobsStorage__blobServiceUri": "https://contoso.blob.core.windows.net/?sv=1&sig=c2VjcmV0",
        "ENTRA_CLIENT_SECRET_NAME": secret,
    }

    shown = run("settings", "--json", env=environment(SECRET) | wrong)

    assert shown.exit_code == 2
    assert "sig=c2VjcmV0" not in shown.output
    assert secret not in shown.output
