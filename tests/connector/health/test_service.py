"""Everything that a deployment depends on is tried, and what is amiss is told in a sentence of its own with a remedy."""

from __future__ import annotations

import asyncio
import base64
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas
from azure.storage.queue import QueueServiceClient
from msgspec.structs import replace

from connector.health import service
from connector.health.findings import Finding, State
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.records import Rounds
from connector.storage.subscriptions import Subscription, Subscriptions
from connector.sync.local import run_full_sync
from connector.sync.requesting import claim_sync
from emulators.graph import Fault, GraphEmulator
from emulators.graph.managed_identity import ManagedIdentityEndpoint
from emulators.graph.tenant.tenant import Tenant
from emulators.keyvault import KeyVaultEmulator
from tests.connector.health.conftest import Examine, by_check, look_at

NOBODY = "8b6bcd9f-6a2b-4d59-a0f2-5f5c8e1b9a11"
EVERYTHING = [
    "User.Read.All",
    "Group.Read.All",
    "Application.Read.All",
    "RoleManagement.Read.Directory",
    "LicenseAssignment.Read.All",
    "AdministrativeUnit.Read.All",
    "Synchronization.Read.All",
    "Member.Read.Hidden",
]


def amiss(findings: dict[str, Finding]) -> dict[str, State]:
    return {check: one.state for check, one in findings.items() if one.state in (State.WARNING, State.FAILED)}


def test_all_is_well_once_a_sync_is_in_force(environment: dict[str, str], look: Examine) -> None:
    asyncio.run(run_full_sync(Settings.load(environment)))

    found = look()

    assert amiss(found) == {}
    assert {"tenant", "clock", "sign_in", "permissions", "graph:users", "storage", "queues", "picture"} <= set(found)
    assert all(one.found and not one.remedy for one in found.values())


def test_before_the_first_sync_that_is_all_there_is_to_say(look: Examine) -> None:
    found = look()

    assert amiss(found) == {"picture": State.WARNING}
    assert "POST /api/sync" in found["picture"].remedy


# ---- signing in --------------------------------------------------------------------------------------------------------


def test_a_wrong_tenant(look: Examine) -> None:
    found = look({"ENTRA_TENANT_ID": "11111111-2222-3333-4444-555555555555"})

    assert found["tenant"].state is State.FAILED
    assert "AADSTS90002" in found["tenant"].found
    assert "ENTRA_TENANT_ID" in found["tenant"].remedy
    assert found["sign_in"].state is State.FAILED
    assert found["permissions"].state is State.SKIPPED


def test_a_wrong_client(look: Examine) -> None:
    found = look({"ENTRA_CLIENT_ID": "11111111-2222-3333-4444-555555555555"})

    assert amiss(found) == {"sign_in": State.FAILED, "picture": State.WARNING}
    assert "AADSTS700016" in found["sign_in"].found
    assert "ENTRA_CLIENT_ID" in found["sign_in"].remedy


def test_an_expired_secret(graph: GraphEmulator, look: Examine) -> None:
    graph.tenant.add_client_secret("over", ends_at="2020-01-01T00:00:00Z")

    found = look({"ENTRA_CLIENT_SECRET": "over"})

    assert found["sign_in"].state is State.FAILED
    assert "AADSTS7000222" in found["sign_in"].found
    assert "secret" in found["sign_in"].remedy


@pytest.mark.parametrize(
    ("left", "state", "words"),
    [(timedelta(days=9, hours=1), State.WARNING, "in 9 days"), (timedelta(days=300), State.OK, "It is valid until")],
)
def test_when_a_secret_of_a_setting_ends_its_registration_tells(
    graph: GraphEmulator, look: Examine, left: timedelta, state: State, words: str
) -> None:
    graph.tenant.add_client_secret("soon-over", ends_at=(datetime.now(UTC) + left).isoformat())

    found = look({"ENTRA_CLIENT_SECRET": "soon-over"})

    assert (found["credential_expiry"].state, words in found["credential_expiry"].found) == (state, True)


def test_a_secret_that_ends_nobody_knows_when_is_told_as_such(look: Examine) -> None:
    found = look()

    assert found["credential_expiry"].state is State.SKIPPED
    assert "Certificates & secrets" in found["credential_expiry"].found


