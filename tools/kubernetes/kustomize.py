"""What ``kubectl kustomize`` makes of the manifests, for machines without kubectl.

Only what the manifests use is understood; anything else is refused, so that nothing is left unchecked unnoticed. A test compares the outcome
with kubectl's, where there is one. Names of generated ConfigMaps get no hash here.
https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
"""A Kubernetes object."""

_KNOWN = {
    *("apiVersion", "kind", "namespace", "resources", "components", "labels", "configMapGenerator", "patches"),
    *("replacements", "images"),
}
FILE = "kustomization.yaml"


_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The quick one, where PyYAML was built with it."""


class KustomizeError(Exception):
    """A kustomization cannot be followed. The text says which and why."""


def build(folder: Path) -> list[Object]:
    """The objects of the kustomization in ``folder``.

    Raises:
        KustomizeError: a file is missing, nothing fits a patch, or something is used that is not understood here.
    """
    return _apply(folder, [])


def _apply(folder: Path, given: list[Object]) -> list[Object]:
    """``given`` with what the kustomization in ``folder`` adds and changes. A component changes ``given``; others begin with nothing."""
    path = folder / FILE
    if not path.is_file():
        raise KustomizeError(f"{folder}: there is no {FILE}")
    (kustomization,) = read_yaml(path.read_text())
    if unknown := set(kustomization) - _KNOWN:
        raise KustomizeError(f"{path}: {', '.join(sorted(unknown))} is not understood")
    if unlisted := _unlisted(folder, kustomization):
        raise KustomizeError(f"{path}: {', '.join(unlisted)} is in the folder, and nothing refers to it")
    objects = [*given, *(one for name in kustomization.get("resources", ()) for one in _resource(folder / name))]
    _refuse_twins(path, objects)
    for generator in kustomization.get("configMapGenerator", ()):
        _generate(folder, generator, objects)
    for name in kustomization.get("components", ()):
        objects = _apply(folder / name, objects)
    for patch in kustomization.get("patches", ()):
        _patch(path, patch, objects)
    for labels in kustomization.get("labels", ()):
        _label(labels, objects)
    for image in kustomization.get("images", ()):
        _set_image(path, image, objects)
    for replacement in kustomization.get("replacements", ()):
        _replace(path, replacement, objects)
    for one in objects:
        if namespace := kustomization.get("namespace"):
            one["metadata"]["namespace"] = namespace
    return objects


def read_yaml(text: str) -> list[Any]:
    """The documents in ``text``."""
    return list(yaml.load_all(text, Loader=_Loader))


def _unlisted(folder: Path, kustomization: Mapping[str, Any]) -> list[str]:
    """Manifests in ``folder`` that nothing refers to; examples are meant to be left alone."""
    listed = set(kustomization.get("resources", ()))
    there = {path.name for path in folder.glob("*.yaml")} - {FILE}
    return sorted(name for name in there - listed if not name.endswith(".example.yaml"))


def _resource(path: Path) -> list[Object]:
    if path.is_dir():
        return build(path)
    if not path.is_file():
        raise KustomizeError(f"{path.parent / FILE}: {path.name} does not exist")
    return [one for one in read_yaml(path.read_text()) if one]


def _refuse_twins(path: Path, objects: list[Object]) -> None:
    seen = set()
    for one in objects:
        name = (one["kind"], one["metadata"]["name"])
        if name in seen:
            raise KustomizeError(f"{path}: {name[0]} {name[1]} is there twice")
        seen.add(name)


def _generate(folder: Path, generator: Mapping[str, Any], objects: list[Object]) -> None:
    if unknown := set(generator) - {"name", "behavior", "envs"}:
        raise KustomizeError(f"{folder / FILE}: configMapGenerator: {', '.join(sorted(unknown))} is not understood")
    data: dict[str, str] = {}
    for name in generator["envs"]:
        data |= read_env(folder / name)
    there = list(_selected({"kind": "ConfigMap", "name": generator["name"]}, objects))
    if generator.get("behavior") == "merge":
        if not there:
            raise KustomizeError(f"{folder / FILE}: there is no ConfigMap {generator['name']} to merge into")
        there[0]["data"] |= data
        return
    metadata = {"name": generator["name"]}
    objects.append({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})


def read_env(path: Path) -> dict[str, str]:
    """The settings in a file of ``NAME=value`` lines."""
    if not path.is_file():
        raise KustomizeError(f"{path} does not exist")
    settings: dict[str, str] = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or name in settings or name != name.strip():
            raise KustomizeError(f"{path}:{number}: a line is NAME=value, and each name is there once")
        settings[name] = value
    return settings


def _selected(target: Mapping[str, str], objects: list[Object]) -> Iterator[Object]:
    for one in objects:
        if one["kind"] == target["kind"] and target.get("name", one["metadata"]["name"]) == one["metadata"]["name"]:
            yield one


def _patch(path: Path, patch: Mapping[str, Any], objects: list[Object]) -> None:
    (operations,) = read_yaml(patch["patch"])
    if not isinstance(operations, list) or any(one["op"] != "add" for one in operations):
        raise KustomizeError(f"{path}: only patches that add are understood")
    selected = list(_selected(patch["target"], objects))
    if not selected:
        raise KustomizeError(f"{path}: nothing fits the target {patch['target']}")
    for one in selected:
        for operation in operations:
            _add(path, one, operation["path"], copy.deepcopy(operation["value"]))


def _add(path: Path, one: Object, pointer: str, value: Any) -> None:
    """RFC 6902's ``add``."""
    *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/")]
    place: Any = one
    try:
        for part in way:
            place = place[int(part)] if isinstance(place, list) else place[part]
    except (KeyError, IndexError, ValueError):
        raise KustomizeError(f"{path}: {one['kind']} {one['metadata']['name']} has nothing at {pointer}") from None
    if isinstance(place, list):
        place.insert(len(place) if last == "-" else int(last), value)
    else:
        place[last] = value


def _label(labels: Mapping[str, Any], objects: list[Object]) -> None:
    for one in objects:
        one["metadata"].setdefault("labels", {}).update(labels["pairs"])
        template = one.get("spec", {}).get("template")
        if template and labels.get("includeTemplates"):
            template["metadata"].setdefault("labels", {}).update(labels["pairs"])


def _set_image(path: Path, image: Mapping[str, str], objects: list[Object]) -> None:
    found = False
    for one in objects:
        for container in one.get("spec", {}).get("template", {}).get("spec", {}).get("containers", ()):
            if container["image"].partition(":")[0] == image["name"]:
                container["image"] = f"{image['newName']}:{image['newTag']}"
                found = True
    if not found:
        raise KustomizeError(f"{path}: no container has the image {image['name']}")


def _replace(path: Path, replacement: Mapping[str, Any], objects: list[Object]) -> None:
    source = replacement["source"]
    value: Any = next(_selected(source, objects), None)
    for part in source["fieldPath"].split("."):
        value = (value or {}).get(part)
    if value is None:
        raise KustomizeError(f"{path}: {source['kind']} {source['name']} has no {source['fieldPath']}")
    for target in replacement["targets"]:
        for one in _selected(target["select"], objects):
            for field in target["fieldPaths"]:
                _set(one, field.split("."), value)


def _set(place: Any, way: list[str], value: Any) -> None:
    first, *rest = way
    if first == "*":
        for one in place:
            _set(one, rest, value)
    elif rest:
        _set(place[first], rest, value)
    else:
        place[first] = value
