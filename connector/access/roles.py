"""Directory roles: definitions, assignments, Privileged Identity Management's instances, and scopes."""

from __future__ import annotations

from connector.access.base import GraphObject, Row, moment, selected


class RoleDefinition(GraphObject):
    """A role. https://learn.microsoft.com/graph/api/resources/unifiedroledefinition"""

    id: str
    template_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    is_built_in: bool | None = None
    is_enabled: bool | None = None


ROLE_DEFINITION_SELECT: tuple[str, ...] = tuple(selected(RoleDefinition))


class DirectoryRoleRow(Row):
    """A row of ``directory_roles``."""

    id: str
    template_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    is_built_in: bool | None = None
    is_enabled: bool | None = None


def directory_role(role: RoleDefinition) -> DirectoryRoleRow:
    """The staged row of a role definition."""
    return DirectoryRoleRow(
        id=role.id,
        template_id=role.template_id,
        display_name=role.display_name,
        description=role.description,
        is_built_in=role.is_built_in,
        is_enabled=role.is_enabled,
    )


class RoleAssignment(GraphObject):
    """An assignment that is in force. https://learn.microsoft.com/graph/api/resources/unifiedroleassignment"""

    id: str
    role_definition_id: str | None = None
    principal_id: str | None = None
    directory_scope_id: str | None = None
    app_scope_id: str | None = None


class RoleAssignmentRow(Row):
    """A row of ``role_assignments``."""

    id: str
    role_id: str | None = None
    principal_id: str | None = None
    scope: str | None = None


def role_assignment(assignment: RoleAssignment) -> RoleAssignmentRow:
    """The staged row of an assignment."""
    return RoleAssignmentRow(
        id=assignment.id,
        role_id=assignment.role_definition_id,
        principal_id=assignment.principal_id,
        scope=assignment.app_scope_id or assignment.directory_scope_id,
    )


class RoleScheduleInstance(GraphObject):
    """What PIM says of an assignment or eligibility. https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance"""

    id: str
    role_definition_id: str | None = None
    principal_id: str | None = None
    directory_scope_id: str | None = None
    app_scope_id: str | None = None
    assignment_type: str | None = None
    member_type: str | None = None
    start_date_time: str | None = None
    end_date_time: str | None = None
    role_assignment_origin_id: str | None = None


class RoleInstanceRow(Row):
    """A row of ``role_assignment_instances`` or ``role_eligibility_instances``."""

    id: str
    role_id: str | None = None
    principal_id: str | None = None
    scope: str | None = None
    assignment_type: str | None = None
    member_type: str | None = None
    starts_at: str | None = None
    ends_at: str | None = None
    origin_id: str | None = None


# The schema says `assigned` and `direct`; the service answers `Assigned` and `Direct`.
_SPELLINGS = {word.lower(): word for word in ("Assigned", "Activated", "Direct", "Group", "Inherited")}


def role_instance(instance: RoleScheduleInstance) -> RoleInstanceRow:
    """The staged row of an instance; known enum values in one spelling, unknown ones as they are."""
    return RoleInstanceRow(
        id=instance.id,
        role_id=instance.role_definition_id,
        principal_id=instance.principal_id,
        scope=instance.app_scope_id or instance.directory_scope_id,
        assignment_type=_spelled(instance.assignment_type),
        member_type=_spelled(instance.member_type),
        starts_at=moment(instance.start_date_time),
        ends_at=moment(instance.end_date_time),
        origin_id=instance.role_assignment_origin_id,
    )


def _spelled(word: str | None) -> str | None:
    return None if word is None else _SPELLINGS.get(word.lower(), word)


class Named(GraphObject):
    """Anything with a name: an administrative unit or an application that a role is limited to."""

    id: str
    display_name: str | None = None


class ScopeRow(Row):
    """A row of ``scopes``."""

    id: str
    kind: str
    name: str | None = None


_UNIT_PREFIX = "/administrativeUnits/"


def administrative_unit_scope(unit: Named) -> ScopeRow:
    """The scope that is ``unit``."""
    return ScopeRow(id=f"{_UNIT_PREFIX}{unit.id}", kind="administrative_unit", name=unit.display_name)


def application_scope(application: Named) -> ScopeRow:
    """The scope that is ``application``."""
    return ScopeRow(id=f"/{application.id}", kind="application", name=application.display_name)


def scope_notes(scopes: list[str | None]) -> dict[str, int]:
    """How many of ``scopes`` are administrative units and how many are other objects: what there is to find names for."""
    units = sum(1 for scope in scopes if scope and scope.startswith(_UNIT_PREFIX))
    objects = sum(1 for scope in scopes if scope and scope != "/") - units
    return {"administrative_unit_scopes_seen": units, "object_scopes_seen": objects}
