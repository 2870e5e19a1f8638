"""One change as one line: ``Anna Andersson (anna@contoso.com) gained group Sales (Member)``."""

from __future__ import annotations

import json
from typing import Any

from connector.cli.output import cell_text
from connector.query.subjects import Subject
from connector.query.telling import Event, ToldChange

_LONGEST_VALUE = 60  # characters; what is longer is cut: the whole row is in the JSON


def line(change: ToldChange) -> str:
    """When it was seen, its sequence, why it was seen, what happened, and by which operations of ours."""
    by = f"  [operation {', '.join(change.operations)}]" if change.operations else ""
    return f"{change.seen_at:%Y-%m-%d %H:%M:%S}  {change.sequence:>8}  {change.cause.value:<12}  {sentence(change)}{by}"


def sentence(change: ToldChange) -> str:
    """Who gained or lost what, or what became of a resource; for changed rows what differs."""
    who, held = _named(change.subject), _held(change)
    match change.event:
        case Event.GAINED:
            return f"{who} gained {held}{_terms(change)}"
        case Event.LOST:
            return f"{who} lost {held}"
        case Event.CHANGED if held:
            return f"{who} holds {held} changed: {_differences(change)}"
        case Event.CHANGED:
            return f"{_kind(change.subject)} {who}{_on(change)} changed: {_differences(change)}"
        case Event.APPEARED:
            return f"{_kind(change.subject)} {who}{_on(change)} appeared"
        case Event.GONE:
            return f"{_kind(change.subject)} {who}{_on(change)} is gone"


def _held(change: ToldChange) -> str:
    """What a grant gives, where, and through which groups; nothing for other rows."""
    if change.resource is None or change.entitlement is None:
        return ""
    scope = change.row.get("scope_name") or change.row.get("scope")
    where = f" in {scope}" if scope not in (None, "/") else ""
    through = f" through {' → '.join(group.title for group in change.through)}" if change.through else ""
    # Entitlements are named after their resource: `Sales Member` of the group `Sales`.
    entitlement = change.entitlement.removeprefix(f"{change.resource.title} ")
    return f"{_kind(change.resource)} {change.resource.title} ({entitlement}){where}{through}"


def _terms(change: ToldChange) -> str:
    """From when to when, and whether PIM gives it."""
    start, end = change.row.get("starts_at"), change.row.get("ends_at")
    terms = [
        "by PIM" if change.row.get("source") == "pim" else "",
        f"from {start}" if start else "",
        f"until {end}" if end else "",
    ]
    told = " ".join(term for term in terms if term)
    return f", {told}" if told else ""


def _differences(change: ToldChange) -> str:
    return ", ".join(f"{name} {_value(old)} → {_value(new)}" for name, (old, new) in change.differs.items())


def _on(change: ToldChange) -> str:
    """The resource of an entitlement."""
    return f" of {_kind(change.resource)} {change.resource.title}" if change.resource else ""


def _named(subject: Subject) -> str:
    detail = subject.detail if subject.name and subject.kind in ("account", "enterprise_application") else None
    return f"{subject.title} ({detail})" if detail else subject.title


def _kind(subject: Subject) -> str:
    return subject.kind.replace("_", " ")


def _value(value: Any) -> str:
    if value is None:
        return "nothing"
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict | str) else cell_text(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"
