"""Enterprise applications: Graph's service principal, what hangs on it, and the staged rows made from them."""

from __future__ import annotations

from connector.access.base import GraphObject, Reference, Row, moment, principal_kind, selected, unreadable_items

MICROSOFT_TENANT = "f8cdef31-a31e-4b4a-93e4-5f571e91255a"
"""Tenant that owns Microsoft's first-party applications.
https://learn.microsoft.com/troubleshoot/entra/entra-id/governance/verify-first-party-apps-sign-in"""


class AppRole(GraphObject):
    """A role that an application defines."""

    id: str | None = None
    display_name: str | None = None
    description: str | None = None
    value: str | None = None
    is_enabled: bool | None = None
    allowed_member_types: list[str] | None = None


class ServicePrincipal(GraphObject):
    """A service principal. https://learn.microsoft.com/graph/api/resources/serviceprincipal"""

    id: str
    app_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    service_principal_type: str | None = None
    account_enabled: bool | None = None
    app_role_assignment_required: bool | None = None
    app_owner_organization_id: str | None = None
    preferred_single_sign_on_mode: str | None = None
    homepage: str | None = None
    login_url: str | None = None
    tags: list[str] | None = None
    service_principal_names: list[str] | None = None
    app_roles: list[AppRole] | None = None
    owners: list[Reference] | None = None
    unreadable: int = unreadable_items()


SERVICE_PRINCIPAL_SELECT: tuple[str, ...] = tuple(selected(ServicePrincipal, "owners"))


class EnterpriseApplicationRow(Row):
    """A row of ``enterprise_applications`` as staged."""

    id: str
    app_id: str | None = None
    display_name: str | None = None
    description: str | None = None
    service_principal_type: str | None = None
    is_managed_identity: bool | None = None
    is_microsoft_first_party: bool | None = None
    enabled: bool | None = None
    assignment_required: bool | None = None
    app_owner_organization_id: str | None = None
    sign_on_mode: str | None = None
    homepage: str | None = None
    login_url: str | None = None
    tags: list[str] | None = None
    service_principal_names: list[str] | None = None


def enterprise_application(principal: ServicePrincipal) -> EnterpriseApplicationRow:
    """The enterprise application that ``principal`` is."""
    owner = principal.app_owner_organization_id
    kind = principal.service_principal_type
    return EnterpriseApplicationRow(
        id=principal.id,
        app_id=principal.app_id,
        display_name=principal.display_name,
        description=principal.description,
        service_principal_type=kind,
        is_managed_identity=None if kind is None else kind.lower() == "managedidentity",
        is_microsoft_first_party=owner is not None and owner.lower() == MICROSOFT_TENANT,
        enabled=principal.account_enabled,
        assignment_required=principal.app_role_assignment_required,
        app_owner_organization_id=owner,
        sign_on_mode=principal.preferred_single_sign_on_mode,
        homepage=principal.homepage,
        login_url=principal.login_url,
        tags=principal.tags,
        service_principal_names=principal.service_principal_names,
    )


class AppRoleRow(Row):
    """A row of ``app_roles``."""

    application_id: str
    role_id: str
    display_name: str | None = None
    description: str | None = None
    value: str | None = None
    enabled: bool | None = None
    allowed_member_types: list[str] | None = None


def app_roles(principal: ServicePrincipal) -> list[AppRoleRow]:
    """The roles that can be assigned on ``principal``."""
    return [
        AppRoleRow(
            application_id=principal.id,
            role_id=role.id,
            display_name=role.display_name,
            description=role.description,
            value=role.value,
            enabled=role.is_enabled,
            allowed_member_types=role.allowed_member_types,
        )
        for role in principal.app_roles or ()
        if role.id
    ]


class ApplicationOwnerRow(Row):
    """A row of ``application_owners``."""

    application_id: str
    principal_kind: str
    principal_id: str


def application_owners(application_id: str, owners: list[Reference]) -> list[ApplicationOwnerRow]:
    """Who owns an application."""
    return [
        ApplicationOwnerRow(
            application_id=application_id, principal_kind=principal_kind(owner.kind), principal_id=owner.id
        )
        for owner in owners
    ]


class AppRoleAssignment(GraphObject):
    """An assignment on an application. https://learn.microsoft.com/graph/api/resources/approleassignment"""

    id: str
    app_role_id: str | None = None
    principal_id: str | None = None
    principal_type: str | None = None
    resource_id: str | None = None
    created_date_time: str | None = None


APP_ROLE_ASSIGNMENT_SELECT: tuple[str, ...] = tuple(selected(AppRoleAssignment))


class AppRoleAssignmentRow(Row):
    """A row of ``app_role_assignments``."""

    id: str
    application_id: str
    role_id: str | None = None
    principal_kind: str | None = None
    principal_id: str | None = None
    created_at: str | None = None


def app_role_assignment(application_id: str, assignment: AppRoleAssignment) -> AppRoleAssignmentRow:
    """The staged row of an assignment on ``application_id``."""
    return AppRoleAssignmentRow(
        id=assignment.id,
        application_id=application_id,
        role_id=assignment.app_role_id,
        principal_kind=principal_kind(assignment.principal_type),
        principal_id=assignment.principal_id,
        created_at=moment(assignment.created_date_time),
    )


class JobStatus(GraphObject):
    """State of a provisioning job."""

    code: str | None = None


class SynchronizationJob(GraphObject):
    """A provisioning job. https://learn.microsoft.com/graph/api/resources/synchronization-synchronizationjob"""

    id: str
    template_id: str | None = None
    status: JobStatus | None = None


class ProvisioningJobRow(Row):
    """A row of ``provisioning_jobs``."""

    application_id: str
    job_id: str
    template_id: str | None = None
    state: str | None = None


def provisioning_job(application_id: str, job: SynchronizationJob) -> ProvisioningJobRow:
    """The staged row of a job that provisions ``application_id``."""
    return ProvisioningJobRow(
        application_id=application_id,
        job_id=job.id,
        template_id=job.template_id,
        state=job.status.code if job.status else None,
    )
