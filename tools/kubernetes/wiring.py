"""What refers to what: selectors and labels, ports, ConfigMaps and Secrets, the service account, networks; and what a pod may do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.kubernetes.functions import Role
from tools.kubernetes.kustomize import Object
from tools.kubernetes.limits import SIZES, quantity
from tools.kubernetes.overlay import Overlay, container, pod_labels, role_of

WRITABLE = frozenset({"/tmp", "/azure-functions-host/Secrets"})  # noqa: S108  paths in the container
"""Where the host and the connector write; the Dockerfile says so, too."""
OUTWARD_PORTS = frozenset({("UDP", 53), ("TCP", 53), ("TCP", 443)})
"""DNS and TLS: all that a pod needs to reach."""
_IDENTITY_LABEL, _IDENTITY = "azure.workload.identity/use", "azure.workload.identity/client-id"


def wiring_problems(overlay: Overlay) -> Iterator[str]:
    """A sentence for each reference that leads nowhere, and each thing that is allowed and should not be."""
    for deployment in overlay.of("Deployment"):
        name = deployment["metadata"]["name"]
        for problem in (
            *_labels(deployment),
            *_sources(overlay, deployment),
            *_identity(overlay, deployment),
            *_locked_down(deployment),
            *_storage(deployment),
            *_image(deployment),
            *_networks(overlay, deployment),
        ):
            yield f"{name}: {problem}"
    yield from _services(overlay)
    yield from _ingresses(overlay)
    yield from _budgets(overlay)
    yield from _policies(overlay)


def _labels(deployment: Object) -> Iterator[str]:
    if not deployment["spec"]["selector"]["matchLabels"].items() <= pod_labels(deployment).items():
        yield "its selector does not fit its own pods"
    for spread in deployment["spec"]["template"]["spec"].get("topologySpreadConstraints", ()):
        if not spread["labelSelector"]["matchLabels"].items() <= pod_labels(deployment).items():
            yield "topologySpreadConstraints look at other pods than its own"
    if role_of(deployment) is None:
        yield f"the label app.kubernetes.io/component must be one of {', '.join(Role)}"


def _sources(overlay: Overlay, deployment: Object) -> Iterator[str]:
    for source in container(deployment).get("envFrom", ()):
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            name = source.get(key, {}).get("name")
            if name and kind == "ConfigMap" and not overlay.named(kind, name):
                yield f"there is no ConfigMap {name}"
            if name and kind == "Secret" and name not in overlay.secrets:
                yield f"the Secret {name} is not in the example that says what to make"
    if overlay.of("Secret"):
        yield "a Secret is part of the overlay; its values would lie in a repository"


def _identity(overlay: Overlay, deployment: Object) -> Iterator[str]:
    pod = deployment["spec"]["template"]["spec"]
    account = overlay.named("ServiceAccount", pod.get("serviceAccountName", ""))
    if account is None:
        yield f"there is no ServiceAccount {pod.get('serviceAccountName', '')}"
        return
    if pod.get("automountServiceAccountToken") is not False:
        yield "it gets a token of Kubernetes, which it has no use for"
    labelled = pod_labels(deployment).get(_IDENTITY_LABEL) == "true"
    annotated = _IDENTITY in account["metadata"].get("annotations", {})
    wanted = overlay.settings(deployment).get("ENTRA_AUTH") == "workload_identity"
    if len({labelled, annotated, wanted}) > 1:
        yield (
            f"workload identity takes all three: the label {_IDENTITY_LABEL} on its pods ({labelled}), the annotation {_IDENTITY} on its "
            f"service account ({annotated}) and ENTRA_AUTH=workload_identity ({wanted})"
        )


def _locked_down(deployment: Object) -> Iterator[str]:
    pod, of_container = deployment["spec"]["template"]["spec"], container(deployment).get("securityContext", {})
    of_pod = pod.get("securityContext", {})
    expected: tuple[tuple[str, Any, Any], ...] = (
        ("runAsNonRoot", of_pod.get("runAsNonRoot"), True),
        ("seccompProfile", of_pod.get("seccompProfile", {}).get("type"), "RuntimeDefault"),
        ("allowPrivilegeEscalation", of_container.get("allowPrivilegeEscalation"), False),
        ("readOnlyRootFilesystem", of_container.get("readOnlyRootFilesystem"), True),
        ("capabilities.drop", of_container.get("capabilities", {}).get("drop"), ["ALL"]),
    )
    yield from (f"{name} must be {wanted}; it is {found}" for name, found, wanted in expected if found != wanted)
    resources = container(deployment).get("resources", {})
    for kind, name in (("requests", "cpu"), ("requests", "memory"), ("limits", "memory")):
        if name not in resources.get(kind, {}):
            yield f"resources.{kind}.{name} is missing"


def _storage(deployment: Object) -> Iterator[str]:
    volumes = {one["name"]: one for one in deployment["spec"]["template"]["spec"].get("volumes", ())}
    mounts = {one["mountPath"]: one["name"] for one in container(deployment).get("volumeMounts", ())}
    for path in sorted(WRITABLE - set(mounts)):
        yield f"{path} must be writable, and nothing is mounted there"
    sizes = []
    for path, name in mounts.items():
        if "emptyDir" not in volumes.get(name, {}):
            yield f"{path} mounts {name}, which is no emptyDir of the pod"
        else:
            sizes.append(quantity(volumes[name]["emptyDir"].get("sizeLimit", "0Mi"), SIZES))
    limit = container(deployment).get("resources", {}).get("limits", {}).get("ephemeral-storage", "0Mi")
    if sum(sizes) >= quantity(limit, SIZES):
        yield "its volumes may grow beyond its limit of ephemeral-storage: it would be evicted before they are full"


def _image(deployment: Object) -> Iterator[str]:
    name, _, tag = container(deployment)["image"].rpartition(":")
    if not name or tag == "latest" or "/" in tag:
        yield f"the image {container(deployment)['image']} names no version"


def _networks(overlay: Overlay, deployment: Object) -> Iterator[str]:
    directions: set[str] = set()
    for policy in overlay.of("NetworkPolicy"):
        if deployment in overlay.selected(policy["spec"]["podSelector"].get("matchLabels", {})):
            directions |= set(policy["spec"]["policyTypes"])
            if role_of(deployment) is not Role.HTTP and policy["spec"].get("ingress"):
                yield f"nobody has a reason to reach it, and the NetworkPolicy {policy['metadata']['name']} lets them"
    for direction in sorted({"Ingress", "Egress"} - directions):
        yield f"no NetworkPolicy limits its {direction}"


def _policies(overlay: Overlay) -> Iterator[str]:
    for policy in overlay.of("NetworkPolicy"):
        name, spec = policy["metadata"]["name"], policy["spec"]
        selected = overlay.selected(spec["podSelector"].get("matchLabels", {}))
        if not selected:
            yield f"NetworkPolicy {name} fits no pod"
        for rule in spec.get("egress", ()):
            wanted = {(port["protocol"], port["port"]) for port in rule.get("ports", ())} or {("any", 0)}
            for protocol, port in sorted(wanted - OUTWARD_PORTS):
                yield f"NetworkPolicy {name} lets pods reach {protocol} {port}"
        listened = {port["containerPort"] for one in selected for port in container(one).get("ports", ())}
        for rule in spec.get("ingress", ()):
            for port in {port["port"] for port in rule.get("ports", ())} - listened:
                yield f"NetworkPolicy {name} opens the port {port}, on which no pod listens"


def _services(overlay: Overlay) -> Iterator[str]:
    for service in overlay.of("Service"):
        selected = overlay.selected(service["spec"]["selector"])
        if [role_of(one) for one in selected] != [Role.HTTP]:
            yield f"Service {service['metadata']['name']} must lead to the pods of HTTP, and to no others"
        ports = {port["name"] for one in selected for port in container(one).get("ports", ())}
        for port in service["spec"]["ports"]:
            if port["targetPort"] not in ports:
                yield f"Service {service['metadata']['name']}: its pods have no port {port['targetPort']}"


def _ingresses(overlay: Overlay) -> Iterator[str]:
    addresses = {overlay.settings(one).get("NOTIFICATION_URL", "") for one in overlay.of("Deployment")}
    hosts = set()
    for ingress in overlay.of("Ingress"):
        covered = {host for tls in ingress["spec"].get("tls", ()) for host in tls["hosts"]}
        for rule in ingress["spec"]["rules"]:
            hosts.add(f"https://{rule['host']}")
            if rule["host"] not in covered:
                yield f"Ingress: {rule['host']} has no certificate"
            yield from (problem for path in rule["http"]["paths"] for problem in _backend(overlay, path))
    if addresses != (hosts or {""}):
        yield f"NOTIFICATION_URL is {', '.join(sorted(addresses)) or 'empty'}, and the Ingress answers at {', '.join(sorted(hosts)) or 'nothing'}"


def _backend(overlay: Overlay, path: Object) -> Iterator[str]:
    backend = path["backend"]["service"]
    service = overlay.named("Service", backend["name"])
    if service is None:
        yield f"Ingress: {path['path']} leads to the Service {backend['name']}, which does not exist"
    elif backend["port"].get("name") not in {port["name"] for port in service["spec"]["ports"]}:
        yield f"Ingress: {path['path']} leads to a port that the Service {backend['name']} does not have"
    if path["pathType"] != "Prefix" or not re.fullmatch(r"/[a-z/]+", path["path"]):
        yield f"Ingress: {path['path']} must be a plain prefix"


def _budgets(overlay: Overlay) -> Iterator[str]:
    for budget in overlay.of("PodDisruptionBudget"):
        name = budget["metadata"]["name"]
        selected = overlay.selected(budget["spec"]["selector"]["matchLabels"])
        if not selected:
            yield f"PodDisruptionBudget {name} fits no pod"
        for one in selected:
            if one["spec"].get("replicas") == 1:
                yield f"PodDisruptionBudget {name} would keep the node of {one['metadata']['name']}, which has one pod, from being drained"
