"""`azd up`: azure.yaml, main.parameters.json, .funcignore and the templates fit together, and all keep the contract."""

from __future__ import annotations

import fnmatch
import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tools.infra.declarations import Kind
from tools.infra.evaluating import UNKNOWN, evaluate
from tools.infra.findings import Finding, of_file
from tools.infra.policies.tree import Tree
from tools.infra.syntax import literal, text, walk

_DEFAULTED = re.compile(r"\$\{[A-Z_]+(?:=(.*))?\}")
_KEPT_OUT = (
    *(
        "tests",
        "emulators",
        "tools",
        "infra",
        "docs",
        "benchmarks",
        "node_modules",
        ".git",
        ".venv",
        ".azure",
        ".state",
    ),
    *("azure.yaml", "dev.py", "local.settings.json", "Dockerfile", "requirements-dev.txt"),
)
_DEPLOYED = ("function_app.py", "host.json", "requirements.txt", "connector")
_SERVICE_TAG = "azd-service-name"


def check(tree: Tree) -> Iterator[Finding]:
    """``azd-service``, ``azd-package``, ``parameters``, ``contract``."""
    yield from _service(tree)
    yield from _package(tree)
    yield from _parameters(tree)
    yield from _contract(tree)


def _service(tree: Tree) -> Iterator[Finding]:
    import yaml

    path = tree.top / "azure.yaml"
    read = yaml.safe_load(path.read_text())
    services = read.get("services", {})
    infra = read.get("infra", {})
    if (infra.get("provider"), infra.get("path"), infra.get("module")) != ("bicep", "infra", "main"):
        yield of_file(path, "azd-service", "infra has to name bicep, the folder infra and the module main.")
    unknown = sorted(set(read) - {"name", "infra", "services", "hooks", "metadata"})
    if unknown:
        yield of_file(path, "azd-service", f"azd knows nothing of {', '.join(unknown)}.")
    for name, service in services.items():
        if service != {"project": ".", "language": "python", "host": "function"}:
            yield of_file(path, "azd-service", f"{name} has to be a function in Python at the top of the repository.")
    tagged = set[str]()
    for site in tree.resources("Microsoft.Web/sites"):
        values = [literal(node) for node in walk(site.declared.node) if node.type == "string"]
        tagged |= {str(after) for tag, after in pairwise(values) if tag == _SERVICE_TAG}
    if tagged != set(services):
        yield of_file(
            path, "azd-service", f"The tag {_SERVICE_TAG} names {sorted(tagged)}, azure.yaml {sorted(services)}."
        )


def _package(tree: Tree) -> Iterator[Finding]:
    path = tree.top / ".funcignore"
    patterns = [line.strip() for line in path.read_text().splitlines() if line.strip() and not line.startswith("#")]
    for name in _KEPT_OUT:
        if not any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            yield of_file(path, "azd-package", f"{name} would be deployed.")
    for name in _DEPLOYED:
        if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
            yield of_file(path, "azd-package", f"{name} would not be deployed.")
    if (tree.top / "pyproject.toml").exists():
        yield of_file(tree.top / "pyproject.toml", "azd-package", "azd would install it, and not requirements.txt.")


def _parameters(tree: Tree) -> Iterator[Finding]:
    path = tree.infra / "main.parameters.json"
    given = {name: one["value"] for name, one in json.loads(path.read_text())["parameters"].items()}
    params = {one.name: one for one in tree.main.of(Kind.PARAM)}
    for name in sorted(set(given) - set(params)):
        yield of_file(path, "parameters", f"main.bicep has no parameter {name}.")
    for name in sorted(one.name for one in params.values() if not one.secure and one.name not in given):
        yield of_file(path, "parameters", f"{name} is not given, so nobody can set it by the environment.")
    for name in sorted(set(given) & set(params)):
        default = evaluate(params[name].value, tree.main) if params[name].value is not None else None
        if default is not UNKNOWN and _plain(given[name]) != _plain(default):
            yield of_file(path, "parameters", f"{name} has another default than in main.bicep.")


def _plain(value: Any) -> str:
    """As text, in which true and "true" are the same; of ``${NAME=default}`` the default."""
    found = _DEFAULTED.fullmatch(value) if isinstance(value, str) else None
    if found:
        return found[1] or ""
    return "" if value is None else json.dumps(value) if not isinstance(value, str) else value


def _contract(tree: Tree) -> Iterator[Finding]:
    source = tree.main.source
    agreed = {one["bicep"]: one for one in tree.contract["inputs"]}
    params = {one.name: one for one in tree.main.of(Kind.PARAM) if not one.secure}
    for name in sorted(set(agreed) ^ set(params)):
        yield of_file(source.path, "contract", f"The input {name} is in main.bicep or in contract.json only.")
    for name in sorted(set(agreed) & set(params)):
        one, wanted = params[name], agreed[name]
        value = evaluate(one.value, tree.main) if one.value is not None else None
        if value != wanted.get("default") or (one.stated is not None and text(one.stated) != wanted["type"]):
            yield source.finding(one.symbol, "contract", f"Type or default of {name} is not what contract.json says.")
        for key, decorator in (("allowed", "allowed"), ("minimum", "minValue"), ("maximum", "maxValue")):
            arguments = one.decorators.get(decorator)
            if key in wanted and (not arguments or evaluate(arguments[0], tree.main) != wanted[key]):
                yield source.finding(one.symbol, "contract", f"@{decorator} of {name} is not what contract.json says.")
    outputs = {one["bicep"] for one in tree.contract["outputs"]}
    for name in sorted(outputs ^ set(tree.main.outputs)):
        yield of_file(source.path, "contract", f"The output {name} is in main.bicep or in contract.json only.")
