"""The direction of imports, as docs/architecture.md draws it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
PACKAGES = ("connector", "emulators", "tools", "function_app")

# What the modules under a prefix may import of ours. The longest prefix that fits a module counts.
ALLOWED: dict[str, tuple[str, ...]] = {
    "connector.settings": ("connector.settings",),
    "connector.settings.values": (),
    "connector.access": ("connector.access",),
    "connector.credentials": ("connector.credentials", "connector.settings", "connector.logs"),
    "connector.permissions": ("connector.permissions", "connector.settings"),
    "connector.graph": (
        "connector.graph",
        "connector.credentials",
        "connector.permissions",
        "connector.access",
        "connector.settings",
    ),
    "connector.storage": ("connector.storage", "connector.credentials", "connector.access", "connector.settings"),
    "connector.sync": (
        "connector.sync",
        "connector.journal",
        "connector.graph",
        "connector.permissions",
        "connector.storage",
        "connector.access",
        "connector.settings",
        "connector.logs",
    ),
    "connector.journal": ("connector.journal", "connector.storage", "connector.access", "connector.settings"),
    "connector.incremental": (
        "connector.incremental",
        "connector.sync",
        "connector.journal",
        "connector.graph",
        "connector.storage",
        "connector.access",
        "connector.settings",
        "connector.logs",
    ),
    "connector.provisioning": (
        "connector.provisioning",
        "connector.incremental",
        "connector.graph",
        "connector.permissions",
        "connector.storage",
        "connector.access",
        "connector.settings",
        "connector.logs",
    ),
    "connector.provisioning.kinds": (
        "connector.provisioning.kinds",
        "connector.provisioning.contract",
        "connector.provisioning.entitlements",
        "connector.provisioning.refusals",
        "connector.incremental.facts",
        "connector.graph",
        "connector.permissions",
        "connector.storage.records.operations",
        "connector.access",
        "connector.settings",
    ),
    "connector.subscriptions": (
        "connector.subscriptions",
        "connector.graph",
        "connector.permissions",
        "connector.storage",
        "connector.access",
        "connector.settings",
        "connector.logs",
    ),
    "connector.consent": (
        "connector.consent",
        "connector.credentials",
        "connector.permissions",
        "connector.graph",
        "connector.storage",
        "connector.settings",
        "connector.logs",
    ),
    "connector.setup": (
        "connector.setup",
        "connector.consent.asking",
        "connector.credentials",
        "connector.permissions",
        "connector.graph",
        "connector.access",
        "connector.settings",
    ),
    "connector.notifications": ("connector.notifications", "connector.storage", "connector.settings", "connector.logs"),
    "connector.health": (
        "connector.health",
        "connector.subscriptions",
        "connector.credentials",
        "connector.permissions",
        "connector.graph",
        "connector.storage",
        "connector.access",
        "connector.settings",
        "connector.logs",
    ),
    "connector.query": (
        "connector.query",
        "connector.credentials.expiring",
        "connector.journal",
        "connector.storage",
        "connector.access",
        "connector.settings",
    ),
    "connector.functions": (
        "connector.functions",
        "connector.health",
        "connector.incremental",
        "connector.provisioning",
        "connector.subscriptions",
        "connector.notifications",
        "connector.consent",
        "connector.query",
        "connector.sync",
        "connector.settings",
        "connector.logs",
    ),
    "connector": ("connector",),
    "function_app": ("connector.functions",),
    "emulators": ("emulators",),
    "tools": ("tools", "connector", "emulators"),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        single = TOP / f"{package}.py"
        for path in [single] if single.exists() else sorted((TOP / package).rglob("*.py")):
            parts = path.relative_to(TOP).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute here"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def under(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


def is_allowed(module: str, imported: str) -> bool:
    if not any(under(imported, package) for package in PACKAGES):
        return True
    rule = max((prefix for prefix in ALLOWED if under(module, prefix)), key=len)
    return any(under(imported, allowed) for allowed in ALLOWED[rule])


@pytest.mark.parametrize(("module", "path"), [pytest.param(*found, id=found[0]) for found in modules()])
def test_imports_point_one_way(module: str, path: Path) -> None:
    wrong = [name for name in imports(path) if not is_allowed(module, name)]

    assert not wrong, f"{module} must not import {', '.join(wrong)}"


@pytest.mark.parametrize(
    ("module", "imported"),
    [
        ("connector.access.tables", "connector.settings"),
        ("connector.graph.session", "connector.storage"),
        ("connector.storage.blobs", "connector.graph.session"),
        ("connector.sync.engine", "connector.functions"),
        ("connector.functions.http", "connector.storage"),
        ("connector.cli.sync", "emulators.graph"),
        ("emulators.graph.tenant.truth", "connector.access.tables"),
        ("connector.graph.session", "tools.stack"),
    ],
)
def test_the_rule_refuses_what_it_should(module: str, imported: str) -> None:
    assert not is_allowed(module, imported)


def test_nothing_names_a_path_of_one_machine() -> None:
    """What is committed works wherever it is cloned."""
    suspicious = ("/" + "work/", "/" + "root/", "/" + "home/")

    found = [
        f"{path.relative_to(TOP)}: {word}"
        for folder in ("connector", "emulators", "tools", "tests", "docs", "infra", "benchmarks")
        for path in (TOP / folder).rglob("*")
        if path.suffix in {".py", ".md", ".json", ".sql", ".yaml"} and path.is_file()
        for word in suspicious
        if word in path.read_text(errors="replace")
    ]

    assert not found
