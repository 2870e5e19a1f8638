"""Settings: everything that the connector reads is set or left at its default for a reason, and nothing is set that nobody reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connector.settings import known_settings
from tools.infra.declarations import Kind, Template
from tools.infra.findings import Finding, of_file
from tools.infra.policies.tree import Deployed, Tree
from tools.infra.syntax import Property, parts, properties, text, value_of

if TYPE_CHECKING:
    from tree_sitter import Node


def check(tree: Tree) -> Iterator[Finding]:
    """``setting-missing``, ``setting-unread``, ``setting-not-in-contract``."""
    read = {setting.name for setting in known_settings()}
    contract = tree.contract["settings"]
    host, connector, left = set(contract["host"]), set(contract["connector"]), set(contract["left_at_default"])
    path = tree.infra / "contract.json"
    for name in sorted(read - connector - left):
        yield of_file(path, "setting-not-in-contract", f"{name} is neither set nor left at its default for a reason.")
    for name in sorted((connector | left) - read):
        yield of_file(path, "setting-unread", f"{name} is no setting that the connector reads.")
    for app in _app_settings(tree):
        given = dict(settings_given(tree, app))
        for name in sorted((host | connector) - set(given)):
            yield app.finding("setting-missing", f"{name} is not set.")
        for name in sorted(set(given) - host - connector):
            template, node = given[name]
            yield template.source.finding(
                node, "setting-unread", f"Nobody reads {name}, or contract.json does not say so."
            )


def _app_settings(tree: Tree) -> Iterator[Deployed]:
    return (one for one in tree.resources("Microsoft.Web/sites/config") if one.name == "appsettings")


def settings_given(tree: Tree, app: Deployed) -> Iterator[tuple[str, tuple[Template, Node]]]:
    """Names of the settings that the app gets, and where each is written."""
    body = app.declared.value
    written = value_of(body, "properties")
    if written is not None:
        for template, one in _written(tree, written, app.template):
            if one.name is not None:
                yield one.name, (template, one.key)


def _written(tree: Tree, node: Node, template: Template) -> Iterator[tuple[Template, Property]]:
    """The properties of an object, through ``union``, variables, and parameters back to who gives them."""
    if node.type == "object":
        yield from ((template, one) for one in properties(node))
    elif node.type == "call_expression":
        arguments = node.child_by_field_name("arguments")
        for argument in parts(arguments) if arguments is not None else ():
            yield from _written(tree, argument, template)
    elif node.type == "identifier":
        named = template.find(text(node), Kind.VAR, Kind.PARAM)
        if named is not None and named.value is not None:
            yield from _written(tree, named.value, template)
        elif named is not None:
            for user, module in tree.users(template):
                given = value_of(module.value, "params", named.name)
                if given is not None:
                    yield from _written(tree, given, user)
