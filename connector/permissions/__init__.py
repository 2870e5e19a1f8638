"""Every permission that the connector needs, asks for, or does without: data, and the questions that are asked of it.

Nowhere else are permissions written down; documents are generated from here. Pure: nothing is asked of Graph.
"""

from __future__ import annotations

from connector.permissions.features import (
    ALWAYS,
    FEATURES,
    LICENSES,
    PROVISIONING,
    Feature,
    FeatureFacts,
    License,
    enabled_features,
    with_required,
)
from connector.permissions.needing import Missing, missing, needed_for
from connector.permissions.paths import permission_for
from connector.permissions.registering import (
    APP_ROLES,
    DELEGATED,
    MICROSOFT_GRAPH,
    READ_OPERATIONS,
    WRITE_OPERATIONS,
    AppRole,
    DelegatedPermission,
    Step,
    required_resource_access,
)
from connector.permissions.table import PERMISSIONS, REFERENCE, Permission, Unneeded, Use, by_name, sufficient, use_of

__all__ = [
    "ALWAYS",
    "APP_ROLES",
    "DELEGATED",
    "FEATURES",
    "LICENSES",
    "MICROSOFT_GRAPH",
    "PERMISSIONS",
    "PROVISIONING",
    "READ_OPERATIONS",
    "REFERENCE",
    "WRITE_OPERATIONS",
    "AppRole",
    "DelegatedPermission",
    "Feature",
    "FeatureFacts",
    "License",
    "Missing",
    "Permission",
    "Step",
    "Unneeded",
    "Use",
    "by_name",
    "enabled_features",
    "missing",
    "needed_for",
    "permission_for",
    "required_resource_access",
    "sufficient",
    "use_of",
    "with_required",
]
