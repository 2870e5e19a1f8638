"""The complete access picture of a tenant, computed from its state by logic of its own.

What checks the connector must share no mistake with it: this reads the tables directly and follows the public data contract's
words (``docs/architecture.md``, "What follows from what"), not anyone's code.
"""

from __future__ import annotations

from typing import Any, Literal

from emulators.graph.tenant.picture.grants import all_grants
from emulators.graph.tenant.picture.inheritance import inherited_grants as derive
from emulators.graph.tenant.picture.resources import accounts, applications, entitlements, groups, licenses, roles
from emulators.graph.tenant.picture.view import View
from emulators.graph.tenant.tenant import Tenant

Row = dict[str, Any]


def truth(
    tenant: Tenant,
    *,
    skip_ad_groups: bool = False,
    skip_unassigned_apps: bool = False,
    inherited_grants: Literal["all", "privileged", "off"] = "all",
    sign_in_activity: bool = False,
    mailbox_purpose: bool = False,
) -> dict[str, list[Row]]:
    """Rows of the eight tables of a snapshot, by table name, each table sorted by its key.

    Times are aware datetimes. The arguments are the settings of the same names. Of several shortest paths of an inherited
    grant any one is right; the one here is the first in the order of group ids.
    """
    with tenant.lock:
        view = View(tenant, skip_ad_groups=skip_ad_groups)
        grants = all_grants(view)
        apps = applications(view)
        if skip_unassigned_apps:
            principals = {grant["principal_id"] for grant in grants}
            apps = [app for app in apps if app["assignments"] or app["id"] in principals]
            listed = {app["id"] for app in apps}
            grants = [
                grant
                for grant in grants
                if grant["resource_kind"] != "enterprise_application" or grant["resource_id"] in listed
            ]
        tables = {
            "accounts": accounts(view, sign_in_activity=sign_in_activity, mailbox_purpose=mailbox_purpose),
            "groups": groups(view),
            "enterprise_applications": apps,
            "directory_roles": roles(view),
            "licenses": licenses(view),
            "entitlements": entitlements(view, {app["id"] for app in apps}),
            "grants": grants,
            "inherited_grants": derive(view, grants, inherited_grants),
        }
    return {
        name: sorted(
            rows, key=lambda row: (row["grant_id"], row["principal_id"]) if "grant_id" in row else (row["id"],)
        )
        for name, rows in tables.items()
    }
