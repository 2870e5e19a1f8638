"""Every reader, in the order in which progress is shown."""

from __future__ import annotations

from connector.sync.kinds.accounts import Accounts
from connector.sync.kinds.application_grants import ApplicationGrants
from connector.sync.kinds.directory_roles import DirectoryRoles
from connector.sync.kinds.enterprise_applications import EnterpriseApplications
from connector.sync.kinds.groups import Groups
from connector.sync.kinds.licenses import Licenses
from connector.sync.kinds.mailbox_purposes import MailboxPurposes
from connector.sync.kinds.memberships import Memberships
from connector.sync.kinds.provisioning_jobs import ProvisioningJobs
from connector.sync.kinds.reader import Reader
from connector.sync.kinds.role_assignments import RoleAssignments
from connector.sync.kinds.role_schedules import RoleSchedules
from connector.sync.kinds.scopes import AdministrativeUnitScopes, ApplicationScopes
from connector.sync.kinds.service_principal_memberships import ServicePrincipalMemberships
from connector.sync.kinds.sign_in_activity import SignInActivity

READERS: tuple[Reader, ...] = (
    Accounts(),
    SignInActivity(),
    MailboxPurposes(),
    Groups(),
    Memberships(),
    EnterpriseApplications(),
    ServicePrincipalMemberships(),
    ApplicationGrants(),
    ProvisioningJobs(),
    DirectoryRoles(),
    RoleAssignments(),
    RoleSchedules(),
    AdministrativeUnitScopes(),
    ApplicationScopes(),
    Licenses(),
)
