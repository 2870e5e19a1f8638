"""Every check, over every overlay."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from emulators.storage.errors import NodeMissing
from tools.kubernetes.environment import environment_problems
from tools.kubernetes.functions import TOP, Function, app_functions, settings_files
from tools.kubernetes.image import image_problems
from tools.kubernetes.kustomize import KustomizeError, Object
from tools.kubernetes.limits import limit_problems
from tools.kubernetes.overlay import Overlay, overlays
from tools.kubernetes.running import running_problems
from tools.kubernetes.schemas import schema_problems
from tools.kubernetes.wiring import wiring_problems

__all__ = ["TOP", "check", "drifted", "manifests", "route_prefix", "schemas", "write"]


def check(top: Path) -> list[str]:
    """A sentence for each problem of the manifests and of the Dockerfile below ``top``; empty when all is well."""
    functions, folder, prefix = app_functions(), top / "infra" / "kubernetes", route_prefix(top)
    problems = drifted(folder, functions)
    try:
        built = list(overlays(folder))
    except KustomizeError as error:
        return [*problems, str(error)]
    problems += schemas(built)
    for overlay in built:
        problems += manifests(overlay, functions, prefix)
    return problems + image_problems(top, built, functions, prefix)


def manifests(overlay: Overlay, functions: Sequence[Function], prefix: str) -> list[str]:
    """What is wrong with one overlay, schemas aside."""
    found = (
        *running_problems(overlay, functions, prefix),
        *wiring_problems(overlay),
        *environment_problems(overlay, functions),
        *limit_problems(overlay),
    )
    return [f"{overlay.name}: {problem}" for problem in found]


def route_prefix(top: Path) -> str:
    """What stands before every route, by ``host.json``."""
    return str(json.loads((top / "host.json").read_text())["extensions"]["http"]["routePrefix"])


def write(top: Path) -> None:
    """Write the generated files of settings."""
    for path, text in settings_files(top / "infra" / "kubernetes", app_functions()).items():
        path.write_text(text)


def drifted(folder: Path, functions: Sequence[Function]) -> list[str]:
    """A sentence for each generated file that is not what the app gives."""
    return [
        f"{path.relative_to(folder)}: not what the functions of the app give; run `python3 dev.py infra --write`"
        for path, text in settings_files(folder, functions).items()
        if not path.is_file() or path.read_text() != text
    ]


def schemas(built: Sequence[Overlay]) -> list[str]:
    """What schemas refuse; objects that several overlays have in common are looked at once."""
    different: dict[str, Object] = {}
    for overlay in built:
        different |= {json.dumps(one, sort_keys=True): one for one in overlay.objects}
    try:
        return schema_problems(list(different.values()))
    except NodeMissing as error:
        return [str(error)]
