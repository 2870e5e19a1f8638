"""From a tenant in which there is nothing to a connector that signs in, with each kind of credential; and again, and again."""

from __future__ import annotations

import base64
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from connector.permissions import APP_ROLES, PERMISSIONS, PROVISIONING, Feature, enabled_features, needed_for
from connector.settings import Settings
from connector.setup.administrators import GRAPH_COMMAND_LINE
from emulators.keyvault import Role
from tests.support.certificates import Made

READING = {
    one.name
    for one in needed_for(
        {
            Feature.SYNC,
            Feature.PIM,
            Feature.ADMINISTRATIVE_UNITS,
            Feature.APPLICATION_PROVISIONING,
            Feature.HIDDEN_MEMBERSHIP,
        }
    )
}
URL = "https://contoso-entra.azurewebsites.net"


def only_registration(world):
    (one,) = world.registrations()
    return one


def test_a_secret_goes_to_key_vault_and_signs_in(world):
    run = world.with_secret("--public-url", URL, "--valid-days", "90")
    assert run.code == 0, run.err
    registration = only_registration(world)
    assert registration["signInAudience"] == "AzureADMyOrg"
    assert registration["web"]["redirectUris"] == [f"{URL}/api/connect/callback"]
    ((key_id, text),) = world.secrets(registration["appId"]).items()
    secret, version = world.vault.vault.get("entra-client-secret")
    assert (version.value, len(secret.versions)) == (text, 1)
    assert version.tags == {"entra-key-id": key_id, "entra-client-id": registration["appId"]}
    assert registration["appId"] in version.content_type
    assert 89 * 86400 < version.ends_at - version.created <= 90 * 86400 + 5
    assert world.granted(registration["appId"]) >= READING
    assert "proven" in run.out
    assert f"ENTRA_CLIENT_ID={registration['appId']}" in run.out
    assert f"NOTIFICATION_URL={URL}" in run.out


def test_only_what_setup_takes_is_asked_of_the_administrator(world):
    world.with_secret()
    rows = world.tenant.db.execute("SELECT body FROM oauth2_permission_grants").fetchall()
    (grant,) = [json.loads(row[0]) for row in rows]
    assert sorted(grant["scope"].split()) == ["AppRoleAssignment.ReadWrite.All", "Application.ReadWrite.All"]
    tools = world.tenant.find(grant["clientId"]).body["appId"]
    assert tools == GRAPH_COMMAND_LINE


def test_the_second_run_changes_nothing_and_says_so(world):
    arguments = ("--public-url", URL, "--api", "--write-settings", "made.json")
    world.with_secret(*arguments)
    before = world.state()
    run = world.with_secret(*arguments)
    assert run.code == 0
    assert world.state() == before
    assert "done" not in run.out
    assert "Nothing had to be changed." in run.err


def test_a_dry_run_tells_all_and_writes_nothing(world):
    world.setup("--credential", "none", "--name", "Signs in first", "--yes")
    for arguments in (("--api",), ("--name", "Signs in first", "--feature", "provisioning")):
        before = world.state()
        run = world.with_secret("--dry-run", "--write-settings", "made.json", *arguments)
        assert run.code == 0
        assert world.state() == before
        assert not Path("made.json").exists()
        assert "Nothing was written." in run.err
        assert "to do  Make a client secret, valid for 180 days" in run.out
    assert "ask for " in run.out
    assert "Group.ReadWrite.All" in run.out


def test_a_certificate_of_key_vault_is_registered_beside_the_others(world):
    world.setup("--credential", "none", "--yes")
    app_id = only_registration(world)["appId"]
    world.tenant.add_certificate(Made(3, name="others").public.decode(), app_id=app_id)
    world.vault.vault.import_certificate("entra-certificate", Made(1).pem().decode())
    world.vault.grant(world.people["global"], Role.CERTIFICATE_USER)
    run = world.setup("--credential", "certificate", "--yes")
    assert run.code == 0, run.err
    assert "proven" in run.out
    assert _certificates(world, app_id) == 2
    before = world.state()
    assert "is registered." in world.setup("--credential", "certificate", "--yes").out
    assert world.state() == before


