"""Bodies of resources that are made with azapi, compared with what Azure knows of their types: ``infra/facts``, which the templates in
Bicep are checked with as well."""

from __future__ import annotations

from collections.abc import Iterator

from tools.infra.facts import Facts as AzureFacts
from tools.infra.findings import Finding, meant
from tools.infra.kinds import BOOL, INT, STRING, Anything, ListOf, Literal, OneOf, Shape, Type, described, fits, settled
from tools.terraform.configuration import Configuration, finding
from tools.terraform.facts import Facts
from tools.terraform.kinds import kind_of
from tools.terraform.nodes import Block, Constant, Expression, Fields, For, Items, Other, Reference, Text

_GIVEN_BESIDE = {"name", "location", "tags", "identity"}
"""What azapi takes as arguments of its own."""
_PLAIN: dict[str, Type] = {
    "string": STRING,
    "number": INT,
    "bool": BOOL,
    "list": ListOf(Anything()),
    "map": Shape("object"),
}


def check_bodies(configuration: Configuration, facts: Facts, azure: AzureFacts) -> Iterator[Finding]:
    """``unknown-type``, ``unknown-property``, ``missing-property``, ``read-only`` and ``wrong-type``."""
    for block in configuration.blocks["resource"].values():
        if not block.labels[0].startswith("azapi_"):
            continue
        written = block.attributes.get("type")
        if written is None or not isinstance(written.value, Text):
            yield finding(block, "unknown-type", "Of what type this is has to be written out.")
            continue
        type_, _, version = written.value.value.partition("@")
        known = azure.find(type_, version)
        if isinstance(known, str):
            yield finding(block, "unknown-type", known, written.line)
            continue
        for name in _names(block):
            shape = known.body(name)
            if shape is None:
                yield finding(block, "unknown-type", f"{type_} has none that is called {name}.")
            else:
                yield from _Check(configuration, facts, block).body(shape)


def _names(block: Block) -> Iterator[str | None]:
    """What the resource is called; each of them, where it is several."""
    name, each = block.attributes.get("name"), block.attributes.get("for_each")
    if name is not None and isinstance(name.value, Text):
        yield name.value.value
    elif each is not None and hasattr(each.value, "arguments") and isinstance(each.value.arguments[0], Items):
        yield from (one.value for one in each.value.arguments[0].items if isinstance(one, Text))
    else:
        yield None


class _Check:
    def __init__(self, configuration: Configuration, facts: Facts, block: Block) -> None:
        self._configuration, self._facts, self._block = configuration, facts, block

    def body(self, shape: Shape) -> Iterator[Finding]:
        body, secret = (self._block.attributes.get(name) for name in ("body", "sensitive_body"))
        # What is updated is there already, with all that it needs.
        whole = self._block.labels[0] == "azapi_resource"
        if body is not None:
            yield from self._value(body.value, shape, shape.name, whole=whole)
        if secret is not None:
            yield from self._value(secret.value, shape, shape.name, whole=False)

    def _value(self, value: Expression, wanted: Type, path: str, *, whole: bool) -> Iterator[Finding]:
        wanted = settled(wanted)
        if isinstance(value, Other) and value.kind == "?":
            for operand in value.operands[1:]:
                yield from self._value(operand, wanted, path, whole=whole)
        elif isinstance(value, For) and isinstance(value.of, Fields) and _chooses(value):
            yield from self._value(value.of, wanted, path, whole=whole)
        elif isinstance(value, Fields) and isinstance(wanted, Shape):
            yield from self._fields(value, wanted, path, whole=whole)
        elif isinstance(value, Items) and isinstance(wanted, ListOf):
            for item in value.items:
                yield from self._value(item, wanted.item, path, whole=whole)
        elif isinstance(value, For) and value.key is None and isinstance(wanted, ListOf):
            yield from self._value(value.value, wanted.item, path, whole=whole)
        elif not fits(self._type(value), wanted) or (
            isinstance(value, Text) and value.value not in (_literals(wanted) or [value.value])
        ):
            shown = repr(value.value) if isinstance(value, Text | Constant) else "what is given"
            near = meant(value.value, _literals(wanted)) if isinstance(value, Text) else ""
            message = f"{path} is {described(wanted)}, not {shown}.{near}"
            yield finding(self._block, "wrong-type", message, value.line)

    def _type(self, value: Expression) -> Type:
        if isinstance(value, Text):
            return Literal(value.value)
        if isinstance(value, Constant) and value.value is not None and not isinstance(value.value, float):
            return Literal(value.value)
        return _PLAIN.get(kind_of(value, self._configuration, self._facts), Anything())

    def _fields(self, value: Fields, shape: Shape, path: str, *, whole: bool) -> Iterator[Finding]:
        given = set()
        for key, inner in value.pairs:
            name = key.value if isinstance(key, Text) else None
            if name is None:
                continue
            given.add(name)
            member = shape.members.get(name)
            if member is None and shape.rest is None:
                message = f"{path} has no property {name}.{meant(name, shape.members)}"
                yield finding(self._block, "unknown-property", message, key.line)
            elif member is not None and member.read_only:
                yield finding(
                    self._block, "read-only", f"{path}.{name} is decided by Azure and cannot be given.", key.line
                )
            else:
                of = member.of if member is not None else shape.rest
                yield from self._value(inner, of or Anything(), f"{path}.{name}", whole=whole)
        for name, member in shape.members.items() if whole else ():
            if member.required and not member.read_only and name not in given and name not in _GIVEN_BESIDE:
                yield finding(self._block, "missing-property", f"{path} needs the property {name}.", value.line)


def _chooses(loop: For) -> bool:
    """Whether it is ``{ for name, value in {…} : name => value if … }``, which leaves some out and changes none."""
    made = [one.parts for one in (loop.key, loop.value) if isinstance(one, Reference)]
    return made == [(name,) for name in loop.names]


def _literals(kind: Type) -> list[str]:
    kind = settled(kind)
    options = kind.options if isinstance(kind, OneOf) else (kind,)
    return [str(one.value) for one in options if isinstance(one, Literal)]
