"""What the connector can do in a tenant, as far as permissions decide it, and which license of Entra ID it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from connector.permissions.reading import read
from connector.settings import Settings


class Feature(StrEnum):
    """What some permission is needed for. ``features.json`` says what each is."""

    SYNC = "sync"
    PIM = "pim"
    ADMINISTRATIVE_UNITS = "administrative_units"
    APPLICATION_PROVISIONING = "application_provisioning"
    HIDDEN_MEMBERSHIP = "hidden_membership"
    NOTIFICATIONS = "notifications"
    SIGN_IN_ACTIVITY = "sign_in_activity"
    MAILBOX_PURPOSE = "mailbox_purpose"
    PROVISIONING_GROUPS = "provisioning_groups"
    PROVISIONING_GROUP_OWNERS = "provisioning_group_owners"
    PROVISIONING_ROLE_ASSIGNABLE_GROUPS = "provisioning_role_assignable_groups"
    PROVISIONING_ROLES = "provisioning_roles"
    PROVISIONING_PIM = "provisioning_pim"


class License(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A license that a tenant must have.

    Attributes:
        title: as Microsoft sells it.
        service_plans: any of these in ``/subscribedSkus`` (``servicePlanName``) is enough.
        source: address of what Microsoft says of it.
    """

    name: str
    title: str
    service_plans: tuple[str, ...]
    source: str


class FeatureFacts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a feature.

    Attributes:
        title: what it gives, in a phrase.
        essential: whether the connector is of no use without it.
        always: whether it is on whatever the settings say; without its permissions a sync leaves that part out and says so.
        setting: name of the setting that switches it on; empty where it is always on.
        requires: features that it does not work without.
        license: name of the license that the tenant must have; None where any tenant will do.
    """

    name: Feature
    title: str
    essential: bool = False
    always: bool = False
    setting: str = ""
    requires: tuple[Feature, ...] = ()
    license: str | None = None

    @property
    def license_needed(self) -> License | None:
        """The license that the tenant must have."""
        return None if self.license is None else LICENSES[self.license]


LICENSES: Mapping[str, License] = {one.name: one for one in read("licenses.json", tuple[License, ...])}
FEATURES: Mapping[Feature, FeatureFacts] = {one.name: one for one in read("features.json", tuple[FeatureFacts, ...])}
"""Every feature, in the order in which the docs show them."""

ALWAYS = frozenset(name for name, facts in FEATURES.items() if facts.always)
"""What a deployment does that switches nothing on: reading."""

PROVISIONING = frozenset(name for name, facts in FEATURES.items() if facts.setting == "PROVISIONING_ENABLED")
"""Everything that grants and revokes."""


def enabled_features(settings: Settings) -> frozenset[Feature]:
    """What a deployment with these settings does, or tries to do: a policy of what may be granted is not looked at."""
    switched = {
        Feature.NOTIFICATIONS: bool(settings.notification_url),
        Feature.SIGN_IN_ACTIVITY: settings.sign_in_activity,
        Feature.MAILBOX_PURPOSE: settings.mailbox_purpose,
        **dict.fromkeys(PROVISIONING, settings.provisioning_enabled),
    }
    return ALWAYS | {name for name, on in switched.items() if on}


def with_required(features: Iterable[Feature]) -> frozenset[Feature]:
    """``features`` and everything that they do not work without."""
    found = set(features)
    waiting = list(found)
    while waiting:
        for one in FEATURES[waiting.pop()].requires:
            if one not in found:
                found.add(one)
                waiting.append(one)
    return frozenset(found)
