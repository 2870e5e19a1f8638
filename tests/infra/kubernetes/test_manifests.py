"""The manifests as they are: nothing to complain of, and what they promise holds."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
import yaml

from connector.settings import Settings
from connector.storage import names
from tests.infra.kubernetes.conftest import MANIFESTS
from tests.support.baton import SECRET
from tools.kubernetes.check import TOP, check
from tools.kubernetes.functions import PROBED, Function, Role
from tools.kubernetes.kustomize import build
from tools.kubernetes.overlay import Overlay, container, role_of

OVERLAYS = ("client-secret", "no-inbound", "workload-identity")


def test_there_is_nothing_to_complain_of() -> None:
    assert check(TOP) == []


@pytest.mark.parametrize("name", OVERLAYS)
def test_kubectl_builds_the_same(name: str) -> None:
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("there is no kubectl on this machine")
    done = subprocess.run([kubectl, "kustomize", MANIFESTS / "overlays" / name], capture_output=True, check=True)
    text = re.sub(r"\b(entra-(?:settings|functions-\w+))-[a-z0-9]{10}\b", r"\1", done.stdout.decode())

    def by_name(objects):
        return {(one["kind"], one["metadata"]["name"]): one for one in objects}

    assert by_name(build(MANIFESTS / "overlays" / name)) == by_name(yaml.safe_load_all(text))


def test_there_is_one_of_each_way(built: Mapping[str, Overlay]) -> None:
    assert tuple(sorted(built)) == OVERLAYS


@pytest.mark.parametrize("name", OVERLAYS)
def test_each_function_runs_in_one_deployment(
    built: Mapping[str, Overlay], functions: Sequence[Function], name: str
) -> None:
    overlay = built[name]
    running = Counter(one for deployment in overlay.of("Deployment") for one in overlay.enabled(deployment, functions))

    assert running.pop(PROBED) == 3
    assert running == Counter(one.name for one in functions if one.name != PROBED)
    for deployment in overlay.of("Deployment"):
        enabled = overlay.enabled(deployment, functions) - {PROBED}
        assert {one.role for one in functions if one.name in enabled} == {role_of(deployment)}


def test_timers_run_once(built: Mapping[str, Overlay]) -> None:
    [timers] = [one for one in built["workload-identity"].of("Deployment") if role_of(one) is Role.TIMERS]

    assert timers["spec"]["replicas"] == 1
    assert timers["spec"]["strategy"] == {"type": "Recreate"}


def test_queues_that_scale_are_the_connectors(built: Mapping[str, Overlay]) -> None:
    [scaled] = built["workload-identity"].of("ScaledObject")
    queues = [trigger["metadata"]["queueName"] for trigger in scaled["spec"]["triggers"]]

    assert sorted(queues) == sorted(
        [
            names.SYNC_QUEUE,
            names.CHANGES_QUEUE,
            names.LIFECYCLE_QUEUE,
            names.OPERATIONS_QUEUE,
            names.OPERATIONS_QUEUE + names.POISON_SUFFIX,
        ]
    )


def test_nothing_reaches_in_where_nothing_shall(built: Mapping[str, Overlay]) -> None:
    overlay = built["no-inbound"]

    assert overlay.of("Ingress") == []
    for deployment in overlay.of("Deployment"):
        assert "NOTIFICATION_URL" not in overlay.settings(deployment)
    [within] = [one for one in overlay.of("NetworkPolicy") if one["spec"].get("ingress")]
    assert within["spec"]["ingress"][0]["from"] == [{"podSelector": {}}]


@pytest.mark.parametrize("role", Role)
def test_an_existing_baton_secret_is_mounted_unchanged(built: Mapping[str, Overlay], role: Role) -> None:
    overlay = built["client-secret"]
    [deployment] = [one for one in overlay.of("Deployment") if role_of(one) is role]
    mounted = [one["secretRef"]["name"] for one in container(deployment)["envFrom"] if "secretRef" in one]
    assert mounted == ["baton-microsoft-entra-secrets", "entra-credentials", "entra-storage"]

    settings = Settings.load(
        overlay.settings(deployment) | SECRET | {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    )

    assert settings.tenant_id == SECRET["BATON_ENTRA_TENANT_ID"]
    assert settings.skip_ad_groups
    assert settings.notification_url == "https://entra.contoso.com"
