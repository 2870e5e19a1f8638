"""Everything that is checked, in one list."""

from __future__ import annotations

from pathlib import Path

from tools.infra.facts import read_facts
from tools.infra.findings import Finding
from tools.infra.templates import check_templates, read_templates


def findings(top: Path) -> list[Finding]:
    """What is wrong with the templates below ``top``, by file and line."""
    infra = top / "infra"
    templates = read_templates(infra.resolve())
    return sorted(check_templates(templates, read_facts(infra / "facts")))
