"""Reads the schema of a provider's resources from its prebuilt bindings for CDK Terrain, and writes it as data.

``terraform providers schema`` needs the registry. The bindings are generated from what it prints, are on PyPI, and say of every
attribute whether it is computed, optional or required:

    pip download --no-deps cdktn-provider-azurerm
    python -m tools.terraform.reading_bindings cdktn_provider_azurerm-*.whl azurerm resource/key_vault data/client_config provider

writes ``infra/terraform/facts/azurerm/resource.key_vault.json`` and so on, and ``version.json``. It is run again when the version
that ``infra/terraform/versions.tf`` pins is raised.
"""

from __future__ import annotations

import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.terraform.facts import FOLDER

Described = dict[str, Any]

_CLASS = re.compile(r"^class (\w+) extends cdktn\.\w+ \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_MEMBER = re.compile(
    r"// (\w+) - computed: (true|false), optional: (?:true|false), required: (true|false)\n(.*?)(?=\n    // \w+ - computed: |\Z)",
    re.DOTALL,
)
_NESTED = re.compile(r"= new (\w+)\(this, ['\"]\w+['\"]")
_GETTER = re.compile(r"this\.(get\w+Attribute|interpolationForAttribute)\(")
_SETTER = re.compile(r"^    (?:set \w+|put\w+)\(", re.MULTILINE)
_MAPPER = re.compile(r"^function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.MULTILINE | re.DOTALL)
_ENTRY = re.compile(
    r"^ +(\w+): \{\n +value: (.*),\n +isBlock: (true|false),\n +type: \"\w+\",\n +storageClassType: \"(\w+)\"",
    re.MULTILINE,
)
_WRITE_ONLY = re.compile(r"^ +(\w+): \{\n +value: this\.markWriteOnlyAttribute\(", re.MULTILINE)
_MAPPED = re.compile(r"(\w+)ToHclTerraform\b")
_TYPES = {
    "getStringAttribute": "string",
    "getNumberAttribute": "number",
    "getBooleanAttribute": "bool",
    "getListAttribute": "list(string)",
    "getNumberListAttribute": "list(number)",
    "getStringMapAttribute": "map(string)",
    "getNumberMapAttribute": "map(number)",
    "getBooleanMapAttribute": "map(bool)",
}
_STORED = {
    "string": "string",
    "number": "number",
    "boolean": "bool",
    "stringList": "list(string)",
    "stringMap": "map(string)",
}
_PREFIXES = {
    "resource": "",
    "data": "data-{provider}-",
    "ephemeral": "ephemeral-{provider}-",
}  # random's have none of the others'


def main(wheel: str, provider: str, *wanted: str) -> None:
    """Write the schema of each of ``wanted``: ``resource/NAME``, ``data/NAME``, ``ephemeral/NAME`` or ``provider``."""
    folder = FOLDER / provider
    folder.mkdir(parents=True, exist_ok=True)
    versions = set()
    with bindings(Path(wheel)) as archive:
        for one in wanted:
            kind, _, name = one.partition("/")
            module = _PREFIXES.get(kind, "").format(provider=provider) + (name or kind).replace("_", "-")
            text = archive.extractfile(f"package/lib/{module}/index.js").read().decode()  # type: ignore[union-attr]  # KeyError without
            versions |= set(re.findall(r"providerVersion: '([^']+)'", text))
            found = described_provider(text) if kind == "provider" else described(text)
            (folder / f"{one.replace('/', '.')}.json").write_text(json.dumps(found, indent=1) + "\n")
    (version,) = versions
    (folder / "version.json").write_text(json.dumps({"version": version}) + "\n")


def bindings(wheel: Path) -> tarfile.TarFile:
    """The JavaScript within the wheel, which holds more than the Python around it."""
    with zipfile.ZipFile(wheel) as opened:
        inner = next(name for name in opened.namelist() if name.endswith(".jsii.tgz"))
        return tarfile.open(fileobj=io.BytesIO(opened.read(inner)))


def described(text: str) -> Described:
    """The schema of the one resource in a module of the bindings."""
    classes = dict(_CLASS.findall(text))
    main_class = next(body for body in classes.values() if "tfResourceType =" in body)
    blocks = {name for name, _, is_block, _ in _ENTRY.findall(text) if is_block == "true"}
    found = _schema(main_class, classes, blocks)
    for name in _WRITE_ONLY.findall(text):
        found["attributes"][name]["write_only"] = True
    return found


def _schema(body: str, classes: Mapping[str, str], blocks: set[str]) -> Described:
    """Attributes and blocks of one class, and of what is nested in it."""
    attributes: Described = {}
    nested_blocks: Described = {}
    for name, facts, nested in _members(body):
        if nested is None:
            attributes[name] = facts
            continue
        many = nested.endswith(("List", "Map"))
        item = re.sub("(List|Map)$", "", nested) + "OutputReference" if many else nested
        inner = _schema(classes[item], classes, blocks)
        if name in blocks:
            nested_blocks[name] = {"required": facts.get("required", False), "many": many, **inner}
        else:
            attributes[name] = {**facts, "type": "list(object)" if many else "object", "fields": inner["attributes"]}
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(nested_blocks.items()))}


def _members(body: str) -> Iterator[tuple[str, Described, str | None]]:
    for name, computed, required, code in _MEMBER.findall(body):
        facts: Described = {"required": True} if required == "true" else {}
        if computed == "true" and not _SETTER.search(code):
            facts["read_only"] = True
        nested = _NESTED.search(code)
        getter = _GETTER.search(code)
        yield (
            name,
            facts if nested else {"type": _TYPES.get(getter[1], "any") if getter else "any", **facts},
            nested and nested[1],
        )


def described_provider(text: str) -> Described:
    """What may be configured of the provider itself: nobody reads it, so there are no getters to tell types by."""
    mappers = dict(_MAPPER.findall(text))
    return _configured(text[text.index("synthesizeHclAttributes") :], mappers)


def _configured(code: str, mappers: Mapping[str, str]) -> Described:
    attributes: Described = {}
    blocks: Described = {}
    for name, value, is_block, stored in _ENTRY.findall(code):
        if is_block == "true":
            inner = _configured(mappers[_MAPPED.findall(value)[0]], mappers)
            blocks[name] = {"required": False, "many": False, **inner}
        else:
            attributes[name] = {"type": _STORED.get(stored, "any")}
    return {"attributes": dict(sorted(attributes.items())), "blocks": dict(sorted(blocks.items()))}


if __name__ == "__main__":
    main(*sys.argv[1:])
