"""Parses ``$filter``: the grammar of OData 4.01 as far as Graph uses it anywhere.

What a resource really offers is decided later, when the tree is translated (``sql.py``), so that a filter that is
well-formed and not offered gets another answer than one that is malformed.
"""

from __future__ import annotations

from emulators.graph.service.odata.ast import (
    Call,
    Comparison,
    In,
    Lambda,
    Literal,
    Logical,
    Node,
    Not,
    Property,
)
from emulators.graph.service.odata.lexer import FilterSyntaxError, Token, tokens

_COMPARISONS = frozenset({"eq", "ne", "gt", "ge", "lt", "le"})
_CONSTANTS = {"true": True, "false": False, "null": None}


def parse_filter(text: str) -> Node:
    """The tree of a filter.

    Raises:
        FilterSyntaxError: when it is not OData.
    """
    parser = _Parser(text)
    tree = parser.disjunction()
    parser.expect("end")
    return tree


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(tokens(text))
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _wrong(self) -> FilterSyntaxError:
        return FilterSyntaxError(self._token.position, self._text)

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _word(self, *words: str) -> str | None:
        if self._token.kind == "word" and self._token.text.lower() in words:
            return self._take().text.lower()
        return None

    def _mark(self, mark: str) -> bool:
        if self._token.kind == "mark" and self._token.text == mark:
            self._next += 1
            return True
        return False

    def expect(self, kind: str, text: str | None = None) -> Token:
        """The next token, which must be of ``kind``."""
        if self._token.kind != kind or (text is not None and self._token.text != text):
            raise self._wrong()
        return self._take() if kind != "end" else self._token

    def disjunction(self) -> Node:
        """``a or b``."""
        operands = [self._conjunction()]
        while self._word("or"):
            operands.append(self._conjunction())
        return _one_of(operands) or (Logical("or", tuple(operands)) if len(operands) > 1 else operands[0])

    def _conjunction(self) -> Node:
        operands = [self._negation()]
        while self._word("and"):
            operands.append(self._negation())
        return Logical("and", tuple(operands)) if len(operands) > 1 else operands[0]

    def _negation(self) -> Node:
        return Not(self._negation()) if self._word("not") else self._comparison()

    def _comparison(self) -> Node:
        left = self._operand()
        operator = self._word(*_COMPARISONS)
        if operator:
            return Comparison(operator, left, self._operand())
        if self._word("in"):
            return In(left, self._values())
        return left

    def _values(self) -> tuple[Literal, ...]:
        self.expect("mark", "(")
        values = [self._literal()]
        while self._mark(","):
            values.append(self._literal())
        self.expect("mark", ")")
        return tuple(values)

    def _operand(self) -> Node:
        if self._mark("("):
            inner = self.disjunction()
            self.expect("mark", ")")
            return inner
        if self._token.kind == "word" and self._token.text not in _CONSTANTS:
            return self._named()
        return self._literal()

    def _literal(self) -> Literal:
        token = self._take()
        match token.kind:
            case "string" | "guid" | "time":
                return Literal(token.text, token.kind)
            case "number":
                return Literal(float(token.text) if "." in token.text else int(token.text), "number")
            case "word" if token.text in _CONSTANTS:
                return Literal(_CONSTANTS[token.text], "null" if token.text == "null" else "bool")
            case _:
                self._next -= 1
                raise self._wrong()

    def _named(self) -> Node:
        path = [self._take().text]
        if self._mark("("):
            return Call(path[0].lower(), self._arguments())
        while self._mark("/"):
            name = self.expect("word").text
            if name in ("any", "all") and self._mark("("):
                return self._lambda(Property(tuple(path)), name)
            path.append(name)
        return Property(tuple(path))

    def _arguments(self) -> tuple[Node, ...]:
        arguments: list[Node] = []
        while not self._mark(")"):
            if arguments:
                self.expect("mark", ",")
            arguments.append(self.disjunction())
        return tuple(arguments)

    def _lambda(self, collection: Property, quantifier: str) -> Lambda:
        if self._mark(")"):
            return Lambda(collection, quantifier, "", None)
        variable = self.expect("word").text
        self.expect("mark", ":")
        body = self.disjunction()
        self.expect("mark", ")")
        return Lambda(collection, quantifier, variable, body)


def _one_of(operands: list[Node]) -> In | None:
    """``a eq 1 or a eq 2`` as ``a in (1,2)``, which a database can look up."""
    values: list[Literal] = []
    for operand in operands:
        match operand:
            case Comparison("eq", left, Literal(value) as literal) if value is not None and left == getattr(
                operands[0], "left", None
            ):
                values.append(literal)
            case _:
                return None
    first = operands[0]
    return In(first.left, tuple(values)) if len(values) > 1 and isinstance(first, Comparison) else None
