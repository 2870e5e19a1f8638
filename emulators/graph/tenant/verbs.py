"""The verbs by name, for the admin URL: JSON arguments in, JSON results out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from emulators.graph.tenant.change_verbs import ChangeVerbs
from emulators.graph.tenant.consent_verbs import ConsentVerbs
from emulators.graph.tenant.deletion_verbs import DeletionVerbs
from emulators.graph.tenant.identity_verbs import IdentityVerbs
from emulators.graph.tenant.membership_verbs import MembershipVerbs
from emulators.graph.tenant.object_verbs import ObjectVerbs
from emulators.graph.tenant.pim_verbs import PimVerbs


class Verbs(ObjectVerbs, DeletionVerbs, MembershipVerbs, ChangeVerbs, PimVerbs, IdentityVerbs, ConsentVerbs):
    """Everything that can be done to a tenant."""


_VERBS: tuple[Callable[..., str | None], ...] = (
    Verbs.create_user,
    Verbs.update_user,
    Verbs.delete_user,
    Verbs.restore_user,
    Verbs.purge_user,
    Verbs.set_manager,
    Verbs.set_sign_in_activity,
    Verbs.set_mailbox,
    Verbs.create_group,
    Verbs.update_group,
    Verbs.delete_group,
    Verbs.restore_group,
    Verbs.add_member,
    Verbs.remove_member,
    Verbs.add_owner,
    Verbs.remove_owner,
    Verbs.create_device,
    Verbs.create_contact,
    Verbs.delete_object,
    Verbs.restore_object,
    Verbs.purge_object,
    Verbs.create_application,
    Verbs.update_application,
    Verbs.delete_application,
    Verbs.create_service_principal,
    Verbs.update_service_principal,
    Verbs.delete_service_principal,
    Verbs.restore_service_principal,
    Verbs.assign_app_role,
    Verbs.remove_app_role_assignment,
    Verbs.grant_permissions,
    Verbs.set_permissions,
    Verbs.add_client_secret,
    Verbs.add_certificate,
    Verbs.add_federated_credential,
    Verbs.remove_credential,
    Verbs.set_issuer_keys,
    Verbs.create_managed_identity,
    Verbs.publish_application,
    Verbs.configure_application,
    Verbs.admin_consent,
    Verbs.set_provisioning,
    Verbs.create_oauth2_grant,
    Verbs.update_oauth2_grant,
    Verbs.delete_oauth2_grant,
    Verbs.create_role_definition,
    Verbs.update_role_definition,
    Verbs.delete_role_definition,
    Verbs.activate_directory_role,
    Verbs.assign_role,
    Verbs.remove_role_assignment,
    Verbs.make_eligible,
    Verbs.remove_eligibility,
    Verbs.activate_role,
    Verbs.add_sku,
    Verbs.assign_license,
    Verbs.remove_license,
    Verbs.create_administrative_unit,
    Verbs.update_administrative_unit,
    Verbs.add_au_member,
    Verbs.remove_au_member,
)

VERBS: Mapping[str, Callable[..., Any]] = MappingProxyType({verb.__name__: verb for verb in _VERBS})
"""Name -> verb: ``VERBS["add_member"](tenant, group_id=..., member_id=...)``. Verbs that make something return its id as a
string, the others None. They raise :class:`emulators.graph.tenant.errors.TenantError`, or :class:`TypeError` where the
arguments do not fit the signature."""
