"""A Secret of a baton-microsoft-entra deployment, mounted unchanged: its settings count as ours, and nothing in it goes wrong silently."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from connector.settings import Cloud, Settings, SettingsError
from connector.settings.aliases import ALIASES, with_aliases
from connector.sync.local import run_full_sync
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate
from tests.support.baton import CLIENT, SECRET, STORAGE
from tests.support.deployments import Deployment
from tests.support.snapshots import TENANT, make_container


def test_each_counts_as_the_setting_that_it_stands_for() -> None:
    settings = Settings.load(SECRET | STORAGE)

    assert (settings.tenant_id, settings.client_id, settings.client_secret) == (TENANT, CLIENT, "not-a-real-secret")
    assert settings.provisioning_enabled
    assert settings.skip_ad_groups
    assert settings.skip_unassigned_apps
    assert settings.sign_in_activity
    assert settings.cloud is Cloud.US_GOVERNMENT
    assert (settings.authority, settings.graph_endpoint) == (
        "https://login.microsoftonline.us",
        "https://graph.microsoft.us",
    )
    assert settings.blob_service_uri == "https://contoso.blob.core.usgovcloudapi.net"


def test_a_domain_that_is_not_microsofts_is_where_graph_is_asked() -> None:
    settings = Settings.load(SECRET | STORAGE | {"BATON_GRAPH_DOMAIN": "graph.contoso.internal"})

    assert settings.graph_endpoint == "https://graph.contoso.internal"
    assert settings.cloud is Cloud.PUBLIC


def test_the_connectors_own_name_wins_and_a_contradiction_is_told() -> None:
    aliased = with_aliases(SECRET | {"SKIP_AD_GROUPS": "false", "ENTRA_CLIENT_ID": CLIENT, "ENTRA_CLOUD": "public"})

    assert aliased.environ["SKIP_AD_GROUPS"] == "false"
    assert aliased.environ["ENTRA_CLOUD"] == "public"
    assert [hint for hint in aliased.hints if "does not count" in hint] == [
        "BATON_SKIP_AD_GROUPS does not count: SKIP_AD_GROUPS is set as well, and says something else.",
        "BATON_GRAPH_DOMAIN does not count: ENTRA_CLOUD is set as well, and says something else.",
    ]


def test_a_secret_in_key_vault_takes_the_place_of_the_one_in_the_environment() -> None:
    settings = Settings.load(
        SECRET | STORAGE | {"ENTRA_CLIENT_SECRET_NAME": "entra-client-secret", "KEY_VAULT": "contoso"}
    )

    assert (settings.client_secret, settings.client_secret_name) == ("", "entra-client-secret")


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BATON_ENTRA_TENANT_ID", "contoso", "must be a GUID"),
        ("BATON_ENTRA_CLIENT_ID", "contoso", "must be a GUID"),
        ("BATON_PROVISIONING", "maybe", "must be true or false; it is 'maybe'."),
        ("BATON_GRAPH_DOMAIN", "https://graph.microsoft.us", "must be a domain without https:// or a path"),
        ("BATON_GRAPH_DOMAIN", "graph.microsoft.us/v1.0", "must be a domain without https:// or a path"),
        ("BATON_GRAPH_DOMAIN", "https://anna:c2VjcmV0@x", "must be a domain without https:// or a path"),
        ("BATON_INCLUDE_ON_PREM_GROUP_MEMBERS", "some", "must be true or false"),
    ],
)
def test_problems_name_what_was_set(name: str, value: str, expected: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(SECRET | STORAGE | {name: value})

    [problem] = caught.value.problems
    assert problem.startswith(f"{name} {expected}")
    assert "c2VjcmV0" not in problem


@pytest.mark.parametrize("value", ["false", "F", "0"])
def test_what_cannot_be_followed_is_said(value: str) -> None:
    aliased = with_aliases({"BATON_INCLUDE_ON_PREM_GROUP_MEMBERS": value})

    [hint] = aliased.hints
    assert "cannot be followed" in hint
    assert aliased.problems == ()


def test_members_of_groups_that_are_left_out_are_not_promised() -> None:
    [hint] = with_aliases({"SKIP_AD_GROUPS": "true", "BATON_INCLUDE_ON_PREM_GROUP_MEMBERS": "true"}).hints

    assert "has no effect" in hint
    assert with_aliases({"BATON_INCLUDE_ON_PREM_GROUP_MEMBERS": "true"}).hints == ()


def test_what_means_nothing_here_is_listed_without_its_value() -> None:
    hint = with_aliases(SECRET).hints[-1]

    assert hint.startswith("BATON_CLIENT_ID, BATON_CLIENT_SECRET, BATON_ENABLE_AUDIT_LOG_FEED: settings of another")
    assert "otter" not in hint


def test_an_empty_alias_is_not_set() -> None:
    assert with_aliases({alias.name: " " for alias in ALIASES}).given_as == {}


def test_a_sync_runs_on_an_existing_secret_mounted_unchanged(storage_account: str, tmp_path: Path) -> None:
    with GraphEmulator(generate(users=30, seed=5)) as graph:
        told = graph.environment()
        mounted = SECRET | {
            "BATON_ENTRA_TENANT_ID": told["ENTRA_TENANT_ID"],
            "BATON_ENTRA_CLIENT_ID": told["ENTRA_CLIENT_ID"],
            "BATON_ENTRA_CLIENT_SECRET": told["ENTRA_CLIENT_SECRET"],
        }
        where = {name: told[name] for name in told if not name.startswith(("ENTRA_TENANT", "ENTRA_CLIENT"))}
        switches = {"SKIP_AD_GROUPS": "true", "SKIP_UNASSIGNED_APPS": "true", "SIGN_IN_ACTIVITY": "true"}
        deployment = Deployment(graph, mounted | where | {"AzureWebJobsStorage": storage_account}, switches)
        make_container(deployment.settings)

        asyncio.run(run_full_sync(deployment.settings))

        manifest, picture = deployment.snapshot(tmp_path)
        assert manifest.incomplete == {}
        assert deployment.untruths(picture) == []
