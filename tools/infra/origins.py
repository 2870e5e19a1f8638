"""Where a value comes from, through parameters, variables, and outputs of modules, back to what Azure or whoever deploys says.

Every name is replaced by what it stands for, so that ``params: { uri: vault.outputs.uri }`` reads as ``vault.properties.vaultUri``,
and a value that two modules hand on can be compared with what it has to be.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from tools.infra.declarations import Declaration, Kind, Template
from tools.infra.policies.tree import Tree
from tools.infra.syntax import parts, text, value_of

if TYPE_CHECKING:
    from tree_sitter import Node

_DEEPEST = 40  # names one after the other; more is a circle, which another check tells


def origin(tree: Tree, template: Template, node: Node | None, depth: int = 0) -> str:
    """The expression ``node`` with every name replaced by what it stands for; empty where there is none."""
    if node is None or depth > _DEEPEST:
        return ""
    replaced = _replacement(tree, template, node, depth + 1)
    if replaced is not None:
        return replaced
    inside = [child for child in node.children if child.type not in ("comment", "diagnostic_comment")]
    if not inside:
        return text(node)
    if node.type in (
        "member_expression",
        "object_property",
    ):  # what stands behind the dot or before the colon is no name
        kept = parts(node)[1 if node.type == "member_expression" else 0]
        written = (text(one) if one == kept else origin(tree, template, one, depth + 1) for one in inside)
        return "".join(written)
    return "".join(origin(tree, template, one, depth + 1) for one in inside)


def _replacement(tree: Tree, template: Template, node: Node, depth: int) -> str | None:
    if node.type == "identifier":
        declared = template.find(text(node), Kind.VAR, Kind.PARAM)
        if declared is not None and declared.kind is Kind.VAR:
            return origin(tree, template, declared.value, depth)
        if declared is not None:
            return next(_given(tree, template, declared, depth), None)
    if node.type == "member_expression":
        owner, name = parts(node)
        if owner.type == "member_expression" and text(parts(owner)[-1]) == "outputs":
            return _output(tree, template, template.find(text(parts(owner)[0]), Kind.MODULE), text(name), depth)
    if node.type == "interpolation":
        inner = origin(tree, template, parts(node)[0], depth)
        return inner[1:-1] if inner[:1] == "'" == inner[-1:] else f"${{{inner}}}"
    return None


def _given(tree: Tree, template: Template, declared: Declaration, depth: int) -> Iterator[str]:
    """What each module declaration gives for a parameter."""
    for user, module in tree.users(template):
        written = value_of(module.value, "params", declared.name)
        if written is not None:
            yield origin(tree, user, written, depth)


def _output(tree: Tree, template: Template, module: Declaration | None, name: str, depth: int) -> str | None:
    if module is None:
        return None
    used = tree.templates.get((template.source.path.parent / module.reference).resolve())
    found = used.outputs.get(name) if used else None
    return None if used is None or found is None else origin(tree, used, found.value, depth)
