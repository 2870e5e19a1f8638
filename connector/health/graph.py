"""Microsoft Graph: one cheap request for each kind of thing that is read, and the licenses that some of it takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime

import msgspec

from connector.access.decoding import NotJson, decode
from connector.graph.batch import send_batch
from connector.graph.connection import GraphConnection
from connector.graph.errors import GraphError, PremiumLicenseRequired
from connector.graph.secret_ends import end_in, request_for
from connector.graph.session import GraphSession
from connector.health.findings import Finding, failed, ok, skipped, warning
from connector.health.signing_in import expiry, sentence_of, unknown_expiry
from connector.permissions import FEATURES, Feature, License, enabled_features
from connector.settings import Settings

_GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
"""Its template id, the same in every tenant: Graph may insist on a role where assignments are listed.
https://learn.microsoft.com/entra/identity/role-based-access-control/permissions-reference#global-administrator"""
_ROLE = f"$filter=roleDefinitionId eq '{_GLOBAL_ADMINISTRATOR}'&$top=1"
_PIM = "/roleManagement/directory"
_REGISTRATION = "registration"

PROBES: Mapping[str, tuple[Feature, str]] = {
    "users": (Feature.SYNC, "/users?$select=id&$top=1"),
    "groups": (Feature.SYNC, "/groups?$select=id&$top=1"),
    "applications": (Feature.SYNC, "/servicePrincipals?$select=id&$top=1"),
    "role_definitions": (Feature.SYNC, f"{_PIM}/roleDefinitions/{_GLOBAL_ADMINISTRATOR}?$select=id"),
    "role_assignments": (Feature.SYNC, f"{_PIM}/roleAssignments?{_ROLE}"),
    "licenses": (Feature.SYNC, "/subscribedSkus?$select=skuId,servicePlans,capabilityStatus"),
    "pim_assignments": (Feature.PIM, f"{_PIM}/roleAssignmentScheduleInstances?{_ROLE}"),
    "pim_eligibilities": (Feature.PIM, f"{_PIM}/roleEligibilityScheduleInstances?{_ROLE}"),
    "administrative_units": (Feature.ADMINISTRATIVE_UNITS, "/directory/administrativeUnits?$select=id&$top=1"),
    "subscriptions": (Feature.NOTIFICATIONS, "/subscriptions"),
    "sign_in_activity": (Feature.SIGN_IN_ACTIVITY, "/users?$select=id,signInActivity&$top=1"),
}
"""By name of the check: what it is asked for, and the request. What has none (mailboxes, writes) the permissions tell."""


class _ServicePlan(msgspec.Struct, rename="camel"):
    service_plan_name: str | None = None


class _Sku(msgspec.Struct, rename="camel"):
    capability_status: str | None = None
    service_plans: list[_ServicePlan] = []


class _Skus(msgspec.Struct):
    value: list[_Sku]


async def look_at_graph(settings: Settings, hint: str, now: datetime) -> list[Finding]:
    """Ask for one thing of each kind that this deployment reads; all in one round trip.

    Args:
        hint: how the client secret begins, where only its app registration can tell when it ends.
        now: the time, with its zone.
    """
    features = enabled_features(settings)
    probes = {name: path for name, (feature, path) in PROBES.items() if feature in features}
    if hint:
        probes[_REGISTRATION] = request_for(settings.client_id)
    try:
        async with GraphConnection(settings) as connection, GraphSession(settings, connection=connection) as session:
            answers = await send_batch(session, probes, bytes)
    except GraphError as error:
        return [failed("graph", sentence_of(error), error.advice)]
    ends = _expiry(settings, answers.pop(_REGISTRATION), hint, now) if hint else []
    findings = [_finding(name, answer) for name, answer in answers.items()]
    return [*ends, *findings, *_licenses(features, answers.get("licenses"))]


def _expiry(settings: Settings, answer: bytes | GraphError, hint: str, now: datetime) -> list[Finding]:
    """When the client secret ends. That the registration is another tenant's, or may not be read, is nothing amiss."""
    ends = None
    if not isinstance(answer, GraphError):
        with suppress(NotJson):
            ends = end_in(answer, hint, now)
    return expiry(ends, now) or [unknown_expiry(settings)]


def _finding(name: str, answer: bytes | GraphError) -> Finding:
    check = f"graph:{name}"
    feature = PROBES[name][0]
    if not isinstance(answer, GraphError):
        return ok(check, "Graph answers.")
    if isinstance(answer, PremiumLicenseRequired):
        return skipped(check, "The tenant has no license for it, so there is nothing to read.")
    make = failed if FEATURES[feature].essential else warning
    return make(check, sentence_of(answer), answer.advice)


def _licenses(features: frozenset[Feature], answer: bytes | GraphError | None) -> Iterator[Finding]:
    """One finding for each license that an enabled feature takes; a feature that is always on says only what it leaves out."""
    wanted: dict[str, tuple[License, list[Feature]]] = {}
    for feature in Feature:
        license_ = FEATURES[feature].license_needed if feature in features else None
        if license_:
            wanted.setdefault(license_.name, (license_, []))[1].append(feature)
    if not wanted:
        return
    if answer is None or isinstance(answer, GraphError):
        yield skipped("license", "The licenses of the tenant cannot be read.")
        return
    try:
        plans = _plans(answer)
    except NotJson:
        yield skipped("license", "Graph's list of licenses cannot be understood.")
        return
    for name, (license_, for_) in wanted.items():
        yield _license(f"license:{name}", license_, for_, plans)


def _plans(answer: bytes) -> frozenset[str]:
    """Service plans of the licenses that the tenant may use, in lower case."""
    usable = ("Enabled", "Warning")
    return frozenset(
        plan.service_plan_name.lower()
        for sku in decode(answer, _Skus).value
        if sku.capability_status in usable
        for plan in sku.service_plans
        if plan.service_plan_name
    )


def _license(check: str, license_: License, for_: list[Feature], plans: frozenset[str]) -> Finding:
    if plans.intersection(one.lower() for one in license_.service_plans):
        return ok(check, f"The tenant has {license_.title}.")
    switched = [one for one in for_ if not FEATURES[one].always]
    lost = "; ".join(FEATURES[one].title for one in (switched or for_))
    found = f"The tenant does not have {license_.title}. Without it there is not: {lost}."
    if not switched:
        return skipped(check, found)
    settings = " and ".join(dict.fromkeys(FEATURES[one].setting for one in switched))
    return warning(check, found, f"Have the license bought, or do without what takes it ({settings}).")
