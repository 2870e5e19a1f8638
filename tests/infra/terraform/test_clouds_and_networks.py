"""Each of Microsoft's clouds has its own addresses, and a private network reaches all that the app opens."""

from __future__ import annotations

import pytest

from connector.settings.clouds import ENDPOINTS, Cloud
from tools.terraform.configuration import Configuration
from tools.terraform.evaluating import Evaluation

CLOUDS = [one for one in Cloud if one is not Cloud.US_GOVERNMENT_DOD]
"""Those whose storage and sign-in are their own; the Department of Defense has its own Graph only, which nobody can see from Azure."""


def deployed(configuration: Configuration, cloud: Cloud = Cloud.PUBLIC, **inputs: object) -> Evaluation:
    """The values of a deployment in ``cloud``."""
    given = {"environment_name": "contoso", "location": "westeurope", **inputs}
    names = Evaluation(configuration, given, {})
    endpoints = ENDPOINTS[cloud]
    account, vault = names.local("storage_account_name"), names.local("key_vault_name")
    answers = {
        "azurerm_storage_account.this.primary_blob_host": f"{account}.blob.{endpoints.storage_suffix}",
        "azurerm_key_vault.this.vault_uri": f"https://{vault}.{endpoints.key_vault_suffix}/",
    }
    return Evaluation(configuration, given, answers)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_the_app_is_told_in_which_cloud_it_is(configuration, cloud):
    found = deployed(configuration, cloud)

    assert found.local("connector_settings")["ENTRA_CLOUD"] == cloud.value
    assert found.local("cloud")["login"] == f"{ENDPOINTS[cloud].authority}/"
    assert deployed(configuration, cloud, entra_cloud="us_government_dod").local("connector_settings")[
        "ENTRA_CLOUD"
    ] == ("us_government_dod")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_private_zones_are_those_of_the_cloud(configuration, cloud):
    zones = {
        name: one["zone"]
        for name, one in deployed(configuration, cloud, private_networking=True).local("endpoints").items()
    }

    assert zones == {
        "blob": f"privatelink.blob.{ENDPOINTS[cloud].storage_suffix}",
        "queue": f"privatelink.queue.{ENDPOINTS[cloud].storage_suffix}",
        "vault": f"privatelink.{ENDPOINTS[cloud].key_vault_suffix.replace('vault.', 'vaultcore.')}",
    }


def test_a_network_is_made_only_where_it_is_asked_for(configuration):
    of_a_network = (
        "virtual_network",
        "subnet",
        "private_endpoint",
        "private_dns_zone",
        "private_dns_zone_virtual_network_link",
    )
    blocks = [block for type_ in of_a_network for block in configuration.of_type(f"azurerm_{type_}")]
    public, private = deployed(configuration), deployed(configuration, private_networking=True)

    assert [public.instances(block) for block in blocks] == [{}] * len(blocks)
    assert all(private.instances(block) for block in blocks)
    body = private.attribute(configuration.blocks["resource"]["azapi_resource.app"], "body")
    assert body["properties"]["virtualNetworkSubnetId"] == "<azurerm_subnet.app[0].id>"


def test_names_fit_what_azure_takes_and_follow_from_environment_and_region(configuration):
    first, second = deployed(configuration), deployed(configuration, environment_name="another")

    assert len(first.local("storage_account_name")) <= 24
    assert len(first.local("key_vault_name")) <= 24
    assert first.local("suffix") != second.local("suffix")
    assert first.local("suffix") == deployed(configuration, location="West Europe").local("suffix")


def test_no_instance_is_kept_warm_where_none_is_wanted(configuration):
    block = configuration.blocks["resource"]["azapi_resource.app"]
    scale = [
        deployed(configuration, http_always_ready=count).attribute(block, "body")["properties"]["functionAppConfig"][
            "scaleAndConcurrency"
        ]
        for count in (0, 2)
    ]

    assert [one["alwaysReady"] for one in scale] == [[], [{"name": "http", "instanceCount": 2}]]
