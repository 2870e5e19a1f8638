"""Objects against the schemas of what will read them: Kubernetes' own in the oldest and the newest version that is served, and KEDA's.

``kubernetes-validate`` passes over kinds that it has no schema of, which would look like success; here that is a problem. KEDA's schema lets
unknown names pass, and a cluster drops them without a word, so the names are compared with KEDA's documentation besides
(https://keda.sh/docs/latest/reference/scaledobject-spec/, https://keda.sh/docs/latest/scalers/azure-storage-queue/).
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]

from emulators.storage.node import find_node
from tools.kubernetes.kustomize import Object

VERSIONS = ("1.32", "1.37")
"""Of Kubernetes."""
_KEDA = "keda.sh/v1alpha1"
_ANYTHING: dict[str, Any] = {}
_NAMES: Mapping[str, Any] = {
    "ScaledObject": {
        "scaleTargetRef": dict.fromkeys(("apiVersion", "kind", "name", "envSourceContainerName")),
        **dict.fromkeys(("pollingInterval", "cooldownPeriod", "initialCooldownPeriod")),
        **dict.fromkeys(("idleReplicaCount", "minReplicaCount", "maxReplicaCount")),
        "fallback": dict.fromkeys(("failureThreshold", "replicas", "behavior")),
        "advanced": _ANYTHING,
        "triggers": {
            **dict.fromkeys(("type", "name", "useCachedMetrics", "metricType")),
            "metadata": dict.fromkeys(
                (
                    *("queueName", "queueLength", "activationQueueLength", "queueLengthStrategy"),
                    *("accountName", "connectionFromEnv", "cloud", "endpointSuffix"),
                )
            ),
            "authenticationRef": dict.fromkeys(("name", "kind")),
        },
    },
    "TriggerAuthentication": {
        "podIdentity": dict.fromkeys(("provider", "identityId", "identityTenantId", "identityAuthorityHost")),
        "secretTargetRef": dict.fromkeys(("parameter", "name", "key")),
        "env": dict.fromkeys(("parameter", "name", "containerName")),
    },
}
"""What a ``spec`` may name, as far as it is used here. None: a plain value; an empty mapping: anything."""


def schema_problems(objects: Sequence[Object]) -> list[str]:
    """A sentence for each object that its schema refuses, or that has none.

    Raises:
        NodeMissing: there is no Node, which KEDA's schemas need.
    """
    of_keda = [one for one in objects if one["apiVersion"] == _KEDA]
    others = [one for one in objects if one["apiVersion"] != _KEDA]
    problems = [problem for one in others for problem in _refused(one)]
    for one, wrong in zip(of_keda, _ask_keda(of_keda), strict=True):
        if wrong:
            problems.append(f"{_called(one)}: {wrong}")
        problems += [
            f"{_called(one)}: KEDA knows no {name}" for name in _unknown(one["spec"], _NAMES.get(one["kind"], {}))
        ]
    return problems


def _refused(one: Object) -> Iterator[str]:
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(one, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            where = ".".join(str(part) for part in error.path)
            yield f"{_called(one)}: {where}: {error.message} (Kubernetes {version})"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"{_called(one)}: there is no schema of {one['apiVersion']} {one['kind']} (Kubernetes {version})"


def _ask_keda(objects: Sequence[Object]) -> list[str | None]:
    if not objects:
        return []
    script = Path(__file__).with_name("keda.mjs")
    asked = subprocess.run([find_node(), script], input=json.dumps(objects), capture_output=True, text=True, check=True)
    answered: list[str | None] = json.loads(asked.stdout)
    return answered


def _unknown(value: Any, names: Mapping[str, Any] | None, way: str = "spec") -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _unknown(one, names, way)
    elif isinstance(value, dict) and names:
        for name, inner in value.items():
            if name not in names:
                yield f"{way}.{name}"
            else:
                yield from _unknown(inner, names[name], f"{way}.{name}")


def _called(one: Object) -> str:
    return f"{one['kind']} {one['metadata']['name']}"
