"""Who runs what: every function somewhere, timers once, queues where KEDA looks, HTTP where the Service leads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tools.kubernetes.functions import PROBED, Function, Role
from tools.kubernetes.kustomize import Object
from tools.kubernetes.overlay import Overlay, container, pod_labels

INSIDE = frozenset({PROBED, "health"})
"""Routes that are asked from within the cluster only."""


def running_problems(overlay: Overlay, functions: Sequence[Function], prefix: str) -> Iterator[str]:
    """A sentence for each thing that runs nowhere, twice, or out of reach. ``prefix``: of routes, by ``host.json``."""
    deployments = overlay.of("Deployment")
    for function in functions:
        running = [one for one in deployments if function.name in overlay.enabled(one, functions)]
        names = ", ".join(one["metadata"]["name"] for one in running) or "no Deployment"
        if function.name == PROBED:
            if len(running) != len(deployments):
                yield f"{function.name} must run everywhere, as probes ask it; it runs in {names}"
        elif len(running) != 1:
            yield f"{function.name} must run in one Deployment; it runs in {names}"
        elif function.role is Role.TIMERS:
            yield from _singleton(overlay, running[0])
        elif function.role is Role.WORKERS and function.queue not in _queues(overlay, running[0]):
            yield f"{function.queue}, which {function.name} reads, does not scale {names}"
        elif function.role is Role.HTTP and not _serves(overlay, running[0]):
            yield f"no Service leads to {function.name} in {names}"
    yield from _scaling(overlay, functions)
    yield from _ingress(overlay, functions, prefix)
    for deployment in deployments:
        yield from _probes(overlay, deployment, functions, prefix)


def _singleton(overlay: Overlay, deployment: Object) -> Iterator[str]:
    spec, name = deployment["spec"], deployment["metadata"]["name"]
    if spec.get("replicas") != 1 or spec.get("strategy", {}).get("type") != "Recreate":
        yield f"{name} has timers, so it must have one replica, and be recreated"
    if _queues(overlay, deployment):
        yield f"{name} has timers, so nothing may scale it"


def _queues(overlay: Overlay, deployment: Object) -> set[str]:
    """The queues that scale a Deployment."""
    return {
        trigger["metadata"].get("queueName", "")
        for one in overlay.of("ScaledObject")
        if one["spec"]["scaleTargetRef"]["name"] == deployment["metadata"]["name"]
        for trigger in one["spec"]["triggers"]
    }


def _serves(overlay: Overlay, deployment: Object) -> bool:
    return any(one["spec"]["selector"].items() <= pod_labels(deployment).items() for one in overlay.of("Service"))


def _scaling(overlay: Overlay, functions: Sequence[Function]) -> Iterator[str]:
    read = {one.queue for one in functions if one.queue}
    targets: list[str] = []
    for one in overlay.of("ScaledObject"):
        name, target = one["metadata"]["name"], one["spec"]["scaleTargetRef"]["name"]
        targets.append(target)
        deployment = overlay.named("Deployment", target)
        if deployment is None:
            yield f"ScaledObject {name} scales {target}, which does not exist"
        elif "replicas" in deployment["spec"]:
            yield f"{target} is scaled, so it must not say replicas: each time it is applied, it would be set back"
        for trigger in one["spec"]["triggers"]:
            yield from _trigger(overlay, name, trigger, read)
    for target in sorted({one for one in targets if targets.count(one) > 1}):
        yield f"{target} is scaled by more than one ScaledObject, which KEDA refuses"


def _trigger(overlay: Overlay, name: str, trigger: Object, read: set[str]) -> Iterator[str]:
    queue = trigger["metadata"].get("queueName", "")
    if trigger["type"] != "azure-queue":
        yield f"ScaledObject {name}: {trigger['type']} is no queue of Azure Storage"
    if queue not in read:
        yield f"ScaledObject {name}: no function reads the queue {queue}"
    reference = trigger.get("authenticationRef", {}).get("name", "")
    authentication = overlay.named("TriggerAuthentication", reference)
    if authentication is None:
        yield f"ScaledObject {name}: there is no TriggerAuthentication {reference or 'named'} for {queue}"
    elif "podIdentity" in authentication["spec"] and not trigger["metadata"].get("accountName"):
        yield f"ScaledObject {name}: with an identity, accountName says which account has {queue}"


def _probes(overlay: Overlay, deployment: Object, functions: Sequence[Function], prefix: str) -> Iterator[str]:
    name, running = deployment["metadata"]["name"], overlay.enabled(deployment, functions)
    open_paths = {f"/{prefix}/{one.route}" for one in functions if one.anonymous and one.name in running}
    ports = {port["name"] for port in container(deployment).get("ports", ())}
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        asked = container(deployment).get(probe, {}).get("httpGet", {})
        if asked.get("path") not in open_paths:
            yield f"{name}: {probe} asks {asked.get('path')}, which is not a route there that asks for no key"
        if asked.get("port") not in ports:
            yield f"{name}: {probe} asks the port {asked.get('port')}, which the container does not have"


def _ingress(overlay: Overlay, functions: Sequence[Function], prefix: str) -> Iterator[str]:
    routes = {f"/{prefix}/{one.route}": one for one in functions if one.role is Role.HTTP}
    for one in overlay.of("Ingress"):
        paths = [path["path"] for rule in one["spec"]["rules"] for path in rule["http"]["paths"]]
        for route, function in routes.items():
            outside = any(_covers(path, route) for path in paths)
            if outside and not function.anonymous:
                yield f"Ingress: {route} is not meant to be reached from outside"
            if not outside and function.anonymous and function.name not in INSIDE:
                yield f"Ingress: {route} must be reached from outside"
        yield from (
            f"Ingress: {path} leads to no route" for path in paths if not any(_covers(path, route) for route in routes)
        )


def _covers(path: str, route: str) -> bool:
    """Whether a path of type ``Prefix`` covers a route: part by part, as Kubernetes compares them."""
    parts = path.strip("/").split("/")
    return route.strip("/").split("/")[: len(parts)] == parts
