"""Which resource type a declaration is of."""

from __future__ import annotations

from tools.infra.declarations import Declaration, Kind, Template
from tools.infra.facts import Facts, ResourceType
from tools.infra.syntax import text, value_of


def full_type(declared: Declaration) -> tuple[str, str]:
    """Type and version of a resource, a nested one with those of what it is nested in."""
    name, _, version = declared.reference.partition("@")
    if declared.within is None:
        return name, version
    outer, outer_version = full_type(declared.within)
    return f"{outer}/{name}", version or outer_version


def type_of_resource(declared: Declaration, template: Template, facts: Facts) -> ResourceType | str:
    """The type of a resource, or a sentence that says what is wrong with it."""
    name, version = full_type(declared)
    if not version:
        return f"{declared.reference} says no version."
    found = facts.find(name, version)
    parent = value_of(declared.value, "parent")
    if isinstance(found, ResourceType) and parent is not None:
        outer = template.find(text(parent).partition("[")[0], Kind.RESOURCE)
        if outer is not None and full_type(outer)[0].lower() != name.rpartition("/")[0].lower():
            return f"{name} cannot be within {full_type(outer)[0]}."
    return found
