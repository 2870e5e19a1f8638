"""What a verb refuses, and why. The service turns these into Graph's error bodies."""

from __future__ import annotations

from enum import StrEnum


class TenantError(Exception):
    """A verb that cannot be done. The tenant is as it was before."""


class NotFound(TenantError):
    """The object does not exist, is deleted, or the relationship to remove does not exist.

    Attributes:
        object_id: what was looked for.
    """

    def __init__(self, object_id: str, kind: str = "object") -> None:
        super().__init__(f"There is no {kind} {object_id!r} in the tenant.")
        self.object_id = object_id


class AlreadyExists(TenantError):
    """The object, relationship or assignment exists already.

    Attributes:
        what: what exists, in words.
    """

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} exists already.")
        self.what = what


class Reason(StrEnum):
    """Why a verb is not allowed."""

    DYNAMIC_MEMBERSHIP = "dynamic_membership"
    SYNCED_FROM_ON_PREMISES = "synced_from_on_premises"
    MANAGED_BY_EXCHANGE = "managed_by_exchange"
    MEMBER_TYPE = "member_type"
    NOT_ROLE_ASSIGNABLE = "not_role_assignable"
    LAST_OWNER = "last_owner"
    BUILT_IN = "built_in"
    INVALID_VALUE = "invalid_value"
    NO_SEATS = "no_seats"
    HAS_LICENSES = "has_licenses"


class NotAllowed(TenantError):
    """The directory's rules forbid it.

    Attributes:
        reason: which rule.
    """

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
