"""Secrets go into the Key Vault, and nowhere else: not into outputs, not into parameters that anybody may read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.infra.declarations import Kind, Template
from tools.infra.findings import Finding, of_file
from tools.infra.policies.tree import Tree
from tools.infra.syntax import properties, text, value_of, walk

if TYPE_CHECKING:
    from tree_sitter import Node

_TELLING = frozenset({"listKeys", "listAccountSas", "listServiceSas", "list", "getSecret", "listSecrets"})


def check(tree: Tree) -> Iterator[Finding]:
    """``secret-output``, ``secret-read``, ``secret-unsecured``, ``secret-given``."""
    for template in tree.templates.values():
        source = template.source
        for output in template.outputs.values():
            if output.value is not None and not output.secure and _is_secret(output.value, template):
                yield source.finding(
                    output.symbol, "secret-output", f"{output.name} tells a secret to all who may read the deployment."
                )
        for node in walk(source.root):
            if node.type == "call_expression" and _function(node) in _TELLING:
                yield source.finding(node, "secret-read", f"{_function(node)} reads a secret; nothing here needs one.")
        yield from _handed_on(tree, template)
    given = json.loads((tree.infra / "main.parameters.json").read_text())["parameters"]
    for name in (one["bicep"] for one in tree.contract["secret_inputs"]):
        declared = tree.main.find(name, Kind.PARAM)
        if declared is None or not declared.secure:
            yield of_file(tree.main.source.path, "secret-unsecured", f"{name} has to be a parameter with @secure().")
        if name in given:
            yield of_file(tree.infra / "main.parameters.json", "secret-given", f"{name} must not be written down.")


def _handed_on(tree: Tree, template: Template) -> Iterator[Finding]:
    """Parameters that are given a secret, and are not secure."""
    for user, module in tree.users(template):
        given = value_of(module.value, "params")
        for one in properties(given) if given is not None else ():
            declared = template.find(one.name or "", Kind.PARAM)
            if declared is not None and not declared.secure and _is_secret(one.value, user):
                message = f"{declared.name} is given a secret, and has no @secure()."
                yield template.source.finding(declared.symbol, "secret-unsecured", message)


def _is_secret(node: Node, template: Template) -> bool:
    """Whether a secret is in the value of ``node``, by whatever name it comes."""
    for one in walk(node):
        if one.type == "call_expression" and _function(one) in _TELLING:
            return True
        named = template.find(text(one), Kind.PARAM, Kind.VAR) if one.type == "identifier" else None
        if named is None:
            continue
        if named.secure or (named.kind is Kind.VAR and named.value is not None and _is_secret(named.value, template)):
            return True
    return False


def _function(call: Node) -> str:
    function = call.child_by_field_name("function")
    return text(function).rpartition(".")[2] if function is not None else ""