def test_the_public_part_of_a_pem_file_is_enough(world, tmp_path):
    (tmp_path / "public.pem").write_bytes(Made(1).public)
    run = world.setup("--certificate-file", "public.pem", "--yes")
    assert run.code == 0, run.err
    assert "cannot be tried from here" in run.out
    (tmp_path / "whole.pem").write_bytes(Made(2).pem())
    run = world.setup("--certificate-file", "whole.pem", "--yes")
    assert "proven" in run.out
    assert f"ENTRA_CERTIFICATE_FILE={tmp_path / 'whole.pem'}" in run.out
    assert _certificates(world, only_registration(world)["appId"]) == 2


def _certificates(world, app_id):
    sql = "SELECT count(*) FROM credentials WHERE kind = 'certificate' AND app_id = ?"
    return world.tenant.db.execute(sql, (app_id,)).fetchone()[0]


def test_tokens_of_kubernetes_are_trusted(world):
    told = (
        "--federated-issuer",
        "https://oidc.example/1/",
        "--federated-subject",
        "system:serviceaccount:entra:connector",
    )
    run = world.setup(*told, "--yes")
    assert run.code == 0, run.err
    assert _trusted(world) == [("https://oidc.example/1/", told[3], "api://AzureADTokenExchange")]
    assert "ENTRA_AUTH=workload_identity" in run.out
    before = world.state()
    assert world.setup(*told, "--yes").code == 0
    assert world.state() == before


def test_a_wrong_audience_is_corrected(world):
    world.setup("--credential", "none", "--yes")
    app_id = only_registration(world)["appId"]
    world.tenant.add_federated_credential(
        "https://oidc.example", "s", audience="api://wrong", app_id=app_id, name="by-hand"
    )
    world.setup("--federated-issuer", "https://oidc.example", "--federated-subject", "s", "--yes")
    assert _trusted(world) == [("https://oidc.example", "s", "api://AzureADTokenExchange")]


def test_a_managed_identity_stands_for_the_app_registration(world):
    identity = world.tenant.create_managed_identity("id-connector")
    client_id = world.tenant.managed_identity(identity).client_id
    run = world.setup("--identity-principal-id", identity, "--yes")
    assert run.code == 0, run.err
    issuer = f"https://login.microsoftonline.com/{world.tenant.id}/v2.0"
    assert _trusted(world) == [(issuer, identity, "api://AzureADTokenExchange")]
    assert f"AZURE_CLIENT_ID={client_id}" in run.out


def _trusted(world):
    rows = world.tenant.db.execute("SELECT content FROM credentials WHERE kind = 'federated'")
    return [(one["issuer"], one["subject"], one["audience"]) for one in (json.loads(row[0]) for row in rows)]


@pytest.mark.parametrize("system_assigned", [False, True])
def test_a_managed_identity_is_granted_permissions_without_an_app_registration(world, system_assigned):
    identity = world.tenant.create_managed_identity("id-connector", system_assigned=system_assigned)
    client_id = world.tenant.managed_identity(identity).client_id
    run = world.setup("--managed-identity", identity, "--feature", "sign-in-activity", "--yes")
    assert run.code == 0, run.err
    wanted = {one.name for one in needed_for({Feature.SIGN_IN_ACTIVITY})}
    assert world.granted(client_id) == wanted
    assert world.registrations() == []
    assert ("AZURE_CLIENT_ID" in run.out) is not system_assigned
    assert "ENTRA_AUTH=managed_identity" in run.out
    assert "SIGN_IN_ACTIVITY=true" in run.out
    before = world.state()
    assert world.setup("--managed-identity", identity, "--feature", "sign-in-activity", "--yes").code == 0
    assert world.state() == before


def test_the_features_of_the_settings_are_granted(world):
    world.with_secret(PROVISIONING_ENABLED="true", SIGN_IN_ACTIVITY="true")
    settings = Settings.load(
        {**world.environment, "AzureWebJobsStorage": "x", "PROVISIONING_ENABLED": "true", "SIGN_IN_ACTIVITY": "true"},
        signs_in=False,
    )
    wanted = {one.name for one in needed_for(enabled_features(settings))}
    assert enabled_features(settings) >= PROVISIONING
    assert world.granted(only_registration(world)["appId"]) == wanted


def test_superfluous_permissions_are_told_and_only_taken_back_when_asked(world):
    world.with_secret("--feature", "provisioning-roles")
    app_id = only_registration(world)["appId"]
    both = world.granted(app_id)
    run = world.with_secret()
    assert "Not needed for the chosen features: RoleManagement.ReadWrite.Directory" in run.out
    assert world.granted(app_id) == both | READING
    run = world.with_secret("--remove-superfluous", who="application")
    assert run.code == 4
    assert "You may not take back RoleManagement.ReadWrite.Directory." in run.out
    world.with_secret("--remove-superfluous")
    assert world.granted(app_id) == READING
    assert _asked(world) == READING


