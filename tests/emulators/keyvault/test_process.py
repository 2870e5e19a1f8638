"""The vault in a process of its own, beside a Graph emulator in this one."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx
import pytest
from azure.identity import ClientSecretCredential, ManagedIdentityCredential
from azure.keyvault.secrets import SecretClient

from emulators.graph import GraphEmulator
from emulators.keyvault import Role
from emulators.keyvault.__main__ import main
from emulators.keyvault.process import KeyVaultProcess
from emulators.processes import ReadyProcess


def test_a_vault_of_its_own_process(
    graph: GraphEmulator, credential: ClientSecretCredential, connector_id: str
) -> None:
    with KeyVaultProcess(graph.info(), {connector_id: Role.SECRETS_USER}) as process:
        ca_file = process.facts["ca_file"]
        admin = httpx.Client(base_url=process.facts["admin_url"], verify=ssl.create_default_context(cafile=ca_file))
        client = SecretClient(
            process.facts["url"], credential, connection_verify=ca_file, verify_challenge_resource=False
        )
        with admin, client:
            assert admin.post("/secrets", json={"name": "any", "value": "x"}).status_code == 200
            assert client.get_secret("any").value == "x"
            assert admin.get("/metrics").json() == {"Authentication": 1, "SecretGet": 1}
            assert admin.post("/grants", json={"object_id": "a", "role": "Owner"}).status_code == 400
            assert admin.get("/nothing").status_code == 404
        assert process.environment() == {"KEY_VAULT": process.facts["url"], "TLS_CA_FILE": ca_file}


@pytest.mark.parametrize("wrong", [["--grant", "id=Owner"], ["--authority", "http://localhost"]])
def test_wrong_options_are_told(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--tenant-id", "t", "--authority", "https://localhost:1", *wrong]
    with pytest.raises(SystemExit) as ended:
        main(options)
    assert ended.value.code == 2
    assert wrong[1].partition("=")[2] in capsys.readouterr().err


def test_a_managed_identity_opens_a_vault_between_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    options = ["--users", "5", "--managed-identity", "id-connector", "--certificates", str(tmp_path)]
    with ReadyProcess("emulators.graph", options) as graph:
        facts = graph.facts
        monkeypatch.setenv("IDENTITY_ENDPOINT", facts["identity_endpoint"])
        monkeypatch.setenv("IDENTITY_HEADER", facts["identity_header"])
        grants = {facts["identity_object_id"]: Role.SECRETS_OFFICER}
        with KeyVaultProcess(facts, grants, certificates=tmp_path) as vault:
            assert vault.facts["ca_file"] == facts["ca_file"]
            client = SecretClient(
                vault.facts["url"],
                ManagedIdentityCredential(client_id=facts["identity_client_id"]),
                connection_verify=facts["ca_file"],
                verify_challenge_resource=False,
            )
            with client:
                assert client.set_secret("any", "x").value == "x"
