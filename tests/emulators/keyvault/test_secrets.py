"""Secrets as azure-keyvault-secrets reads and writes them, in the cloud's own name so that it checks the challenge."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.rest import HttpRequest
from azure.identity.aio import ClientSecretCredential as AsyncClientSecretCredential
from azure.keyvault.secrets import SecretClient
from azure.keyvault.secrets.aio import SecretClient as AsyncSecretClient

from emulators.graph import GraphEmulator
from emulators.keyvault import KeyVaultEmulator, Role


def refusal(error: HttpResponseError) -> tuple[int | None, str | None, str | None]:
    """Status, code and inner code."""
    assert error.error is not None
    inner = error.error.innererror or {}
    return error.status_code, error.error.code, inner.get("code")


def test_a_secret_is_read_as_it_was_set(client: SecretClient) -> None:
    ends = datetime(2027, 1, 2, tzinfo=UTC)
    made = client.set_secret("entra-secret", "s3cret", tags={"app": "connector"}, content_type="text", expires_on=ends)
    read = client.get_secret("entra-secret")
    assert (read.value, read.id, read.properties.version) == ("s3cret", made.id, made.properties.version)
    assert read.id == f"https://contoso-kv.vault.azure.net/secrets/entra-secret/{read.properties.version}"
    assert (read.properties.tags, read.properties.content_type) == ({"app": "connector"}, "text")
    assert (read.properties.expires_on, read.properties.enabled) == (ends, True)
    assert (read.properties.recovery_level, read.properties.recoverable_days) == ("Recoverable+Purgeable", 90)
    assert read.properties.created_on is not None


def test_the_newest_version_is_read_unless_one_is_named(client: SecretClient) -> None:
    first = client.set_secret("rotated", "one").properties.version
    second = client.set_secret("rotated", "two").properties.version
    assert client.get_secret("rotated").value == "two"
    assert client.get_secret("rotated", first).value == "one"
    assert {one.version for one in client.list_properties_of_secret_versions("rotated")} == {first, second}
    with pytest.raises(ResourceNotFoundError) as missing:
        client.get_secret("rotated", "0" * 32)
    assert refusal(missing.value) == (404, "SecretNotFound", None)


def test_a_disabled_secret_is_not_read_but_an_expired_one_is(client: SecretClient) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    client.set_secret("old", "still readable", expires_on=past)
    assert client.get_secret("old").value == "still readable"
    client.update_secret_properties("old", enabled=False)
    with pytest.raises(HttpResponseError) as refused:
        client.get_secret("old")
    assert refusal(refused.value) == (403, "Forbidden", "SecretDisabled")
    changed = client.update_secret_properties("old", enabled=True, tags={"a": "b"})
    assert (changed.enabled, changed.tags) == (True, {"a": "b"})
    assert changed.expires_on == past.replace(microsecond=0)


def test_lists_come_in_pages(client: SecretClient, vault: KeyVaultEmulator) -> None:
    names = sorted(f"listed-{number:02}" for number in range(60))
    for name in names:
        vault.vault.set_secret(name, "x")
    assert [one.name for one in client.list_properties_of_secrets()] == names
    assert vault.counted()["SecretList"] == 3
    pages = client.list_properties_of_secrets(max_page_size=20).by_page()
    assert [len(list(page)) for page in pages] == [20, 20, 20]


def test_what_is_deleted_blocks_its_name_until_it_is_recovered_or_purged(client: SecretClient) -> None:
    client.set_secret("gone", "x")
    deleted = client.begin_delete_secret("gone").result()
    assert deleted.recovery_id == "https://contoso-kv.vault.azure.net/deletedsecrets/gone"
    assert deleted.deleted_date is not None
    assert deleted.scheduled_purge_date == deleted.deleted_date + timedelta(days=90)
    with pytest.raises(ResourceNotFoundError):
        client.get_secret("gone")
    with pytest.raises(ResourceExistsError) as taken:
        client.set_secret("gone", "y")
    assert refusal(taken.value) == (409, "Conflict", "ObjectIsDeletedButRecoverable")
    assert [one.name for one in client.list_deleted_secrets()] == ["gone"]

    client.begin_recover_deleted_secret("gone").wait()
    assert client.get_secret("gone").value == "x"

    client.begin_delete_secret("gone").wait()
    client.purge_deleted_secret("gone")
    with pytest.raises(ResourceNotFoundError, match="Deleted Secret not found"):
        client.get_deleted_secret("gone")
    assert client.set_secret("gone", "z").value == "z"


def test_purge_protection_lets_time_alone_purge(
    graph: GraphEmulator, client: SecretClient, vault: KeyVaultEmulator
) -> None:
    vault.vault.purge_protection = True
    client.set_secret("kept", "x")
    client.begin_delete_secret("kept").wait()
    with pytest.raises(HttpResponseError, match="purge protection is enabled") as refused:
        client.purge_deleted_secret("kept")
    assert refused.value.status_code == 403
    graph.clock.advance(90 * 24 * 60 * 60 + 1)
    try:
        assert vault.vault.all(deleted=True) == []
    finally:
        graph.clock.rewind()


@pytest.mark.parametrize("name", ["under_score", "dot.ted", "x" * 128])
def test_names_have_letters_digits_and_dashes(client: SecretClient, name: str) -> None:
    with pytest.raises(HttpResponseError, match="invalid name") as refused:
        client.get_secret(name)
    assert refusal(refused.value) == (400, "BadParameter", None)


def test_names_are_the_same_in_any_case(client: SecretClient) -> None:
    client.set_secret("Mixed-Case", "x")
    assert client.get_secret("mixed-case").name == "Mixed-Case"


def test_a_value_has_at_most_25_kilobytes(client: SecretClient) -> None:
    client.set_secret("long", "x" * 25600)
    with pytest.raises(HttpResponseError) as refused:
        client.set_secret("long", "x" * 25601)
    assert refused.value.status_code == 400


def test_older_and_unknown_versions_of_the_interface(client: SecretClient, vault: KeyVaultEmulator) -> None:
    vault.vault.set_secret("any", "x")
    for version, status in (("2016-10-01", 200), ("7.4", 200), ("2026-04-01", 200), ("9.9", 400)):
        answer = client.send_request(HttpRequest("GET", f"/secrets/any/?api-version={version}"))
        assert answer.status_code == status, version


def test_the_asynchronous_client_reads_as_well(
    graph: GraphEmulator, vault: KeyVaultEmulator, connector_id: str
) -> None:
    vault.grant(connector_id, Role.SECRETS_USER)
    vault.vault.set_secret("entra-secret", "s3cret")

    async def read() -> tuple[str | None, list[str | None]]:
        async with (
            AsyncClientSecretCredential(
                graph.tenant.id,
                graph.client_id,
                graph.client_secret,
                authority=graph.authority,
                connection_verify=graph.ca_file,
                disable_instance_discovery=True,
            ) as credential,
            AsyncSecretClient(url, credential, connection_verify=vault.ca_file) as client,
        ):
            secret = await client.get_secret("entra-secret")
            return secret.value, [one.name async for one in client.list_properties_of_secrets()]

    with vault.public_name() as url:
        assert asyncio.run(read()) == ("s3cret", ["entra-secret"])