def test_a_certificate_without_its_key(look: Examine, tmp_path: Path, environment: dict[str, str]) -> None:
    alone = tmp_path / "certificate.pem"
    alone.write_text(Path(environment["TLS_CA_FILE"]).read_text())  # a certificate, and nothing else

    found = look({"ENTRA_AUTH": "certificate", "ENTRA_CERTIFICATE_FILE": str(alone), "ENTRA_CLIENT_SECRET": ""})

    assert found["sign_in"].state is State.FAILED
    assert "no private key" in found["sign_in"].found
    assert str(alone) in found["sign_in"].found


def test_a_vault_that_refuses(graph: GraphEmulator, look: Examine, monkeypatch: pytest.MonkeyPatch) -> None:
    identity = graph.tenant.create_managed_identity("app", system_assigned=True)
    in_vault = {"ENTRA_CLIENT_SECRET": "", "ENTRA_CLIENT_SECRET_NAME": "connector"}
    with ManagedIdentityEndpoint(graph, [identity]) as platform, KeyVaultEmulator.beside(graph) as vault:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        found = look({**vault.environment(), **in_vault})  # nobody has a role in it
        vault.grant(identity)
        without = look({**vault.environment(), **in_vault})

    assert found["key_vault"].state is State.FAILED
    assert "Key Vault Secrets User" in found["key_vault"].remedy
    assert found["sign_in"].state is State.SKIPPED
    assert without["key_vault"].state is State.FAILED
    assert "ENTRA_CLIENT_SECRET_NAME" in without["key_vault"].remedy


