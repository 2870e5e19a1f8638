"""What Kubernetes takes, and the Functions host, KEDA or an Ingress would not work with: names, sizes and numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tools.kubernetes.kustomize import Object
from tools.kubernetes.overlay import Overlay, container

_HOST_ID = r"(?!-)(?!.*--)[a-z0-9-]{1,32}(?<!-)"
"""Ids that the host takes (https://learn.microsoft.com/azure/azure-functions/functions-app-settings, AzureFunctionsWebHost__hostid)."""

SIZES = {"": 1, "k": 1000, "Ki": 1024, "Mi": 1024**2, "Gi": 1024**3}
"""Bytes of the units that quantities of Kubernetes have."""

_CPU_SIZES = {"": 1000, "m": 1}
_BODY_SIZES = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3}
_BODY_SIZE = "nginx.ingress.kubernetes.io/proxy-body-size"
_IDENTITY_PROVIDER = "azure-workload"
"""The only one that KEDA still has for Azure: pod identity, ``azure``, was taken out of 2.15."""


def limit_problems(overlay: Overlay) -> Iterator[str]:
    """A sentence for each."""
    for deployment in overlay.of("Deployment"):
        for problem in (*_host(overlay, deployment), *_pod(deployment), *_resources(deployment)):
            yield f"{deployment['metadata']['name']}: {problem}"
    for one in overlay.of("ScaledObject"):
        yield from (f"ScaledObject {one['metadata']['name']}: {problem}" for problem in _scaling(one))
    for one in overlay.of("TriggerAuthentication"):
        provider = one["spec"].get("podIdentity", {}).get("provider", _IDENTITY_PROVIDER)
        if provider != _IDENTITY_PROVIDER:
            yield f"TriggerAuthentication {one['metadata']['name']}: KEDA has no {provider} any more, but {_IDENTITY_PROVIDER}"
    for one in overlay.of("NetworkPolicy"):
        if any(_everybody(rule) for rule in one["spec"].get("ingress", ())):
            yield f"NetworkPolicy {one['metadata']['name']} lets everybody in"
    yield from _bodies(overlay)


def quantity(written: str, sizes: dict[str, int]) -> int:
    """A quantity such as ``512Mi`` in the smallest unit of ``sizes``.

    Raises:
        ValueError: it is none.
    """
    found = re.fullmatch(r"(\d+)([A-Za-z]*)", written)
    if found is None or found[2] not in sizes:
        raise ValueError(written)
    return int(found[1]) * sizes[found[2]]


def _everybody(rule: Object) -> bool:
    """Whether a rule is for whoever asks: it names nobody, or the pods of any namespace."""
    return not rule.get("from") or any(peer.get("namespaceSelector") == {} for peer in rule["from"])


def _host(overlay: Overlay, deployment: Object) -> Iterator[str]:
    settings = overlay.settings(deployment)
    name = settings.get("AzureFunctionsWebHost__hostid", "")
    if not re.fullmatch(_HOST_ID, name):
        yield f"AzureFunctionsWebHost__hostid is {name!r}; the host takes 1 to 32 lower-case letters, digits and single hyphens"
    where = settings.get("AzureWebJobsSecretStorageType")
    if where != "blob":
        yield f"AzureWebJobsSecretStorageType is {where}: each pod would have keys of its own, and lose them with each start"


def _pod(deployment: Object) -> Iterator[str]:
    pod = deployment["spec"]["template"]["spec"]
    context = pod.get("securityContext", {})
    if context.get("fsGroup") != context.get("runAsGroup"):
        yield "fsGroup is not runAsGroup: it could not write to its own volumes"
    if container(deployment).get("securityContext", {}).get("privileged"):
        yield "it is privileged"
    for name in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(name):
            yield f"{name} lets it out of its own pod"
    waits = container(deployment).get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    grace = pod.get("terminationGracePeriodSeconds", 30)
    if waits >= grace:
        yield f"it waits {waits} seconds before it stops, and is given {grace}: nothing would be left to finish in"


def _resources(deployment: Object) -> Iterator[str]:
    resources = container(deployment).get("resources", {})
    requests, limits = resources.get("requests", {}), resources.get("limits", {})
    for name in sorted(set(requests) & set(limits)):
        sizes = _CPU_SIZES if name == "cpu" else SIZES
        if quantity(str(requests[name]), sizes) > quantity(str(limits[name]), sizes):
            yield f"it asks for {requests[name]} of {name}, and may have {limits[name]}"


def _scaling(one: Object) -> Iterator[str]:
    least, most = one["spec"].get("minReplicaCount", 0), one["spec"].get("maxReplicaCount", 100)
    if not 1 <= least <= most:
        yield f"{least} to {most} pods: there has to be one always, as a queue that is asked seldom makes rounds late"
    for trigger in one["spec"]["triggers"]:
        length = str(trigger["metadata"].get("queueLength", "5"))
        if not length.isdecimal() or int(length) < 1:
            yield f"queueLength {length} is no number of messages that a pod sees to"


def _bodies(overlay: Overlay) -> Iterator[str]:
    """What the host takes has to get through the Ingress."""
    wanted = max(
        (int(overlay.settings(one).get("FUNCTIONS_REQUEST_BODY_SIZE_LIMIT", "0")) for one in overlay.of("Deployment")),
        default=0,
    )
    for ingress in overlay.of("Ingress"):
        let_through = ingress["metadata"].get("annotations", {}).get(_BODY_SIZE, "1m")
        if quantity(let_through, _BODY_SIZES) < wanted:
            yield f"Ingress: it lets {let_through} through, and the host takes {wanted} bytes"
