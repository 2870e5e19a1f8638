"""``GET /api/health``: every finding, for those who have a key; 503 where something does not work."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient

from connector.functions.health import health
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate


def ask() -> tuple[int, dict[str, Any]]:
    user_function = health.build().get_user_function()
    answer = asyncio.run(user_function(func.HttpRequest(method="GET", url="/api/health", body=b"")))
    return answer.status_code, json.loads(answer.get_body())


def test_it_takes_a_key() -> None:
    trigger = health.build().get_trigger()
    assert trigger is not None
    assert trigger.get_dict_repr()["authLevel"] is func.AuthLevel.FUNCTION


def test_wrong_settings_are_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNC_SCHEDULE", "hourly")

    status, found = ask()

    assert (status, found["state"]) == (503, "failed")
    assert any(one["found"].startswith("SYNC_SCHEDULE must be") for one in found["findings"])


def test_what_works_is_200_and_what_does_not_503(storage_account: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with BlobServiceClient.from_connection_string(storage_account) as service:
        service.create_container("entra")
    with GraphEmulator(generate(users=5, seed=1)) as graph:
        for name, value in {**graph.environment(), "AzureWebJobsStorage": storage_account}.items():
            monkeypatch.setenv(name, value)
        well, _ = ask()
        graph.tenant.set_permissions([])
        ill, found = ask()

    assert (well, ill) == (200, 503)
    assert next(one for one in found["findings"] if one["check"] == "permissions")["remedy"]
