"""Accounts: Graph's user, and the staged rows made from it."""

from __future__ import annotations

from connector.access.base import GraphObject, Reference, Row, moment, selected


class LicenseAssignmentState(GraphObject):
    """One way in which a user has a license: directly, or through the group ``assigned_by_group``."""

    sku_id: str | None = None
    assigned_by_group: str | None = None
    state: str | None = None
    error: str | None = None
    disabled_plans: list[str] | None = None
    last_updated_date_time: str | None = None


class User(GraphObject):
    """A user. https://learn.microsoft.com/graph/api/resources/user"""

    id: str
    user_principal_name: str | None = None
    display_name: str | None = None
    mail: str | None = None
    user_type: str | None = None
    account_enabled: bool | None = None
    given_name: str | None = None
    surname: str | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    usage_location: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    employee_hire_date: str | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_domain_name: str | None = None
    on_premises_sam_account_name: str | None = None
    on_premises_distinguished_name: str | None = None
    on_premises_immutable_id: str | None = None
    on_premises_security_identifier: str | None = None
    on_premises_last_sync_date_time: str | None = None
    created_date_time: str | None = None
    creation_type: str | None = None
    external_user_state: str | None = None
    license_assignment_states: list[LicenseAssignmentState] | None = None
    manager: Reference | None = None


USER_SELECT: tuple[str, ...] = tuple(selected(User, "manager"))


class AccountRow(Row):
    """A row of ``accounts`` as staged."""

    id: str
    user_principal_name: str | None = None
    display_name: str | None = None
    mail: str | None = None
    user_type: str | None = None
    enabled: bool | None = None
    given_name: str | None = None
    surname: str | None = None
    job_title: str | None = None
    department: str | None = None
    company_name: str | None = None
    office_location: str | None = None
    usage_location: str | None = None
    employee_id: str | None = None
    employee_type: str | None = None
    employee_hire_date: str | None = None
    manager_id: str | None = None
    on_premises_sync_enabled: bool | None = None
    on_premises_domain_name: str | None = None
    on_premises_sam_account_name: str | None = None
    on_premises_distinguished_name: str | None = None
    on_premises_immutable_id: str | None = None
    on_premises_security_identifier: str | None = None
    on_premises_last_sync_at: str | None = None
    created_at: str | None = None
    creation_type: str | None = None
    external_user_state: str | None = None


def account(user: User) -> AccountRow:
    """The account that ``user`` is."""
    return AccountRow(
        id=user.id,
        user_principal_name=user.user_principal_name,
        display_name=user.display_name,
        mail=user.mail,
        user_type=user.user_type,
        enabled=user.account_enabled,
        given_name=user.given_name,
        surname=user.surname,
        job_title=user.job_title,
        department=user.department,
        company_name=user.company_name,
        office_location=user.office_location,
        usage_location=user.usage_location,
        employee_id=user.employee_id,
        employee_type=user.employee_type,
        employee_hire_date=moment(user.employee_hire_date),
        manager_id=user.manager.id if user.manager else None,
        on_premises_sync_enabled=user.on_premises_sync_enabled,
        on_premises_domain_name=user.on_premises_domain_name,
        on_premises_sam_account_name=user.on_premises_sam_account_name,
        on_premises_distinguished_name=user.on_premises_distinguished_name,
        on_premises_immutable_id=user.on_premises_immutable_id,
        on_premises_security_identifier=user.on_premises_security_identifier,
        on_premises_last_sync_at=moment(user.on_premises_last_sync_date_time),
        created_at=moment(user.created_date_time),
        creation_type=user.creation_type,
        external_user_state=user.external_user_state,
    )


class LicenseStateRow(Row):
    """A row of ``license_states``."""

    account_id: str
    sku_id: str
    assigned_by_group: str | None = None
    state: str | None = None
    error: str | None = None
    disabled_plans: list[str] | None = None
    updated_at: str | None = None


def license_states(user: User) -> list[LicenseStateRow]:
    """Every way in which ``user`` has a license. Graph's error ``None`` is no error."""
    return [
        LicenseStateRow(
            account_id=user.id,
            sku_id=state.sku_id,
            assigned_by_group=state.assigned_by_group,
            state=state.state,
            error=None if (state.error or "").lower() == "none" else state.error,
            disabled_plans=state.disabled_plans,
            updated_at=moment(state.last_updated_date_time),
        )
        for state in user.license_assignment_states or ()
        if state.sku_id
    ]


class SignInActivity(GraphObject):
    """When a user last signed in."""

    last_sign_in_date_time: str | None = None
    last_non_interactive_sign_in_date_time: str | None = None
    last_successful_sign_in_date_time: str | None = None


class UserSignIns(GraphObject):
    """A user, asked only for ``signInActivity``."""

    id: str
    sign_in_activity: SignInActivity | None = None


class SignInActivityRow(Row):
    """A row of ``sign_in_activity``."""

    id: str
    last_sign_in_at: str | None = None
    last_non_interactive_sign_in_at: str | None = None
    last_successful_sign_in_at: str | None = None


def sign_in_activity(user: UserSignIns) -> SignInActivityRow:
    """When ``user`` last signed in; nothing but the id where Graph knows of no sign-in."""
    activity = user.sign_in_activity or SignInActivity()
    return SignInActivityRow(
        id=user.id,
        last_sign_in_at=moment(activity.last_sign_in_date_time),
        last_non_interactive_sign_in_at=moment(activity.last_non_interactive_sign_in_date_time),
        last_successful_sign_in_at=moment(activity.last_successful_sign_in_date_time),
    )


class MailboxSettings(GraphObject):
    """What we ask of mailbox settings."""

    user_purpose: str | None = None


class MailboxPurposeRow(Row):
    """A row of ``mailbox_purposes``."""

    id: str
    mailbox_purpose: str | None = None
