"""A tenant with people who may do more and less, a vault beside it, and ``setup`` run as one of them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import certifi
import msgspec
import pytest
import requests.adapters
from typer.testing import CliRunner

from connector.cli.app import app
from connector.cli.output import Output
from connector.settings import known_settings
from emulators.graph import GraphEmulator
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator, Role

ROLES = {
    "global": "62e90394-69f5-4237-9190-012177145e10",
    "application": "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",
}
_CODE = re.compile(r"enter the code (\w+)")


@dataclass
class Run:
    """What one run printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The answer, where it is JSON."""
        read: dict[str, Any] = json.loads(self.out)
        return read


@dataclass
class World:
    """A tenant and a vault.

    Attributes:
        people: object ids by what they may do.
        printed: everything that any run has printed.
    """

    graph: GraphEmulator
    vault: KeyVaultEmulator
    people: dict[str, str]
    environment: dict[str, str]
    printed: list[str] = field(default_factory=list)
    decide: Callable[[str], None] = print

    @property
    def tenant(self) -> Tenant:
        """Whose state it is."""
        return self.graph.tenant

    def setup(self, *arguments: str, who: str = "global", answers: str = "", **environment: str) -> Run:
        """``python -m connector setup``; whoever it asks to sign in does so as ``who``."""
        self.decide = lambda code: self.graph.devices.approve(code, self.people[who])
        result = CliRunner().invoke(
            app, ["setup", *arguments], input=answers, env={**self.environment, **environment}, prog_name="connector"
        )
        self.printed += [result.stdout, result.stderr]
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Run(result.exit_code, result.stdout, result.stderr)

    def with_secret(self, *arguments: str, who: str = "global", **environment: str) -> Run:
        """The same with a client secret in Key Vault."""
        return self.setup("--credential", "secret", "--yes", *arguments, who=who, **environment)

    def registrations(self, name: str = "Entra ID connector") -> list[dict[str, Any]]:
        """App registrations that are called so."""
        rows = self.tenant.db.execute("SELECT body FROM objects WHERE type = 'application' AND deleted IS NULL")
        found = [msgspec.json.decode(row[0]) for row in rows]
        return [one for one in found if one["displayName"] == name]

    def secrets(self, app_id: str) -> dict[str, str]:
        """The client secrets of an application by key id: their texts, which only the emulator knows."""
        rows = self.tenant.db.execute(
            "SELECT id, content FROM credentials WHERE kind = 'secret' AND app_id = ?", (app_id,)
        )
        return {row[0]: row[1] for row in rows}

    def granted(self, app_id: str) -> set[str]:
        """Names of the permissions that an application is granted."""
        token = self.tenant.db.execute(
            "SELECT json_extract(r.value, '$.value') FROM app_role_assignments a JOIN objects p ON p.key = a.principal"
            " JOIN objects g ON g.key = a.resource, json_each(g.body, '$.appRoles') r"
            " WHERE json_extract(p.body, '$.appId') = ? AND json_extract(r.value, '$.id') = a.app_role_id",
            (app_id,),
        )
        return {row[0] for row in token}

    def state(self) -> tuple[str, ...]:
        """Everything in the tenant and in the vault, byte for byte."""
        kept = [repr(self.vault.vault.all())]
        return (*self.tenant.db.iterdump(), *kept)


class _Logged(logging.Handler):
    """Everything that anything logs, whatever its level."""

    def __init__(self, into: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._into = into

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self._into.append(record.getMessage())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[World]:
    """A tenant in which nothing has been set up."""
    for name in (*(one.name for one in known_settings()), "CONNECTOR_DEBUG", "IDENTITY_ENDPOINT", "MSI_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    tenant = Tenant.empty()
    people = {"nobody": tenant.create_user("nobody")}
    for name, role in ROLES.items():
        people[name] = tenant.create_user(name)
        tenant.assign_role(people[name], role)
    with GraphEmulator(tenant) as graph, KeyVaultEmulator.beside(graph) as vault:
        graph.variants = replace(graph.variants, device_code_interval=1)
        # All the world's certificate authorities take 10 ms to read, a dozen times a run; here there is one.
        monkeypatch.setattr(certifi, "where", lambda: graph.ca_file)
        monkeypatch.setattr(requests.adapters, "DEFAULT_CA_BUNDLE_PATH", graph.ca_file)
        for name in ROLES:
            vault.grant(people[name], Role.SECRETS_OFFICER)
        environment = {
            "ENTRA_TENANT_ID": tenant.id,
            "ENTRA_AUTHORITY": graph.authority,
            "GRAPH_ENDPOINT": graph.authority,
            **vault.environment(),
        }
        made = World(graph, vault, people, environment)
        tell = Output.tell

        def heard(self: Output, text: str) -> None:
            tell(self, text)
            code = _CODE.search(text)
            if code:
                made.decide(code[1])

        monkeypatch.setattr(Output, "tell", heard)
        logged = _Logged(made.printed)
        root = logging.getLogger()
        level = root.level
        root.setLevel(logging.DEBUG)
        root.addHandler(logged)
        try:
            yield made
        finally:
            root.removeHandler(logged)
            root.setLevel(level)
        texts = [row[0] for row in tenant.db.execute("SELECT content FROM credentials WHERE kind = 'secret'")]
        everything = "\n".join(made.printed)
        assert not [text for text in texts if text in everything], "a client secret was printed"
