"""Alerts: those of contract.json are deployed as it says, and go by events that the connector logs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tools.infra.declarations import Kind
from tools.infra.evaluating import evaluate
from tools.infra.findings import Finding, meant, of_file
from tools.infra.policies.tree import Tree
from tools.infra.syntax import literal, properties, value_of, walk
from tools.log_events import FURTHER, log_events

_EVENT = re.compile(r'"([a-z]+(?:_[a-z]+)+)"')
_FACT = re.compile(r"\bline\.([a-z_]+)")
_COMPARED = {"severity": "severity", "window": "window", "frequency": "frequency", "meaning": "says"}


def check(tree: Tree) -> Iterator[Finding]:
    """``alert``, ``alert-query``, ``alert-event``, ``query-fact``."""
    contract, folder, logged = tree.contract["alerts"], tree.infra / "queries", frozenset(log_events())
    template = tree.templates[tree.infra / "modules" / "alerts.bicep"]
    declared = template.find("rules", Kind.VAR)
    rules = {one["name"]: one for one in evaluate(declared.value, template)} if declared else {}
    loaded = _loaded(tree)
    yield from _fires(tree)
    for path in sorted(folder.rglob("*.kql")):
        yield from _facts(path)
    for name in sorted(set(contract) ^ set(rules)):
        yield of_file(template.source.path, "alert", f"{name} is deployed or in contract.json only.")
    for name in sorted(set(contract) & set(rules)):
        agreed, rule = contract[name], rules[name]
        for key, property_ in _COMPARED.items():
            if rule.get(property_) != agreed[key]:
                yield of_file(template.source.path, "alert", f"{property_} of {name} is not what contract.json says.")
        if loaded.get(name) != f"queries/{agreed['query']}":
            yield of_file(
                tree.main.source.path, "alert-query", f"The query of {name} is not queries/{agreed['query']}."
            )
        query = folder / agreed["query"]
        asked = set(_EVENT.findall(query.read_text())) if query.is_file() else set()
        for event in sorted(asked ^ set(agreed["events"])):
            yield of_file(query, "alert-event", f"{event} is in the query or in contract.json only.")
        for event in sorted(asked - logged):
            yield of_file(query, "alert-event", f"Nothing logs {event}.{meant(event, logged)}")


def _facts(path: Path) -> Iterator[Finding]:
    """What a query reads of lines is what one of its events says, or it would find nothing and say nothing."""
    asked, logged = path.read_text(), log_events()
    events = [logged[one] for one in _EVENT.findall(asked) if one in logged]
    said = {fact for one in events for fact in one.facts} | {"event"}
    if events and FURTHER not in said:
        for fact in sorted(set(_FACT.findall(asked)) - said):
            yield of_file(path, "query-fact", f"None of its events says {fact}.{meant(fact, said)}")


def _fires(tree: Tree) -> Iterator[Finding]:
    """Each row of a query is something to look at, so one is enough."""
    for one in tree.resources("Microsoft.Insights/scheduledQueryRules"):
        criteria = value_of(one.declared.value, "properties", "criteria", "allOf")
        for condition in evaluate(criteria, one.template) if criteria is not None else []:
            for name, wanted in (("timeAggregation", "Count"), ("operator", "GreaterThan"), ("threshold", 0)):
                if condition.get(name) != wanted:
                    yield one.finding("alert", f"{name} has to be {wanted}: one row is enough.")


def _loaded(tree: Tree) -> dict[str, str]:
    """Files of queries by the name of the alert."""
    declared = tree.main.find("queries", Kind.VAR)
    found = {}
    for one in properties(declared.value) if declared and declared.value is not None else ():
        names = [literal(node) for node in walk(one.value) if node.type == "string"]
        found[str(one.name)] = str(names[0]) if names else ""
    return found
