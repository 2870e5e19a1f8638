"""host.json, local.settings.json, durations, connections and keys: what is read, and what is refused."""

import json
import logging
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from emulators.functions.connections import connection_string
from emulators.functions.errors import HostRefused
from emulators.functions.hostjson import HostConfiguration, QueueOptions, read_host_json
from emulators.functions.keys import AuthLevel, Keys
from emulators.functions.settings import expand, read_local_settings
from emulators.functions.timespan import parse_timespan

ACCOUNT = "AccountName=a;AccountKey=a2V5;QueueEndpoint=http://127.0.0.1:1/a"


def host_json(folder: Path, content: Any) -> HostConfiguration:
    text = content if isinstance(content, str) else json.dumps({"version": "2.0"} | content)
    folder.joinpath("host.json").write_text(text)
    return read_host_json(folder)


def test_an_empty_host_json_has_the_documented_defaults(tmp_path: Path) -> None:
    assert host_json(tmp_path, {}) == HostConfiguration(
        route_prefix="api",
        queues=QueueOptions(16, 8, 5, timedelta(0), timedelta(minutes=1), base64=True),
        function_timeout=timedelta(minutes=30),
        log_levels={},
    )


def test_every_setting_of_host_json_is_read(tmp_path: Path) -> None:
    queues = {
        "batchSize": 32,
        "newBatchThreshold": 3,
        "maxDequeueCount": 2,
        "visibilityTimeout": "00:00:30",
        "maxPollingInterval": "00:00:02",
        "messageEncoding": "none",
    }
    content = {
        "functionTimeout": "-1",
        "extensions": {"http": {"routePrefix": ""}, "queues": queues},
        "logging": {"logLevel": {"default": "Warning", "Function.sync": "Debug"}},
    }

    assert host_json(tmp_path, content) == HostConfiguration(
        route_prefix="",
        queues=QueueOptions(32, 3, 2, timedelta(seconds=30), timedelta(seconds=2), base64=False),
        function_timeout=None,
        log_levels={"default": logging.WARNING, "function.sync": logging.DEBUG},
    )


def test_new_batch_threshold_follows_batch_size(tmp_path: Path) -> None:
    assert host_json(tmp_path, {"extensions": {"queues": {"batchSize": 4}}}).queues.new_batch_threshold == 2


def test_the_longest_category_decides_the_log_level() -> None:
    levels = {"default": logging.ERROR, "function": logging.WARNING, "function.sync.user": logging.DEBUG}
    configuration = HostConfiguration(log_levels=levels)

    assert configuration.level_of("Function.sync.User") == logging.DEBUG
    assert configuration.level_of("Function.sync") == logging.WARNING
    assert configuration.level_of("Functionality") == logging.ERROR
    assert HostConfiguration().level_of("Host") == logging.INFO


def test_every_problem_of_host_json_is_told_at_once(tmp_path: Path) -> None:
    queues = {"batchSize": 33, "maxDequeueCount": True, "messageEncoding": "utf8", "maxPollingInterval": "00:00:00"}
    content = {
        "functionTimeout": "10 minutes",
        "extensions": {"queues": queues},
        "logging": {"logLevel": {"default": "Loud"}},
    }

    with pytest.raises(HostRefused) as refused:
        host_json(tmp_path, content)

    problems = " ".join(refused.value.problems)
    assert len(refused.value.problems) == 6
    for name in ("batchSize", "maxDequeueCount", "messageEncoding", "maxPollingInterval", "functionTimeout", "'Loud'"):
        assert name in problems


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "1.0"}', "{'version': '2.0'}"])
def test_what_is_no_host_json_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(HostRefused, match=r"host\.json"):
        host_json(tmp_path, content)


def test_a_folder_without_host_json_is_refused(tmp_path: Path) -> None:
    with pytest.raises(HostRefused, match=r"holds no host\.json"):
        read_host_json(tmp_path)


