"""Mistakes in the manifests: each is found, and told in a sentence that names it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.infra.kubernetes.conftest import Edit
from tools.kubernetes.check import drifted, manifests
from tools.kubernetes.functions import Function
from tools.kubernetes.kustomize import KustomizeError
from tools.kubernetes.overlay import Overlay, overlays
from tools.kubernetes.schemas import schema_problems

WORKERS, TIMERS, HTTP = "base/workers.yaml", "base/timers.yaml", "base/http.yaml"
SCALING, SERVICE, INGRESS = "base/scaling.yaml", "base/service.yaml", "components/ingress/ingress.yaml"
NETWORK, BUDGETS, SETTINGS = "base/network-policy.yaml", "base/disruption.yaml", "base/settings.env"
OURS = "overlays/workload-identity/settings.env"
IDENTITY = "components/workload-identity/kustomization.yaml"

MISTAKES = {
    "a timer switched off everywhere": (
        "base/functions/timers.env",
        "AzureWebJobs_sync_step_Disabled",
        "AzureWebJobs_full_sync_timer_Disabled=true\nAzureWebJobs_sync_step_Disabled",
        "full_sync_timer must run in one Deployment; it runs in no Deployment",
    ),
    "a timer that runs twice": (
        "base/functions/http.env",
        "AzureWebJobs_full_sync_timer_Disabled=true\n",
        "",
        "full_sync_timer must run in one Deployment; it runs in entra-timers, entra-http",
    ),
    "a switch for a function that is not there": (
        "base/functions/http.env",
        "full_sync_timer",
        "full_synch_timer",
        "AzureWebJobs_full_synch_timer_Disabled is no setting",
    ),
    "probes ask a function that is switched off": (
        "base/functions/workers.env",
        "AzureWebJobs_changes_Disabled",
        "AzureWebJobs_live_Disabled=true\nAzureWebJobs_changes_Disabled",
        "entra-workers: livenessProbe asks /api/live, which is not a route there that asks for no key",
    ),
    "two pods of timers": (TIMERS, "replicas: 1", "replicas: 2", "entra-timers has timers, so it must have one replica"),
    "timers rolled over": (TIMERS, "type: Recreate", "type: RollingUpdate", "and be recreated"),
    "replicas beside KEDA": (WORKERS, "spec:\n  selector", "spec:\n  replicas: 2\n  selector", "must not say replicas"),
    "a queue that nobody reads": (SCALING, "entra-lifecycle", "entra-lifecycles", "no function reads the queue entra-lifecycles"),
    "a queue that scales nothing": (SCALING, "queueName: entra-sync\n", "queueName: entra-changes\n", "entra-sync, which sync_step reads, does not scale"),
    "a ScaledObject without a target": (SCALING, "scaleTargetRef:\n    name: entra-workers", "scaleTargetRef:\n    name: entra-worker", "scales entra-worker, which does not exist"),
    "a trigger without authentication": (SCALING, "name: entra-queues", "name: entra-queue", "there is no TriggerAuthentication entra-queue"),
    "a probe with a key": (HTTP, "path: /api/live", "path: /api/operations", "entra-http: livenessProbe asks /api/operations"),
    "a probe of a port that is not there": (TIMERS, "port: http", "port: web", "asks the port web"),
    "a Service that leads astray": (SERVICE, "component: http", "component: workers", "must lead to the pods of HTTP"),
    "a Service on a wrong port": (SERVICE, "targetPort: http", "targetPort: web", "its pods have no port web"),
    "the operations API in the open": (INGRESS, "path: /api/notifications", "path: /api", "/api/operations is not meant to be reached"),
    "notifications that cannot arrive": (INGRESS, "path: /api/notifications", "path: /api/notification", "/api/notifications/{channel} must be reached from outside"),
    "an Ingress to another Service": (INGRESS, "name: entra-http", "name: entra", "leads to the Service entra, which does not exist"),
    "an Ingress at another address": (INGRESS, "entra.contoso.com", "entra.fabrikam.com", "NOTIFICATION_URL is https://entra.contoso.com, and the Ingress answers at https://entra.fabrikam.com"),
    "a selector that fits nothing": (WORKERS, "matchLabels:\n      app.kubernetes.io/name: entra-connector\n      app.kubernetes.io/component: workers", "matchLabels:\n      app.kubernetes.io/component: worker", "its selector does not fit its own pods"),
    "pods spread by the looks of others": (HTTP, "labelSelector:\n            matchLabels:\n              app.kubernetes.io/name: entra-connector\n              app.kubernetes.io/component: http", "labelSelector:\n            matchLabels:\n              app.kubernetes.io/component: https", "topologySpreadConstraints look at other pods"),
    "a budget that stops a drain": (BUDGETS, "component: http", "component: timers", "would keep the node of entra-timers"),
    "a budget for nobody": (BUDGETS, "component: workers", "component: worker", "PodDisruptionBudget entra-workers fits no pod"),
    "pods that reach everything": (NETWORK, "port: 443", "port: 8443", "lets pods reach TCP 8443"),
    "pods whose way out is not limited": (NETWORK, "    - Egress\n", "", "no NetworkPolicy limits its Egress"),
    "workers that are reached": (NETWORK, "component: http", "component: workers", "nobody has a reason to reach it"),
    "root": (HTTP, "runAsNonRoot: true", "runAsNonRoot: false", "runAsNonRoot must be True"),
    "a file system that is written": (WORKERS, "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "readOnlyRootFilesystem must be True"),
    "nowhere to write": (WORKERS, "mountPath: /tmp", "mountPath: /var/tmp", "must be writable, and nothing is mounted there"),
    "more to write than is allowed": (WORKERS, "sizeLimit: 16Gi", "sizeLimit: 30Gi", "beyond its limit of ephemeral-storage"),
    "a setting misspelt": (OURS, "ENTRA_TENANT_ID", "ENTRA_TENNANT_ID", "ENTRA_TENNANT_ID is no setting"),
    "a setting missing": (OURS, "ENTRA_TENANT_ID=", "# ENTRA_TENANT_ID=", "ENTRA_TENANT_ID is not set"),
    "a setting malformed": (OURS, "ENTRA_AUTH=workload_identity", "ENTRA_AUTH=workload", "ENTRA_AUTH must be"),
    "a default repeated": (OURS, "ENTRA_AUTH", "STORAGE_CONTAINER=entra\nENTRA_AUTH", "STORAGE_CONTAINER is what it would be anyway"),
    "a secret in a ConfigMap": (OURS, "ENTRA_AUTH", "ENTRA_CLIENT_SECRET=x\nENTRA_AUTH", "ENTRA_CLIENT_SECRET is a secret"),
    "a schedule that the host misses": (SETTINGS, "SYNC_SCHEDULE=", "# SYNC_SCHEDULE=", "SYNC_SCHEDULE is missing"),
    "hosts that do not know each other": (SETTINGS, "AzureFunctionsWebHost__hostid=", "# ", "AzureFunctionsWebHost__hostid is missing"),
    "a ConfigMap that nobody makes": (HTTP, "name: entra-settings", "name: entra-setting", "there is no ConfigMap entra-setting"),
    "a service account that nobody makes": (HTTP, "serviceAccountName: entra-connector", "serviceAccountName: entra", "there is no ServiceAccount entra"),
    "pods without the identity": (IDENTITY, "workload.identity~1use", "workload.identity~1used", "workload identity takes all three"),
    "an image without a version": ("overlays/workload-identity/kustomization.yaml", 'newTag: "1.0.0"', "newTag: latest", "names no version"),
    "an example that names no setting": ("components/client-secret/secrets.example.yaml", "  ENTRA_CLIENT_SECRET:", "  ENTRA_CLIENT_SECRETS:", "ENTRA_CLIENT_SECRETS is no setting"),
    "an id that the host shortens": (SETTINGS, "hostid=entra-connector", "hostid=entra-connector-of-the-second-tenant", "the host takes 1 to 32"),
    "an id that the host refuses": (SETTINGS, "hostid=entra-connector", "hostid=Entra_Connector", "the host takes 1 to 32"),
    "keys that are lost": (SETTINGS, "SecretStorageType=blob", "SecretStorageType=files", "each pod would have keys of its own"),
    "no time to finish": (HTTP, "terminationGracePeriodSeconds: 60", "terminationGracePeriodSeconds: 5", "nothing would be left to finish in"),
    "more asked for than allowed": (HTTP, "memory: 512Mi", "memory: 4Gi", "it asks for 4Gi of memory, and may have 1Gi"),
    "volumes of another group": (TIMERS, "        fsGroup: 10001\n", "", "it could not write to its own volumes"),
    "a privileged pod": (WORKERS, "allowPrivilegeEscalation: false", "allowPrivilegeEscalation: false\n            privileged: true", "it is privileged"),
    "a pod in the network of its node": (HTTP, "automountServiceAccountToken: false", "automountServiceAccountToken: false\n      hostNetwork: true", "hostNetwork lets it out"),
    "nobody at work": (SCALING, "minReplicaCount: 1", "minReplicaCount: 0", "there has to be one always"),
    "fewer than there must be": (SCALING, "maxReplicaCount: 8", "maxReplicaCount: 0", "1 to 0 pods"),
    "no messages a pod": (SCALING, 'queueLength: "6"', 'queueLength: "0"', "queueLength 0 is no number"),
    "an identity that KEDA has given up": ("components/workload-identity/queues.yaml", "azure-workload", "azure", "KEDA has no azure any more"),
    "everybody let in": (NETWORK, "- podSelector: {}", "- namespaceSelector: {}", "NetworkPolicy entra-http lets everybody in"),
    "notifications that are too large": (INGRESS, "proxy-body-size: 4m", "proxy-body-size: 1m", "it lets 1m through"),
}  # fmt: skip
"""File, what is written there, what somebody writes instead, and what is said of it."""


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_found(mistake: str, copy: Path, edit: Edit, functions: Sequence[Function]) -> None:
    file, old, new, expected = MISTAKES[mistake]
    edit(file, old, new)

    found = [problem for one in overlays(copy) for problem in manifests(one, functions, "api")]

    assert any(expected in problem for problem in found), found


REFUSED = {
    "a container's port misnamed": (HTTP, "containerPort: 8080", "port: 8080", "Deployment entra-http: spec.template.spec.containers.0.ports.0"),
    "a policy misspelt": (NETWORK, "policyTypes:", "policyType:", "NetworkPolicy entra-connector"),
    "a number that is none": (SCALING, "minReplicaCount: 1", "minReplicaCount: one", "minReplicaCount must be integer"),
    "what KEDA would pass over": (SCALING, "maxReplicaCount", "maxReplicas", "KEDA knows no spec.maxReplicas"),
    "what the queues' scaler would pass over": (SCALING, "queueLength", "queuelength", "KEDA knows no spec.triggers.metadata.queuelength"),
    "a kind that KEDA does not have": (SCALING, "kind: ScaledObject", "kind: ScaledObjects", "there is no schema for kind ScaledObjects"),
    "a kind that Kubernetes does not have": (SERVICE, "kind: Service", "kind: Services", "there is no schema of v1 Services"),
}  # fmt: skip
"""What schemas refuse: file, what is written there, what somebody writes instead, and what is said of it."""


@pytest.mark.parametrize("mistake", REFUSED)
def test_schemas_refuse_it(mistake: str, copy: Path, edit: Edit, built: Mapping[str, Overlay]) -> None:
    file, old, new, expected = REFUSED[mistake]
    edit(file, old, new)
    overlay = next(one for one in overlays(copy) if one.name == "client-secret")
    changed = [one for one in overlay.objects if one not in built[overlay.name].objects]

    found = schema_problems(changed)

    assert any(expected in problem for problem in found), found


NOT_BUILT = {
    "a manifest that is left out": ("base/kustomization.yaml", "  - http.yaml\n", "", "http.yaml is in the folder, and nothing refers to it"),
    "a line that is no setting": (SETTINGS, "# The Functions host's own.", "The Functions host's own.", "a line is NAME=value"),
    "a manifest that is not there": ("base/kustomization.yaml", "resources:\n", "resources:\n  - job.yaml\n", "job.yaml does not exist"),
    "what is not understood": ("base/kustomization.yaml", "resources:", "commonLabels: {}\nresources:", "commonLabels is not understood"),
    "a patch for nothing": (IDENTITY, "kind: Deployment", "kind: Deploy", "nothing fits the target"),
    "a component that is not there": ("overlays/client-secret/kustomization.yaml", "components/ingress", "components/ingres", "there is no"),
    "settings merged into nothing": ("overlays/client-secret/kustomization.yaml", "entra-settings", "entra-setting", "to merge into"),
    "a replacement by nothing": (OURS, "AzureWebJobsStorage__accountName", "AzureWebJobsStorage__blobServiceUri", "has no data.Azure"),
    "twins": (BUDGETS, "name: entra-workers", "name: entra-http", "is there twice"),
    "an image that nobody runs": ("overlays/client-secret/kustomization.yaml", "name: entra-connector\n    newName", "name: entra\n    newName", "no container has the image entra"),
}  # fmt: skip
"""What does not even build."""


@pytest.mark.parametrize("mistake", NOT_BUILT)
def test_what_does_not_build_is_said(mistake: str, copy: Path, edit: Edit) -> None:
    file, old, new, expected = NOT_BUILT[mistake]
    edit(file, old, new)

    with pytest.raises(KustomizeError, match=expected):
        list(overlays(copy))


def test_a_function_that_is_new_must_be_given_a_place(copy: Path, functions: Sequence[Function]) -> None:
    more = [*functions, Function("tidy_timer", functions[0].role)]

    assert drifted(copy, functions) == []
    assert drifted(copy, more) != []
    found = [problem for one in overlays(copy) for problem in manifests(one, more, "api")]
    assert any("tidy_timer must run in one Deployment" in problem for problem in found)
