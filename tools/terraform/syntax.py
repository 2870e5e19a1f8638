"""HCL, parsed into nodes. The grammar is python-hcl2's; this keeps what a check needs of its tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import hcl2
from lark import Token, Tree
from lark.exceptions import UnexpectedInput

from tools.terraform.nodes import (
    Access,
    Attribute,
    Block,
    Call,
    Constant,
    Expression,
    Fields,
    For,
    Items,
    Other,
    Reference,
    Text,
)

Node = Tree[Any] | Token


class SyntaxProblem(Exception):
    """A file is not HCL. ``line`` and ``column`` from 1."""

    def __init__(self, line: int, column: int, message: str) -> None:
        self.line, self.column = line, column
        super().__init__(message)


@cache
def parse(text: str, path: Path) -> tuple[Block, ...]:
    """The blocks of a file.

    Raises:
        SyntaxProblem: where it is not HCL, or a name is given twice.
    """
    try:
        tree = hcl2.parses_to_tree(text)
    except UnexpectedInput as wrong:
        what = str(wrong).splitlines()[0].rstrip(".")
        raise SyntaxProblem(max(wrong.line, 1), max(wrong.column, 1), f"This is not HCL: {what}.") from None
    attributes, blocks = _body(tree.children[0], path)
    for stray in attributes.values():
        raise SyntaxProblem(stray.line, 1, f"{stray.name} stands outside of any block.")
    return blocks


def _body(tree: Node, path: Path) -> tuple[dict[str, Attribute], tuple[Block, ...]]:
    attributes: dict[str, Attribute] = {}
    blocks: list[Block] = []
    for child in _trees(tree):
        if child.data == "attribute":
            name, value = _named(child.children[0]), _expression(_trees(child)[-1])
            if name in attributes:
                raise SyntaxProblem(_line(child), 1, f"{name} is given twice.")
            attributes[name] = Attribute(name, value, _line(child))
        elif child.data == "block":
            kind, *labels = [_named(one) for one in _trees(child) if one.data in ("identifier", "keyword", "string")]
            inner = next(one for one in _trees(child) if one.data == "body")
            blocks.append(Block(kind, tuple(labels), *_body(inner, path), line=_line(child), path=path))
    return attributes, tuple(blocks)


def _expression(tree: Tree[Any]) -> Expression:
    reader = _READERS.get(tree.data)
    if reader is None:
        raise SyntaxProblem(_line(tree), 1, f"This kind of expression is not used here: {tree.data}.")
    return reader(tree, _line(tree))


def _inner(tree: Tree[Any], _: int) -> Expression:
    return _expression(_significant(tree)[0])


def _items(tree: Tree[Any], line: int) -> Expression:
    return Items(tuple(_expression(one) for one in _significant(tree)), line)


def _fields(tree: Tree[Any], line: int) -> Expression:
    return Fields(tuple(_pair(one) for one in _significant(tree)), line)


def _call(tree: Tree[Any], line: int) -> Expression:
    arguments = [one for child in _trees(tree) if child.data == "arguments" for one in _significant(child)]
    return Call(_named(_trees(tree)[0]), tuple(_expression(one) for one in arguments), line)


def _conditional(tree: Tree[Any], line: int) -> Expression:
    return Other("?", tuple(_expression(one) for one in _significant(tree)), line)


def _binary(tree: Tree[Any], line: int) -> Expression:
    left, term = _significant(tree)
    operator, right = _significant(term)
    return Other(_text(operator).strip(), (_expression(left), _expression(right)), line)


def _unary(tree: Tree[Any], line: int) -> Expression:
    return Other(_text(tree.children[0]).strip(), (_expression(_significant(tree)[-1]),), line)


def _template(tree: Tree[Any], line: int) -> Expression:
    parts: list[Expression] = []
    for part in _trees(tree):
        inner = part.children[0]
        parts.append(_expression(inner) if isinstance(inner, Tree) else Text(_unescaped(str(inner)), line))
    if all(isinstance(part, Text) for part in parts):
        return Text("".join(part.value for part in parts if isinstance(part, Text)), line)
    return Other("template", tuple(parts), line)


def _unescaped(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\").replace("$${", "${")


def _pair(tree: Tree[Any]) -> tuple[Expression, Expression]:
    key, value = (_expression(one) for one in _significant(tree))
    if isinstance(key, Reference) and len(key.parts) == 1 and isinstance(key.parts[0], str):
        key = Text(key.parts[0], key.line)
    return key, value


def _for(tree: Tree[Any], line: int) -> For:
    intro, *rest = _significant(tree)
    *names, of = _significant(intro)
    condition = next((one for one in rest if one.data == "for_cond"), None)
    values = [_expression(one) for one in rest if one.data not in ("for_cond", "for_object_arrow", "ellipsis")]
    key = values[0] if tree.data == "for_object_expr" else None
    asked = _expression(_significant(condition)[-1]) if condition else None
    return For(
        tuple(_named(one) for one in names if one.data == "identifier"), _expression(of), key, values[-1], asked, line
    )


def _access(tree: Tree[Any], line: int) -> Expression:
    of, *steps = _significant(tree)
    found = _expression(of)
    for step in steps:
        for part in _steps(step):
            if isinstance(found, Reference):
                found = Reference((*found.parts, part), found.line)
            else:
                found = Access(found, part, line)
    return found


def _steps(step: Tree[Any]) -> Iterator[str | Expression]:
    if step.data == "get_attr":
        yield _named(_trees(step)[-1])
    elif step.data in ("full_splat", "attr_splat"):
        yield "*"
        for inner in _significant(step):
            yield from _steps(inner)
    else:  # an index in brackets
        yield _expression(_significant(step)[-1])


def _trees(tree: Node) -> list[Tree[Any]]:
    return [one for one in tree.children if isinstance(one, Tree)] if isinstance(tree, Tree) else []


def _significant(tree: Node) -> list[Tree[Any]]:
    return [one for one in _trees(tree) if one.data != "new_line_or_comment"]


def _text(tree: Node) -> str:
    return str(tree) if isinstance(tree, Token) else "".join(_text(one) for one in tree.children)


def _named(node: Node) -> str:
    return _text(node).strip().strip('"')


def _line(tree: Tree[Any]) -> int:
    return 0 if tree.meta.empty else tree.meta.line


_READERS: dict[str, Callable[[Tree[Any], int], Expression]] = {
    **dict.fromkeys(("expr_term", "object_elem_key", "object_elem_key_expression", "interpolation"), _inner),
    **dict.fromkeys(("identifier", "keyword"), lambda tree, line: Reference((_named(tree),), line)),
    **dict.fromkeys(("get_attr_expr_term", "index_expr_term", "attr_splat_expr_term", "full_splat_expr_term"), _access),
    **dict.fromkeys(("for_tuple_expr", "for_object_expr"), _for),
    "string": _template,
    "int_lit": lambda tree, line: Constant(int(_text(tree)), line),
    "float_lit": lambda tree, line: Constant(float(_text(tree)), line),
    "literal_value": lambda tree, line: Constant({"true": True, "false": False, "null": None}[_text(tree)], line),
    "tuple": _items,
    "object": _fields,
    "function_call": _call,
    "conditional": _conditional,
    "binary_op": _binary,
    "unary_op": _unary,
}
"""How each rule of the grammar is read."""
