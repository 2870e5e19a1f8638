"""Walks over the tree of a filter."""

from __future__ import annotations

from emulators.graph.service.odata.ast import Call, Comparison, In, Lambda, Logical, Node, Not, Property


def names_of(node: Node | None) -> list[str]:
    """The properties that a filter names, those inside lambdas by their collection."""
    match node:
        case Property():
            return [str(node)]
        case Lambda(collection):
            return [str(collection)]
        case _:
            return [name for part in _parts(node) for name in names_of(part)]


def _parts(node: Node | None) -> tuple[Node, ...]:
    match node:
        case Logical(_, operands):
            return operands
        case Not(operand):
            return (operand,)
        case Comparison(_, left, right):
            return (left, right)
        case In(left, _):
            return (left,)
        case Call(_, arguments):
            return arguments
        case _:
            return ()
