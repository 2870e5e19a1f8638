"""One overlay as its pods see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.kubernetes.functions import Function, Role, setting_that_disables
from tools.kubernetes.kustomize import Object, build, read_yaml

EXAMPLE = "components/client-secret/secrets.example.yaml"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What one overlay makes.

    Attributes:
        name: its folder.
        objects: what is applied.
        secrets: by name, the keys of Secrets that somebody else makes, as the example has them.
    """

    name: str
    objects: Sequence[Object]
    secrets: Mapping[str, Sequence[str]]

    def of(self, kind: str) -> list[Object]:
        """The objects of one kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def named(self, kind: str, name: str) -> Object | None:
        """One object, if it is there."""
        return next((one for one in self.of(kind) if one["metadata"]["name"] == name), None)

    def settings(self, deployment: Object) -> dict[str, str]:
        """What the pods of ``deployment`` get from ConfigMaps."""
        settings: dict[str, str] = {}
        for source in container(deployment).get("envFrom", ()):
            if reference := source.get("configMapRef"):
                settings |= (self.named("ConfigMap", reference["name"]) or {}).get("data", {})
        return settings

    def enabled(self, deployment: Object, functions: Sequence[Function]) -> frozenset[str]:
        """The names of the functions that the pods of ``deployment`` run."""
        settings = self.settings(deployment)
        return frozenset(
            one.name for one in functions if settings.get(setting_that_disables(one.name), "").lower() != "true"
        )

    def selected(self, labels: Mapping[str, str]) -> list[Object]:
        """The Deployments whose pods have ``labels``; with none, all."""
        return [one for one in self.of("Deployment") if labels.items() <= pod_labels(one).items()]


def overlays(folder: Path) -> Iterator[Overlay]:
    """Every overlay of the manifests in ``folder``.

    Raises:
        KustomizeError: one cannot be built.
    """
    examples = read_yaml((folder / EXAMPLE).read_text())
    secrets = {one["metadata"]["name"]: tuple(one["stringData"]) for one in examples}
    for path in sorted((folder / "overlays").iterdir()):
        yield Overlay(path.name, build(path), secrets)


def container(deployment: Object) -> dict[str, Any]:
    """The one container of a Deployment."""
    (found,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(found)


def pod_labels(deployment: Object) -> dict[str, str]:
    """The labels of a Deployment's pods."""
    return dict(deployment["spec"]["template"]["metadata"]["labels"])


def role_of(deployment: Object) -> Role | None:
    """What a Deployment is for; None where its label names nothing that is known."""
    component = pod_labels(deployment).get("app.kubernetes.io/component")
    return next((role for role in Role if role.value == component), None)
