"""App Service authentication: who cannot sign in gets through to what is anonymous in code, and to nothing else."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import connector
from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding
from tools.infra.origins import origin
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.syntax import parts, text, value_of

_FUNCTIONS = Path(connector.__file__).parent / "functions"
_CHANNELS = ("changes", "lifecycle")  # what {channel} of a route may be


@cache
def anonymous_paths() -> frozenset[str]:
    """The paths that functions answer at to whoever asks."""
    found = set[str]()
    for path in _FUNCTIONS.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text())):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "route":
                level = next((one.value for one in call.keywords if one.arg == "auth_level"), None)
                route = call.args[0] if call.args else None
                if level is not None and ast.unparse(level).endswith(".ANONYMOUS") and isinstance(route, ast.Constant):
                    found |= {f"/api/{str(route.value).replace('{channel}', channel)}" for channel in _CHANNELS}
    return frozenset(found)


def check(tree: Tree) -> Iterator[Finding]:
    """``auth-path``, ``auth-switch``."""
    for one in tree.resources("Microsoft.Web/sites/config"):
        if one.name != "authsettingsV2":
            continue
        body = one.declared.value
        agreed = set(tree.contract["authentication"]["excluded_paths"])
        written = value_of(body, "properties", "globalValidation", "excludedPaths")
        excluded = set(evaluate(written, one.template) if written is not None else [])
        for path in sorted(anonymous_paths() - excluded):
            yield one.finding("auth-path", f"{path} is anonymous in code, and would ask who calls.")
        for path in sorted(excluded ^ agreed):
            yield one.finding("auth-path", f"{path} is let through here or in contract.json only.")
        yield from _directory(tree, one)
        condition = one.declared.condition
        if condition is None or text(condition).strip("()") != "authenticates":
            yield one.finding("auth-switch", "It is on with apiClientId only.")
        for path_, wanted in (
            (("platform", "enabled"), True),
            (("globalValidation", "requireAuthentication"), True),
            (("globalValidation", "unauthenticatedClientAction"), "Return401"),
        ):
            if evaluate(value_of(body, "properties", *path_), one.template) != wanted:
                yield one.finding("auth-switch", f"{'.'.join(path_)} has to be {wanted}.")


def _directory(tree: Tree, one: Deployed) -> Iterator[Finding]:
    """Whose tokens, and for whom."""
    directory = value_of(one.declared.value, "properties", "identityProviders", "azureActiveDirectory")
    issuer = origin(tree, one.template, value_of(directory, "registration", "openIdIssuer"))
    if not (issuer.startswith("'${environment().authentication.loginEndpoint}${") and issuer.endswith("}/v2.0'")):
        yield one.finding("auth-switch", "openIdIssuer has to be that of the tenant, for tokens of version 2.")
    audiences = value_of(directory, "validation", "allowedAudiences")
    given = [text(item).strip("'").replace("$", "") for item in parts(audiences)] if audiences is not None else []
    if [item if "{" in item else f"{{{item}}}" for item in given] != tree.contract["authentication"]["audiences"]:
        yield one.finding("auth-switch", "allowedAudiences are not those of contract.json.")