def _asked(world):
    names = {one.id: one.name for one in PERMISSIONS}
    (resource,) = only_registration(world)["requiredResourceAccess"]
    return {names[one["id"]] for one in resource["resourceAccess"]}


def test_what_others_have_put_into_the_app_registration_stays(world):
    others: dict[str, Any] = {
        "web": {"redirectUris": ["https://others.example/back"], "homePageUrl": "https://others.example"},
        "tags": ["theirs"],
        "identifierUris": ["api://theirs"],
        "requiredResourceAccess": [
            {"resourceAppId": "00000002-0000-0ff1-ce00-000000000000", "resourceAccess": [{"id": APP_ROLES[0].id, "type": "Role"}]},
            {"resourceAppId": "00000003-0000-0000-c000-000000000000", "resourceAccess": [{"id": "e1fe6dd8-ba31-4d61-89e7-88639da4683d", "type": "Scope"}]},
        ],
        "appRoles": [{"id": "6f1e3d7a-0000-4000-8000-000000000001", "value": "Theirs", "displayName": "T", "description": "T", "allowedMemberTypes": ["User"], "isEnabled": True}],
    }  # fmt: skip
    made = world.tenant.create_application("Theirs", properties=others)
    app_id = world.tenant.find(made).body["appId"]
    run = world.setup(
        "--credential", "none", "--client-id", app_id, "--public-url", URL, "--api", "--multi-tenant", "--yes"
    )
    assert run.code == 0, run.err
    now = world.tenant.find(made).body
    assert now["displayName"] == "Theirs"
    assert now["web"] == {
        "redirectUris": ["https://others.example/back", f"{URL}/api/connect/callback"],
        "homePageUrl": "https://others.example",
    }
    assert now["identifierUris"] == ["api://theirs", f"api://{app_id}"]
    assert now["tags"][0] == "theirs"
    assert now["requiredResourceAccess"][0] == others["requiredResourceAccess"][0]
    assert now["requiredResourceAccess"][1]["resourceAccess"][0]["type"] == "Scope"
    assert [one["value"] for one in now["appRoles"]] == ["Theirs", *(one.value for one in APP_ROLES)]
    assert now["signInAudience"] == "AzureADMultipleOrgs"


def test_who_may_not_grant_gets_a_link_and_somebody_else_accepts(world):
    run = world.with_secret(who="application")
    app_id = only_registration(world)["appId"]
    assert run.code == 4
    link = f"{world.graph.authority}/{world.tenant.id}/adminconsent?client_id={app_id}"
    assert link in run.out
    assert "Privileged Role Administrator" in run.out
    assert world.granted(app_id) == set()
    world.tenant.admin_consent(app_id)
    run = world.with_secret(who="application")
    assert run.code == 0
    assert "All 8 permissions are granted." in run.out
    state_key = "0123456789abcdef0123456789abcdef"
    world.tenant.configure_application(app_id=app_id, permissions=["User.Read.All"])
    run = world.with_secret(
        "--public-url", URL, "--feature", "provisioning", who="application", CONNECT_STATE_KEY=state_key
    )
    assert f"open {URL}/api/connect and accept" in run.out


def test_one_of_the_same_name_is_never_taken_for_it(world):
    world.tenant.create_application("Entra ID connector")
    run = world.setup("--credential", "none", "--yes")
    assert run.code == 1
    assert "--client-id" in run.err
    app_id = only_registration(world)["appId"]
    assert app_id in run.err
    assert world.setup("--credential", "none", "--yes", "--client-id", app_id).code == 0
    assert "is as it should be" in world.setup("--credential", "none", "--yes").out, "by its tag, from now on"
    second = world.tenant.create_application("Copy", properties={"tags": only_registration(world)["tags"]})
    run = world.setup("--credential", "none", "--yes")
    assert run.code == 1
    assert world.tenant.find(second).body["appId"] in run.err


