"""The command line, run in this process, against a storage account of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connector.cli.app import app
from connector.settings import Settings, known_settings
from tests.support.contoso import CONTOSO
from tests.support.snapshots import environment, make_container, publish, write_snapshot

Run = Callable[..., Result]


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting is set, the cache is empty, and the working directory holds no settings file."""
    for name in (*(setting.name for setting in known_settings()), "CONNECTOR_DEBUG", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")


@pytest.fixture
def run(clean: None) -> Run:
    """Run ``python -m connector`` with some arguments."""

    def invoke(*arguments: str, env: dict[str, str] | None = None) -> Result:
        return CliRunner().invoke(app, list(arguments), env=env, prog_name="python -m connector")

    return invoke


@pytest.fixture
def deployed(clean: None, storage_account: str, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A deployment that has never synced."""
    for name, value in environment(storage_account).items():
        monkeypatch.setenv(name, value)
    settings = Settings.load()
    make_container(settings)
    return settings


@pytest.fixture
def synced(deployed: Settings, tmp_path: Path) -> Settings:
    """A deployment whose snapshot in force is Contoso."""
    asyncio.run(publish(deployed, write_snapshot(tmp_path / "written", CONTOSO)))
    return deployed