def test_a_vault_that_nobody_could_open_hands_nothing_over(
    look: Examine, graph: GraphEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The app has no identity of that id, so the vault was never asked."""
    in_vault = {"ENTRA_CLIENT_SECRET": "", "ENTRA_CLIENT_SECRET_NAME": "connector", "AZURE_CLIENT_ID": NOBODY}
    with ManagedIdentityEndpoint(graph, []) as platform, KeyVaultEmulator.beside(graph) as vault:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        found = look({**vault.environment(), **in_vault})

    assert found["key_vault"].state is State.FAILED
    assert "AZURE_CLIENT_ID" in found["key_vault"].remedy
    assert found["sign_in"].state is State.SKIPPED


# ---- what the application may do ---------------------------------------------------------------------------------------


def test_no_consent_at_all_is_told_once(graph: GraphEmulator, look: Examine) -> None:
    graph.tenant.set_permissions([])

    found = look()

    assert found["permissions"].state is State.FAILED
    assert "consent" in found["permissions"].found
    assert not [check for check in found if check.startswith("permission:")]


def test_consent_half_given_names_what_lacks_and_what_is_lost(graph: GraphEmulator, look: Examine) -> None:
    graph.tenant.set_permissions([one for one in EVERYTHING if one not in ("Group.Read.All", "Member.Read.Hidden")])

    found = look()

    assert found["permission:Group.Read.All"].state is State.FAILED
    assert found["permission:Member.Read.Hidden"].state is State.WARNING
    assert "hidden" in found["permission:Member.Read.Hidden"].found
    assert found["graph:groups"].state is State.FAILED
    assert found["graph:users"].state is State.OK
    assert [check for check in found if check.startswith("permission:")] == [
        "permission:Group.Read.All",
        "permission:Member.Read.Hidden",
    ]


def test_to_a_managed_identity_permissions_are_assigned_and_nobody_consents(
    graph: GraphEmulator, look: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity = graph.tenant.create_managed_identity("app", system_assigned=True)
    with ManagedIdentityEndpoint(graph, [identity]) as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        nothing = look({"ENTRA_AUTH": "managed_identity"})
        some = graph.tenant.create_managed_identity("other", permissions=EVERYTHING[1:])
        client_id = graph.tenant.managed_identity(some).client_id
    with ManagedIdentityEndpoint(graph, [some]) as platform:
        for name, value in platform.environment().items():
            monkeypatch.setenv(name, value)
        half = look({"ENTRA_AUTH": "managed_identity", "AZURE_CLIENT_ID": client_id})

    for whose, one in ((identity, nothing["permissions"]), (some, half["permission:User.Read.All"])):
        assert one.state is State.FAILED
        assert "consent" not in one.found + one.remedy
        assert "--format script" in one.remedy
        assert f"--managed-identity {whose}" in one.remedy
        assert "Restart the app" in one.remedy


def test_what_is_switched_on_needs_more(graph: GraphEmulator, look: Examine) -> None:
    graph.tenant.set_permissions(EVERYTHING)

    assert "permissions" in look()
    found = look({"PROVISIONING_ENABLED": "true"})

    assert found["permission:RoleManagement.ReadWrite.Directory"].state is State.WARNING


def test_a_license_that_lacks_is_a_warning_where_it_was_asked_for(environment: dict[str, str]) -> None:
    with GraphEmulator(Tenant.empty()) as graph:  # which has bought nothing
        found = by_check(look_at({**environment, **graph.environment(), "SIGN_IN_ACTIVITY": "true"}))

    assert found["license:pim"].state is State.SKIPPED
    assert found["license:sign_in_activity"].state is State.WARNING
    assert "SIGN_IN_ACTIVITY" in found["license:sign_in_activity"].remedy


def test_a_graph_that_fails_is_not_told_as_a_missing_permission(graph: GraphEmulator, look: Examine) -> None:
    graph.fail(Fault(path="^/v1.0/groups", status=400))

    found = look()

    assert found["graph:groups"].state is State.FAILED
    assert found["permissions"].state is State.OK


# ---- clock -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("off", "state", "words"),
    [
        (timedelta(seconds=20), State.OK, "right"),
        (timedelta(minutes=3), State.WARNING, "ahead of"),
        (timedelta(minutes=-3), State.WARNING, "behind"),
        (timedelta(hours=1), State.FAILED, "ahead of"),
        (timedelta(hours=-1), State.FAILED, "behind"),
    ],
)
def test_a_wrong_clock(look: Examine, off: timedelta, state: State, words: str) -> None:
    found = look(now=datetime.now(UTC) + off)

    assert found["clock"].state is state
    assert words in found["clock"].found


# ---- storage -----------------------------------------------------------------------------------------------------------


def test_storage_that_may_only_be_read(storage_account: str, look: Examine) -> None:
    with BlobServiceClient.from_connection_string(storage_account) as service:
        reading = generate_account_sas(
            str(service.account_name),
            service.credential.account_key,
            ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(read=True, list=True),
            datetime.now(UTC) + timedelta(hours=1),
        )
    parts = dict(part.split("=", 1) for part in storage_account.split(";") if part)
    endpoints = ";".join(f"{name}={parts[name]}" for name in ("BlobEndpoint", "QueueEndpoint"))

    found = look({"AzureWebJobsStorage": f"{endpoints};SharedAccessSignature={reading}"})

    assert found["storage"].state is State.FAILED
    assert "Storage Blob Data Owner" in found["storage"].remedy
    assert "sig=" not in found["storage"].found + found["storage"].remedy
    assert found["queues"].state is State.FAILED


def test_a_container_that_is_missing(look: Examine) -> None:
    found = look({"STORAGE_CONTAINER": "elsewhere"})

    assert found["storage"].state is State.FAILED
    assert "az storage container create" in found["storage"].remedy


def test_messages_that_were_put_aside(storage_account: str, look: Examine) -> None:
    with QueueServiceClient.from_connection_string(storage_account) as service:
        service.create_queue("entra-sync")
        service.create_queue("entra-operations-poison").send_message("{}")

    found = look()

    assert found["queues"].state is State.OK
    assert found["queue:entra-operations-poison"].state is State.WARNING
    assert "1 message was put aside" in found["queue:entra-operations-poison"].found


# ---- the address, and what is behind it --------------------------------------------------------------------------------


def test_an_address_at_which_nobody_answers(look: Examine) -> None:
    found = look({"NOTIFICATION_URL": "http://127.0.0.1:9"})

    assert found["notification_address"].state is State.FAILED
    assert "cannot be reached" in found["notification_address"].found
    assert found["subscriptions"].state is State.WARNING


def test_an_address_at_which_somebody_else_answers(graph: GraphEmulator, look: Examine) -> None:
    found = look({"NOTIFICATION_URL": graph.authority})

    assert found["notification_address"].state is State.FAILED
    assert "does not shake hands" in found["notification_address"].found


def test_subscriptions_and_rounds_that_are_looked_after(environment: dict[str, str], look: Examine) -> None:
    settings = Settings.load(environment)
    asyncio.run(run_full_sync(settings))
    now = datetime.now(UTC)

    asyncio.run(_leave(settings, now, ends=now + timedelta(days=20)))
    well = look({"NOTIFICATION_URL": "http://127.0.0.1:9"})
    asyncio.run(_leave(settings, now - timedelta(hours=3), ends=now + timedelta(hours=2)))
    ill = look({"NOTIFICATION_URL": "http://127.0.0.1:9"})

    assert (well["subscriptions"].state, well["rounds"].state) == (State.OK, State.OK)
    assert (ill["subscriptions"].state, ill["rounds"].state) == (State.FAILED, State.WARNING)


def test_rounds_that_are_asked_for_once_a_day_are_not_expected_more_often(
    environment: dict[str, str], look: Examine
) -> None:
    settings = Settings.load(environment)
    asyncio.run(run_full_sync(settings))
    asyncio.run(_leave(settings, datetime.now(UTC) - timedelta(hours=23), ends=datetime.now(UTC) + timedelta(days=20)))

    assert look({"INCREMENTAL_SCHEDULE": "0 0 3 * * *"})["rounds"].state is State.OK
    assert look()["rounds"].state is State.WARNING


def test_syncs_that_nobody_asks_for_any_more(environment: dict[str, str], look: Examine) -> None:
    asyncio.run(run_full_sync(Settings.load(environment)))

    found = look(now=datetime.now(UTC) + timedelta(days=3))

    assert found["last_sync"].state is State.WARNING
    assert "SYNC_SCHEDULE" in found["last_sync"].remedy
    assert "last_sync" not in look()


def test_a_first_sync_that_died_is_not_under_way(environment: dict[str, str], look: Examine) -> None:
    async def begin() -> None:
        async with open_store(Settings.load(environment)) as store:
            await claim_sync(store, datetime.now(UTC))

    asyncio.run(begin())

    assert look()["picture"].state is State.SKIPPED
    found = look(now=datetime.now(UTC) + timedelta(hours=2))
    assert found["last_sync"].state is State.WARNING
    assert "POST /api/sync" in found["last_sync"].remedy


# ---- what nobody foresees ----------------------------------------------------------------------------------------------


def test_what_cannot_be_looked_at_is_told_and_everything_else_as_well(
    look: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stumble(*_: object) -> list[Finding]:
        raise KeyError("value")

    monkeypatch.setattr(service, "look_at_graph", stumble)

    found = look()

    assert found["graph"].state is State.FAILED
    assert "KeyError" in found["graph"].found
    assert found["sign_in"].state is found["permissions"].state is State.OK
    assert (found["tenant"].state, found["storage"].state) == (State.OK, State.OK)


def test_a_file_of_authorities_that_holds_none(look: Examine, tmp_path: Path) -> None:
    other = tmp_path / "authorities.pem"
    other.write_text("nothing of the kind")

    found = look({"TLS_CA_FILE": str(other)})

    assert found["tenant"].state is State.FAILED
    assert "TLS_CA_FILE" in found["tenant"].found


def test_what_does_not_answer_keeps_nothing_else_from_being_told(
    look: Examine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_LONGEST_S", 5)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections, and says nothing
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        found = look({"GRAPH_ENDPOINT": address, "NOTIFICATION_URL": address})

    assert found["graph"].state is found["notification_address"].state is State.FAILED
    assert "no answer within" in found["graph"].found
    assert found["sign_in"].state is found["permissions"].state is found["storage"].state is State.OK


def test_an_address_that_cannot_be_one(look: Examine) -> None:
    found = look({"NOTIFICATION_URL": "https://xn--a.example"})

    assert found["notification_address"].state is State.FAILED
    assert "NOTIFICATION_URL" in found["notification_address"].remedy


def test_a_key_of_another_account(storage_account: str, look: Examine) -> None:
    parts = dict(part.split("=", 1) for part in storage_account.split(";") if part)
    other = storage_account.replace(parts["AccountKey"], base64.b64encode(b"another").decode())

    found = look({"AzureWebJobsStorage": other})

    assert found["storage"].state is State.FAILED
    assert "(AuthorizationFailure)" in found["storage"].found


async def _leave(settings: Settings, heard: datetime, *, ends: datetime) -> None:
    """Leave the documents behind that rounds and subscriptions would."""
    known = Subscriptions(
        address="http://127.0.0.1:9",
        subscriptions=tuple(
            Subscription(
                id=resource,
                resource=resource,
                notification_url="http://127.0.0.1:9/api/notifications/changes",
                lifecycle_url="http://127.0.0.1:9/api/notifications/lifecycle",
                client_state_sha256="",
                made_at=heard,
                expires_at=ends,
                renew_at=ends,
            )
            for resource in ("users", "groups")
        ),
    )
    async with open_store(settings) as store:
        await store.replace_subscriptions(known, await store.subscriptions())
        held = await store.rounds()
        base = held.record if held else Rounds(since=heard, updated_at=heard)
        await store.replace_rounds(replace(base, updated_at=heard), held)