def test_local_settings_become_texts(tmp_path: Path) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text('\ufeff{"IsEncrypted": false, "Values": {"A": "1", "B": true, "C": 2, "D": null}}', "utf-8")

    assert read_local_settings(path) == {"A": "1", "B": "true", "C": "2"}


def test_missing_local_settings_are_fine(tmp_path: Path) -> None:
    assert read_local_settings(tmp_path / "local.settings.json") == {}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"IsEncrypted": true, "Values": {"A": "x"}}', "is encrypted"),
        ("nothing", "cannot be read"),
        ("[]", "must be a JSON object"),
        ('{"Values": []}', "must be a JSON object"),
        ('{"Values": {"A": {}}}', "the value of A must be a text"),
    ],
)
def test_local_settings_that_cannot_be_used_are_refused(tmp_path: Path, content: str, complaint: str) -> None:
    path = tmp_path / "local.settings.json"
    path.write_text(content)

    with pytest.raises(HostRefused, match=complaint):
        read_local_settings(path)


def test_references_to_settings_are_replaced() -> None:
    assert expand("%A%-x-%B%", {"A": "1", "B": "2"}) == "1-x-2"


@pytest.mark.parametrize("settings", [{}, {"A": ""}])
def test_a_reference_to_a_missing_setting_names_it(settings: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="the setting A is missing"):
        expand("%A%", settings)


@pytest.mark.parametrize(
    ("text", "seconds"), [("00:05:00", 300), ("1.02:00:00", 93_600), ("00:00:00.250", 0.25), ("23:59:59", 86_399)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_timespan(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["5", "00:05", "24:00:00", "00:60:00", "00:00:60", "-00:01:00", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_timespan(text)


@pytest.mark.parametrize("name", ["Store", "AzureWebJobsStore", "ConnectionStrings:Store"])
def test_a_connection_is_found_under_the_names_of_the_real_host(name: str) -> None:
    assert connection_string("Store", {name: ACCOUNT}) == ACCOUNT


def test_development_storage_is_the_emulator_on_its_usual_ports() -> None:
    assert "http://127.0.0.1:10001/devstoreaccount1" in connection_string("S", {"S": "UseDevelopmentStorage=true"})


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "'S', which must hold a storage connection string, is missing"),
        ({"S": "", "S__queueServiceUri": ""}, "'S', which must hold a storage connection string, is missing"),
        ({"S__queueServiceUri": "https://x", "S__credential": "managedidentity"}, "identity-based.*not supported here"),
        ({"S": "nonsense"}, "'S' does not hold a storage connection string"),
    ],
)
def test_connections_that_cannot_be_used_are_refused(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        connection_string("S", settings)


def test_a_connection_string_is_not_repeated_in_a_complaint() -> None:
    with pytest.raises(ValueError, match="does not hold") as refused:
        connection_string("S", {"S": "AccountKey=c2VjcmV0"})

    assert "c2VjcmV0" not in str(refused.value)


def test_keys_are_kept_in_a_file_of_the_owners_and_completed(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keys.json"
    first = Keys.kept_in(path, ["a"])
    second = Keys.kept_in(path, ["a", "b"])

    assert (second.master, second.host, second.functions["a"]) == (first.master, first.host, first.functions["a"])
    assert second.functions["b"] not in {*first.functions.values(), first.master, first.host}
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_keys_file_that_is_not_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text("[]")

    with pytest.raises(HostRefused, match="cannot be read"):
        Keys.kept_in(path, [])


def test_keys_are_not_shown_when_printed() -> None:
    keys = Keys.make(["a"])

    assert not any(key in repr(keys) for key in (keys.master, keys.host, keys.functions["a"]))


def test_only_the_master_key_opens_what_is_for_admins() -> None:
    keys = Keys.make(["a"])

    opened = [keys.open(AuthLevel.ADMIN, "a", key) for key in (keys.master, keys.host, keys.functions["a"], None, "")]
    assert opened == [True, False, False, False, False]
