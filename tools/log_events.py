"""Every event that the connector logs, read from its source: name, levels, facts. What each means is in `log_events.json` beside this file."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
_CONNECTOR = HERE.parent / "connector"
_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
FURTHER = "…"
"""Stands for facts of which only the running program knows the names."""
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class LogEvent:
    """One kind of line in the log.

    Attributes:
        levels: those at which it is logged, the least grave first.
        facts: what a line may say beside ``event``, in the order of the source; ``…`` where that is not all.
    """

    name: str
    levels: tuple[str, ...]
    facts: tuple[str, ...]


@cache
def log_events(folder: Path = _CONNECTOR) -> Mapping[str, LogEvent]:
    """Everything that ``log_event`` is called with below ``folder``, directly or through ``refuse_storage``, by name.

    Raises:
        ValueError: a call of which the name of the event cannot be told from the source.
    """
    found: dict[str, LogEvent] = {}
    for path in sorted(folder.rglob("*.py")):
        source = path.read_text()
        for call, within in _calls(ast.parse(source)) if "log_event" in source or "refuse_storage" in source else ():
            for one in _events(call, within, path):
                found[one.name] = _merged(found[one.name], one) if one.name in found else one
    return dict(sorted(found.items()))


def meanings() -> dict[str, str]:
    """What each event means, by name."""
    told: dict[str, str] = json.loads((HERE / "log_events.json").read_text())
    return told


def log_events_table() -> str:
    """Every event as a Markdown table."""
    told = meanings()
    rows = ["| event | level | facts | meaning |", "| --- | --- | --- | --- |"]
    for one in log_events().values():
        levels = " or ".join(level.lower() for level in one.levels)
        facts = ", ".join(fact if fact == FURTHER else f"`{fact}`" for fact in one.facts)
        rows.append(f"| `{one.name}` | {levels} | {facts} | {told[one.name]} |")
    return "\n".join(rows)


def _calls(tree: ast.Module) -> Iterator[tuple[ast.Call, _Function]]:
    """Each call that logs, with the innermost function around it."""
    for function in ast.walk(tree):
        if isinstance(function, _Function):
            for node in _own_nodes(function):
                if isinstance(node, ast.Call) and ast.unparse(node.func) in ("log_event", "refuse_storage"):
                    yield node, function


def _own_nodes(function: _Function) -> Iterator[ast.AST]:
    """What is in a function, without what is in functions within it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop(0)
        yield node
        waiting += [one for one in ast.iter_child_nodes(node) if not isinstance(one, _Function)]


def _events(call: ast.Call, within: _Function, path: Path) -> Iterator[LogEvent]:
    named = call.args[1] if len(call.args) > 1 else None
    if isinstance(named, ast.Name) and named.id in {one.arg for one in within.args.args}:
        return  # hands on what its callers say, and they are found by themselves
    given = {one.arg: one.value for one in call.keywords}
    for name, level in _named(named, given.get("level")):
        if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
            raise ValueError(f"{path}:{call.lineno}: the name of the event cannot be told from the source.")
        if ast.unparse(call.func) == "refuse_storage":
            yield LogEvent(name.value, ("ERROR",), ("message", "advice"))
        else:
            facts = [fact for one in call.keywords for fact in _facts(one, within)]
            yield LogEvent(name.value, _levels(level, within), tuple(facts))


def _named(name: ast.expr | None, level: ast.expr | None) -> list[tuple[ast.expr | None, ast.expr | None]]:
    """Name and level; two of them where one condition decides both."""
    if not isinstance(name, ast.IfExp):
        return [(name, level)]
    if isinstance(level, ast.IfExp) and ast.dump(level.test) == ast.dump(name.test):
        return [(name.body, level.body), (name.orelse, level.orelse)]
    return [(name.body, level), (name.orelse, level)]


def _levels(expression: ast.expr | None, within: _Function) -> tuple[str, ...]:
    expressions = _values(expression, within) if isinstance(expression, ast.Name) else [expression]
    named = {
        node.attr for one in expressions if one is not None for node in ast.walk(one) if isinstance(node, ast.Attribute)
    }
    return tuple(level for level in _LEVELS if level in named) or ("INFO",)


def _facts(keyword: ast.keyword, within: _Function) -> Iterator[str]:
    if keyword.arg is not None:
        if keyword.arg != "level":
            yield keyword.arg
        return
    values = _values(keyword.value, within) if isinstance(keyword.value, ast.Name) else []
    keys = [
        key.value
        for one in values
        for node in ast.walk(one)
        if isinstance(node, ast.Dict)
        for key in node.keys
        if isinstance(key, ast.Constant)
    ]
    yield from (str(key) for key in keys) if keys else (FURTHER,)


def _values(name: ast.Name, within: _Function) -> list[ast.expr]:
    """Everything that is assigned to ``name`` in the function."""
    return [
        node.value
        for node in _own_nodes(within)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and node.value is not None
        and name.id in [ast.unparse(one) for one in (node.targets if isinstance(node, ast.Assign) else [node.target])]
    ]


def _merged(one: LogEvent, other: LogEvent) -> LogEvent:
    levels = tuple(level for level in _LEVELS if level in (*one.levels, *other.levels))
    return LogEvent(one.name, levels, tuple(dict.fromkeys((*one.facts, *other.facts))))
