"""Everything that is checked, in one list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tools.infra.facts import read_facts
from tools.infra.findings import Finding
from tools.infra.policies import (
    alerts,
    app,
    authentication,
    azd,
    hardening,
    naming,
    network,
    outputs,
    roles,
    secrets,
    settings,
    storage,
)
from tools.infra.policies.tree import Tree
from tools.infra.queries import check_queries
from tools.infra.templates import check_templates, read_templates

POLICIES: tuple[Callable[[Tree], Iterator[Finding]], ...] = (
    alerts.check,
    app.check,
    authentication.check,
    azd.check,
    hardening.check,
    naming.check,
    network.check,
    outputs.check,
    roles.check,
    secrets.check,
    settings.check,
    storage.check,
)
"""Every policy; each says in its first line which names its findings have."""


_UNCLEAR = frozenset({"syntax", "unknown-type", "unknown-module"})


def findings(top: Path) -> list[Finding]:
    """Everything that is wrong with the templates and queries below ``top``, by file and line.

    Policies are asked only where it is clear which resources there are.

    Raises:
        NodeMissing: there is no Node to parse queries with.
        QueriesUnchecked: the parser of queries did not answer.
    """
    found = language_findings(top)
    if not any(one.code in _UNCLEAR for one in found):
        found += policy_findings(top)
    return sorted([*found, *check_queries(_infra(top) / "queries")])


def language_findings(top: Path) -> list[Finding]:
    """What a compiler would find."""
    infra = _infra(top)
    return list(check_templates(read_templates(infra), read_facts((infra / "facts").resolve())))


def policy_findings(top: Path) -> list[Finding]:
    """What no compiler minds, and we do."""
    tree = Tree(top, read_templates(_infra(top)))
    return [one for policy in POLICIES for one in policy(tree)]


def _infra(top: Path) -> Path:
    return (top / "infra").resolve()
