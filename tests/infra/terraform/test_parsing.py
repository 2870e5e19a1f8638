"""HCL is read as it is meant, and what is none is told with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.terraform.nodes import Call, Constant, Fields, For, Items, Other, Reference, Text
from tools.terraform.syntax import SyntaxProblem, parse

PATH = Path("main.tf")


def value(written: str) -> object:
    """What the value of an attribute is read as."""
    [block] = parse(f"locals {{\n  value = {written}\n}}\n", PATH)
    return block.attributes["value"].value


def test_blocks_have_labels_attributes_and_blocks():
    [block] = parse('resource "a_b" "c" {\n  name = "d"\n\n  inner {\n    count = 1\n  }\n}\n', PATH)

    assert (block.type, block.labels, block.line) == ("resource", ("a_b", "c"), 1)
    assert block.attributes["name"].line == 2
    assert [(one.type, list(one.attributes), one.line) for one in block.blocks] == [("inner", ["count"], 4)]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"text"', Text("text", 2)),
        (r'"a \"b\" $${c}"', Text('a "b" ${c}', 2)),
        ("-1.5", Constant(-1.5, 2)),
        ("null", Constant(None, 2)),
        ("a.b[0].c", Reference(("a", "b", Constant(0, 2), "c"), 2)),
        ('a.b["k"].c', Reference(("a", "b", Text("k", 2), "c"), 2)),
        ("a.b[*].c", Reference(("a", "b", "*", "c"), 2)),
        ('"x-${a.b}"', Other("template", (Text("x-", 2), Reference(("a", "b"), 2)), 2)),
        ("[1, true]", Items((Constant(1, 2), Constant(True, 2)), 2)),
        ('{ a = 1, "b-c" = 2 }', Fields(((Text("a", 2), Constant(1, 2)), (Text("b-c", 2), Constant(2, 2))), 2)),
        ("f(a.b)", Call("f", (Reference(("a", "b"), 2),), 2)),
        ("!a.b", Other("!", (Reference(("a", "b"), 2),), 2)),
        ("[for x in a.b : x]", For(("x",), Reference(("a", "b"), 2), None, Reference(("x",), 2), None, 2)),
    ],
)
def test_expressions(written, read):
    assert value(written) == read


def test_the_names_of_a_loop_stand_before_what_it_goes_through():
    loop = value('{ for k, v in a.b : k => v if v != "" }')

    assert isinstance(loop, For)
    assert (loop.names, loop.key, loop.value) == (("k", "v"), Reference(("k",), 2), Reference(("v",), 2))
    assert loop.condition == Other("!=", (Reference(("v",), 2), Text("", 2)), 2)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("locals {\n  a = \n}\n", 2, "This is not HCL"),
        ("locals {\n  a = 1\n  a = 2\n}\n", 3, "a is given twice"),
        ("a = 1\n", 1, "outside of any block"),
        ("locals {\n  a = <<-EOT\n    ${var.b}\n  EOT\n}\n", 2, "not used here"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(text, line, said):
    with pytest.raises(SyntaxProblem, match=said) as problem:
        parse(text, PATH)
    assert problem.value.line == line
