"""Groups: Graph's group, its memberships as delta tells them, and the staged rows made from both."""

from __future__ import annotations

import msgspec

from connector.access.base import GraphObject, Row, moment, principal_kind, selected, unreadable_items


class AssignedLicense(GraphObject):
    """A license that is assigned to a group, and so to its members."""

    sku_id: str | None = None
    disabled_plans: list[str] | None = None


class Group(GraphObject):
    """A group. https://learn.microsoft.com/graph/api/resources/group"""

    id: str
    display_name: str | None = None
    description: str | None = None
    group_types: list[str] | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    mail_enabled: bool | None = None
    security_enabled: bool | None = None
    visibility: str | None = None
    membership_rule: str | None = None
    membership_rule_processing_state: str | None = None
    is_assignable_to_role: bool | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_domain_name: str | None = None
    on_premises_sam_account_name: str | None = None
    on_premises_security_identifier: str | None = None
    on_premises_last_sync_date_time: str | None = None
    created_date_time: str | None = None
    expiration_date_time: str | None = None
    assigned_licenses: list[AssignedLicense] | None = None


GROUP_SELECT: tuple[str, ...] = tuple(selected(Group))


class GroupRow(Row):
    """A row of ``groups`` as staged."""

    id: str
    display_name: str | None = None
    description: str | None = None
    group_type: str | None = None
    mail: str | None = None
    mail_nickname: str | None = None
    mail_enabled: bool | None = None
    security_enabled: bool | None = None
    visibility: str | None = None
    is_dynamic: bool | None = None
    membership_rule: str | None = None
    membership_rule_processing_state: str | None = None
    is_assignable_to_role: bool | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_domain_name: str | None = None
    on_premises_sam_account_name: str | None = None
    on_premises_security_identifier: str | None = None
    on_premises_last_sync_at: str | None = None
    created_at: str | None = None
    expires_at: str | None = None


def group_type(group: Group) -> str:
    """Which of Microsoft's group types it is. https://learn.microsoft.com/graph/api/resources/groups-overview#group-types-in-microsoft-entra-id-and-microsoft-graph"""
    if _has_type(group, "Unified"):
        return "microsoft_365"
    match group.mail_enabled, group.security_enabled:
        case True, True:
            return "mail_enabled_security"
        case True, _:
            return "distribution"
        case _, True:
            return "security"
        case _:
            return "other"


def _has_type(group: Group, name: str) -> bool:
    return any(kind.lower() == name.lower() for kind in group.group_types or ())


def group_row(group: Group) -> GroupRow:
    """The staged row of ``group``."""
    return GroupRow(
        id=group.id,
        display_name=group.display_name,
        description=group.description,
        group_type=group_type(group),
        mail=group.mail,
        mail_nickname=group.mail_nickname,
        mail_enabled=group.mail_enabled,
        security_enabled=group.security_enabled,
        visibility=group.visibility,
        is_dynamic=_has_type(group, "DynamicMembership"),
        membership_rule=group.membership_rule,
        membership_rule_processing_state=group.membership_rule_processing_state,
        is_assignable_to_role=group.is_assignable_to_role,
        on_premises_sync_enabled=group.on_premises_sync_enabled,
        on_premises_domain_name=group.on_premises_domain_name,
        on_premises_sam_account_name=group.on_premises_sam_account_name,
        on_premises_security_identifier=group.on_premises_security_identifier,
        on_premises_last_sync_at=moment(group.on_premises_last_sync_date_time),
        created_at=moment(group.created_date_time),
        expires_at=moment(group.expiration_date_time),
    )


class GroupLicenseRow(Row):
    """A row of ``group_licenses``."""

    group_id: str
    sku_id: str
    disabled_plans: list[str] | None = None


def group_licenses(group: Group) -> list[GroupLicenseRow]:
    """The licenses that members of ``group`` get."""
    return [
        GroupLicenseRow(group_id=group.id, sku_id=license_.sku_id, disabled_plans=license_.disabled_plans)
        for license_ in group.assigned_licenses or ()
        if license_.sku_id
    ]


class Removed(GraphObject):
    """Why something is gone; that it is there at all says that it is."""

    reason: str | None = None


class RelatedChange(GraphObject):
    """A member or owner that a delta round names: one to add, or one to take away."""

    id: str
    kind: str | None = msgspec.field(default=None, name="@odata.type")
    removed: Removed | None = msgspec.field(default=None, name="@removed")


class GroupChange(GraphObject):
    """A group in a delta round, or a slice of it: a large group comes back on page after page.

    ``unreadable`` counts members and owners that could not be understood.
    """

    id: str
    members: list[RelatedChange] | None = msgspec.field(default=None, name="members@delta")
    owners: list[RelatedChange] | None = msgspec.field(default=None, name="owners@delta")
    removed: Removed | None = msgspec.field(default=None, name="@removed")
    unreadable: int = unreadable_items()


class MembershipRow(Row):
    """A row of ``memberships``."""

    group_id: str
    relation: str
    principal_kind: str
    principal_id: str
    ordinal: int
    removed: bool | None = None


def memberships(change: GroupChange, ordinal: int) -> list[MembershipRow]:
    """What ``change`` says of members and owners, numbered from ``ordinal`` upwards in the order in which it says so."""
    related = [("member", one) for one in change.members or ()] + [("owner", one) for one in change.owners or ()]
    return [
        MembershipRow(
            group_id=change.id,
            relation=relation,
            principal_kind=principal_kind(one.kind),
            principal_id=one.id,
            ordinal=number,
            removed=True if one.removed else None,
        )
        for number, (relation, one) in enumerate(related, ordinal)
    ]
