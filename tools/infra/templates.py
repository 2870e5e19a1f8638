"""All checks of one template, and of the modules that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tools.infra.declarations import Declaration, Kind, Template, allowed_values, read_template
from tools.infra.dependencies import check_dependencies
from tools.infra.facts import Facts
from tools.infra.findings import Finding, meant
from tools.infra.inferring import Inference, stated_type
from tools.infra.kinds import ANYTHING, OBJECT, STRING, Member, Shape
from tools.infra.names import check_names
from tools.infra.resources import type_of_resource
from tools.infra.syntax import constant, errors, literal, parts, text, value_of, walk
from tools.infra.values import check_object, check_value

_LOADING = frozenset({"loadTextContent", "loadJsonContent", "loadYamlContent", "loadFileAsBase64"})


def read_templates(folder: Path) -> dict[Path, Template]:
    """Every template in ``folder``, by its path."""
    return {path: read_template(path) for path in sorted(folder.rglob("*.bicep"))}


def check_templates(templates: Mapping[Path, Template], facts: Facts) -> Iterator[Finding]:
    """Every finding about each of ``templates``. What is not understood is not looked at further."""
    for path, template in templates.items():
        broken = list(errors(template.source))
        yield from broken
        if broken:
            continue
        used = {one.reference: (path.parent / one.reference).resolve() for one in template.of(Kind.MODULE)}
        modules = {written: templates[found] for written, found in used.items() if found in templates}
        yield from _TemplateCheck(template, modules, facts).findings()


class _TemplateCheck:
    def __init__(self, template: Template, modules: Mapping[str, Template], facts: Facts) -> None:
        self._template, self._modules, self._facts = template, modules, facts
        self._inference = Inference(template, facts, modules)

    def findings(self) -> Iterator[Finding]:
        yield from check_names(self._template)
        yield from check_dependencies(self._template)
        yield from self._inference.unknown_members()
        yield from self._loaded_files()
        yield from self._same_deployments()
        for one in self._template.declarations:
            match one.kind:
                case Kind.RESOURCE:
                    yield from self._resource(one)
                case Kind.MODULE:
                    yield from self._module(one)
                case Kind.PARAM:
                    yield from self._parameter(one)
                case Kind.OUTPUT if one.value is not None:
                    yield from check_value(one.value, stated_type(one), self._inference, what=one.name)

    def _resource(self, one: Declaration) -> Iterator[Finding]:
        source = self._template.source
        found = type_of_resource(one, self._template, self._facts)
        if isinstance(found, str):
            yield source.finding(one.node, "unknown-type", found)
            return
        if one.value is None:
            yield source.finding(one.node, "syntax", f"{one.name} has no body.")
            return
        scoped = self._template.scope.lower() == found.scope.lower() or value_of(one.value, "scope") is not None
        if not scoped and not (found.scope == "AllExceptExtension" or one.existing):
            needed = "needs a scope" if found.scope == "Extension" else f"is deployed to a {found.scope}"
            message = f"{found.name} {needed}, this template is for a {self._template.scope}."
            yield source.finding(one.node, "wrong-scope", message)
        name = literal(value_of(one.value, "name"))
        body = found.body(name)
        if body is None:
            near = meant(name or "", found.bodies)
            message = f"{found.name} has none called {name}; known are {', '.join(found.bodies)}.{near}"
            yield source.finding(one.node, "unlisted-value", message)
        elif one.existing:
            named = Shape(body.name, {key: Member(ANYTHING, key == "name") for key in ("name", "parent", "scope")})
            yield from check_object(one.value, named, self._inference)
        else:
            yield from check_object(one.value, body, self._inference)

    def _module(self, one: Declaration) -> Iterator[Finding]:
        source, module = self._template.source, self._modules.get(one.reference)
        if module is None:
            yield source.finding(one.node, "unknown-module", f"There is no {one.reference}.")
            return
        given = value_of(one.value, "scope")
        if module.scope != self._template.scope and given is None:
            message = f"{one.reference} is for a {module.scope}; its scope has to be said."
            yield source.finding(one.node, "wrong-scope", message)
        members = {
            param.name: Member(
                stated_type(param), required=param.value is None and not text(param.stated).endswith("?")
            )
            for param in module.of(Kind.PARAM)
            if param.stated is not None
        }
        params = Shape(one.reference, members)
        wanted = {
            "name": Member(STRING),
            "scope": Member(ANYTHING),
            "dependsOn": Member(ANYTHING),
            "params": Member(params),
        }
        if any(member.required for member in members.values()):
            wanted["params"] = Member(params, required=True)
        if one.value is not None:
            yield from check_object(one.value, Shape(f"module {one.name}", wanted), self._inference)

    def _parameter(self, one: Declaration) -> Iterator[Finding]:
        source = self._template.source
        if "description" not in one.decorators:
            yield source.finding(one.symbol, "no-description", f"{one.name} has no @description.")
        if one.value is None:
            return
        allowed, given = allowed_values(one), constant(one.value)
        if allowed is not None and given not in allowed:
            yield source.finding(one.value, "unlisted-value", f"The default of {one.name} is not allowed.")
        elif allowed is None and text(one.stated or one.value) != "object":
            yield from check_value(one.value, stated_type(one), self._inference, what=one.name)
        elif allowed is None:
            yield from check_value(one.value, OBJECT, self._inference, what=one.name)
        for decorator, beyond in (("minValue", int.__lt__), ("maxValue", int.__gt__)):
            limit = constant(one.decorators[decorator][0]) if decorator in one.decorators else None
            if isinstance(limit, int) and isinstance(given, int) and beyond(given, limit):
                yield source.finding(
                    one.value, "unlisted-value", f"The default of {one.name} is beyond its @{decorator}."
                )

    def _same_deployments(self) -> Iterator[Finding]:
        """Modules are deployments, and those of one name in one scope would be one."""
        seen = set[tuple[str, str]]()
        for one in self._template.of(Kind.MODULE):
            name, scope = (value_of(one.value, part) for part in ("name", "scope"))
            key = (text(name) if name is not None else one.name, text(scope) if scope is not None else "")
            if key in seen:
                yield self._template.source.finding(one.symbol, "duplicate-name", f"{key[0]} is deployed already.")
            seen.add(key)

    def _loaded_files(self) -> Iterator[Finding]:
        source = self._template.source
        for node in walk(source.root):
            function = node.child_by_field_name("function") if node.type == "call_expression" else None
            if function is None or text(function) not in _LOADING:
                continue
            arguments = node.child_by_field_name("arguments")
            name = literal(parts(arguments)[0]) if arguments is not None and parts(arguments) else None
            if name is not None and not (source.path.parent / name).is_file():
                yield source.finding(node, "missing-file", f"There is no file {name}.")