def test_rotation(world):
    world.with_secret()
    app_id = only_registration(world)["appId"]
    (first,) = world.secrets(app_id)
    run = world.with_secret("--new-secret")
    assert len(world.secrets(app_id)) == 2
    assert "proven" in run.out
    run = world.with_secret()
    assert f"Old client secrets of this setup: {first}." in run.out
    by_hand = world.tenant.add_client_secret("made by hand, of somebody else", app_id=app_id, name="theirs")
    world.with_secret("--remove-old-secrets")
    assert set(world.secrets(app_id)) - {by_hand} == {
        world.vault.vault.get("entra-client-secret")[1].tags["entra-key-id"]
    }
    assert by_hand in world.secrets(app_id)


def test_a_secret_that_ends_soon_is_replaced(world):
    world.with_secret("--valid-days", "40")
    run = world.with_secret("--valid-days", "180")
    assert "is kept in" in run.out
    world.with_secret("--new-secret", "--valid-days", "29")
    run = world.with_secret("--valid-days", "180")
    assert "done  Make a client secret" in run.out


def test_for_development_the_secret_may_stay_in_the_settings_file(world):
    Path("local.settings.json").write_text(
        json.dumps(
            {
                "IsEncrypted": False,
                "Host": {"CORS": "*"},
                "Values": {"STORAGE_CONTAINER": "mine", "ENTRA_CLIENT_SECRET_NAME": "x"},
            }
        )
    )
    arguments = ("--write-settings", "local.settings.json", "--secret-to-settings")
    run = world.with_secret(*arguments, KEY_VAULT="")
    assert run.code == 0, run.err
    app_id = only_registration(world)["appId"]
    written = json.loads(Path("local.settings.json").read_text())
    assert [written["Values"]["ENTRA_CLIENT_SECRET"]] == [*world.secrets(app_id).values()]
    assert written["Values"]["STORAGE_CONTAINER"] == "mine"
    assert "ENTRA_CLIENT_SECRET_NAME" not in written["Values"]
    assert written["Host"] == {"CORS": "*"}
    assert stat.S_IMODE(Path("local.settings.json").stat().st_mode) == 0o600
    before = world.state(), Path("local.settings.json").read_bytes()
    assert world.with_secret(*arguments, KEY_VAULT="").code == 0
    assert (world.state(), Path("local.settings.json").read_bytes()) == before


def test_without_that_the_file_gets_no_secret(world):
    world.with_secret("--write-settings", "made.json")
    values = json.loads(Path("made.json").read_text())["Values"]
    assert "ENTRA_CLIENT_SECRET" not in values
    assert values["ENTRA_CLIENT_SECRET_NAME"] == "entra-client-secret"
    assert stat.S_IMODE(Path("made.json").stat().st_mode) == 0o600


def test_whoever_is_signed_in_with_the_azure_cli(world, tmp_path, monkeypatch):
    """A stand-in for ``az`` hands out the tokens that its sign-in would have."""
    from azure.identity import DeviceCodeCredential

    credential = DeviceCodeCredential(
        client_id="04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        tenant_id=world.tenant.id,
        authority=world.graph.authority,
        disable_instance_discovery=True,
        connection_verify=world.graph.ca_file,
        prompt_callback=lambda _address, code, _until: world.graph.devices.approve(code, world.people["global"]),
    )
    cases = ""
    for host in ("graph.microsoft.com", "vault.azure.net"):
        token = credential.get_token(f"https://{host}/.default")
        answer = {
            "accessToken": token.token,
            "expires_on": token.expires_on,
            "tokenType": "Bearer",
            "tenant": world.tenant.id,
        }
        cases += f"*{host}*) echo '{json.dumps(answer)}';;\n"
    (tmp_path / "az").write_text(f'#!/bin/sh\ncase "$*" in\n{cases}esac\n')
    (tmp_path / "az").chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    run = world.with_secret("--use-azure-cli")
    assert run.code == 0, run.err
    assert "enter the code" not in run.err
    assert "proven" in run.out


def test_json(world):
    run = world.with_secret("--json")
    told = run.document
    assert told["client_id"] == only_registration(world)["appId"]
    assert all(one["done"] for one in told["actions"])
    assert told["signed_in"] is True
    assert told["settings"]["ENTRA_CLIENT_SECRET_NAME"] == "entra-client-secret"
    assert told["azure_cli"].startswith("az functionapp config appsettings set")


def test_the_thumbprint_is_recognised_however_graph_writes_it():
    from connector.setup.planning import _is_thumbprint

    raw = bytes(range(20))
    assert _is_thumbprint(base64.b64encode(raw).decode(), raw)
    assert _is_thumbprint(raw.hex().upper(), raw)
    assert not _is_thumbprint("", raw)
