"""The commands with which the documents set a tenant up do so, one after the other, in the order in which they stand there."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path

from emulators.keyvault import Role
from tests.connector.setup import conftest
from tests.connector.setup.conftest import World
from tests.docs.commands import CONNECTOR, commands
from tests.support.certificates import Made

world = conftest.world
EVERY = [one for one in commands() if one.program == CONNECTOR and one.arguments[:1] == ("setup",)]
WHOLE = [one for one in EVERY if {"--credential", "--managed-identity"} & set(one.arguments)]
"""Those that ask no questions but whether they may."""


def test_setup_is_done_as_it_is_shown(world: World, tmp_path: Path) -> None:
    identity = world.tenant.create_managed_identity("id-connector")
    world.vault.grant(world.people["global"], Role.CERTIFICATES_OFFICER)  # as `infra/` does for who deploys
    world.vault.vault.import_certificate("entra-certificate", base64.b64encode(Made().pfx()).decode())
    (tmp_path / "local.settings.json").write_text('{"IsEncrypted": false, "Values": {}}')
    names = {"TENANT_ID": world.tenant.id, "HOME_TENANT_ID": world.tenant.id, "OBJECT_ID": identity}
    inserted = {
        "--managed-identity": identity,
        "--identity-principal-id": identity,
        "--key-vault": world.environment["KEY_VAULT"],
        "--public-url": "https://contoso-entra.azurewebsites.net",
    }
    said = {}
    for command in sorted(WHOLE, key=lambda one: "--client-id" in one.arguments):
        made = world.registrations()
        known = {**names, "CLIENT_ID": made[0]["appId"] if made else ""}
        words = [
            inserted[option] if word in ("INSERTED", "contoso-kv") else known.get(word, word)
            for option, word in itertools.pairwise(command.arguments)
        ]
        run = world.setup(*words, "--yes")
        said[str(command)] = (run.code, run.out[-300:], run.err[-300:])

    assert len(said) > 8
    assert {command: told for command, told in said.items() if told[0] != 0} == {}
    assert len(world.registrations()) == 1
