"""Doing all of a plan leads to what a plan for is empty; and whatever others have put there is there afterwards."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from connector.permissions import APP_ROLES, MICROSOFT_GRAPH, PERMISSIONS, PROVISIONING, Feature, needed_for
from connector.setup import actions
from connector.setup.doing import _keys
from connector.setup.planning import plan
from connector.setup.registration_plan import OURS
from connector.setup.tenant import Federated, Found, Kept, Password, Principal, Registration
from connector.setup.wanted import Kind, PublicCertificate, Trust, Wanted

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
EXCHANGE = "00000002-0000-0ff1-ce00-000000000000"
FOREIGN_ROLES = [f"00000000-0000-4000-8000-{number:012}" for number in range(4)]
ROLES = [*sorted(OURS), *FOREIGN_ROLES]
CERTIFICATES = [PublicCertificate(bytes([number]), bytes([number]) * 20, "a file") for number in range(2)]
TRUSTS = [Trust("https://oidc.example", subject, "api://AzureADTokenExchange") for subject in ("a", "b")]
MARK = "connector setup, vault/name"

access = st.builds(
    lambda role, kind: {"id": role, "type": kind}, st.sampled_from(ROLES), st.sampled_from(["Role", "Scope"])
)
required = st.lists(
    st.builds(
        lambda resource, some: {"resourceAppId": resource, "resourceAccess": some},
        st.sampled_from([MICROSOFT_GRAPH, EXCHANGE]),
        st.lists(access, max_size=6, unique_by=lambda one: (one["id"], one["type"])),
    ),
    max_size=2,
    unique_by=lambda one: one["resourceAppId"],
)
passwords = st.lists(
    st.builds(
        Password,
        key_id=st.sampled_from("abcdef"),
        display_name=st.sampled_from([MARK, "theirs", None]),
        end_date_time=st.sampled_from([None, NOW + timedelta(days=5), NOW + timedelta(days=100)]),
    ),
    max_size=4,
    unique_by=lambda one: one.key_id,
)
keys = st.lists(
    st.sampled_from([1, 9]).map(
        lambda n: {"keyId": f"key {n}", "key": None, "customKeyIdentifier": base64.b64encode(bytes([n]) * 20).decode()}
    ),
    max_size=2,
    unique_by=lambda one: one["keyId"],
)
federated = st.lists(
    st.builds(
        Federated,
        id=st.sampled_from("xyz"),
        name=st.just("name"),
        issuer=st.just("https://oidc.example"),
        subject=st.sampled_from(["a", "c"]),
        audiences=st.sampled_from([("api://AzureADTokenExchange",), ("wrong",)]),
    ),
    max_size=2,
    unique_by=lambda one: one.subject,
)
registrations = st.builds(
    Registration,
    id=st.just("object"),
    app_id=st.just("client"),
    display_name=st.sampled_from(["Entra ID connector", "Other"]),
    sign_in_audience=st.sampled_from(["AzureADMyOrg", "AzureADMultipleOrgs", "AzureADandPersonalMicrosoftAccount"]),
    tags=st.sampled_from([(), ("theirs",), (Wanted().tag,)]),
    web=st.sampled_from([{}, {"redirectUris": ["https://theirs.example"], "homePageUrl": "https://theirs.example"}]),
    required_resource_access=required,
    app_roles=st.sampled_from(
        [
            [],
            [{"id": "their role", "value": "Theirs"}],
            [dict(APP_ROLES[0].as_graph())],
            [{"id": "x", "value": APP_ROLES[0].value}],
        ]
    ),
    identifier_uris=st.sampled_from([(), ("api://theirs",), ("api://client",)]),
    password_credentials=passwords.map(tuple),
    key_credentials=keys,
    federated=federated.map(tuple),
)
granted = st.dictionaries(st.sampled_from(ROLES), st.uuids().map(str), max_size=6)


@st.composite
def founds(draw: st.DrawFn) -> Found:
    registration = draw(st.none() | registrations)
    principal = (
        draw(st.none() | granted.map(lambda some: Principal("principal", "client", some))) if registration else None
    )
    there = [one.key_id for one in registration.password_credentials] if registration else []
    all_kept = frozenset(draw(st.lists(st.sampled_from(there), unique=True))) if there else frozenset()
    current = draw(st.sampled_from([*sorted(all_kept), ""]))
    offered = frozenset(one.id for one in PERMISSIONS) - draw(st.frozensets(st.sampled_from(ROLES), max_size=2))
    return Found(
        graph_id="graph",
        graph_roles=offered,
        registration=registration,
        principal=principal,
        where="vault/name",
        mark=MARK,
        kept=Kept(current, all_kept),
    )


wanteds = st.builds(
    Wanted,
    multi_tenant=st.booleans(),
    permissions=st.frozensets(
        st.sampled_from([Feature.SYNC, Feature.SIGN_IN_ACTIVITY, *sorted(PROVISIONING)]), min_size=1, max_size=3
    ).map(needed_for),
    redirect_uri=st.sampled_from(["", "https://ours.example/api/connect/callback"]),
    api=st.booleans(),
    remove_superfluous=st.booleans(),
    kind=st.sampled_from([Kind.SECRET, Kind.CERTIFICATE, Kind.FEDERATED, Kind.NONE]),
    trust=st.sampled_from(TRUSTS),
    certificate=st.sampled_from(CERTIFICATES),
    remove_old_secrets=st.booleans(),
    consent=st.booleans(),
)


def applied(found: Found, action: actions.Action) -> Found:
    """What Graph and Key Vault make of an action."""
    there, principal = found.registration, found.principal
    match action:
        case actions.CreateRegistration():
            body = msgspec.convert({**action.body, "id": "object", "appId": "client"}, Registration)
            return replace(found, registration=body)
        case actions.CreatePrincipal():
            return replace(found, principal=Principal("principal", "client"))
        case actions.Grant() if principal:
            return replace(
                found, principal=replace(principal, granted={**principal.granted, action.role_id: action.name})
            )
        case actions.Withdraw() if principal:
            left = {role: one for role, one in principal.granted.items() if one != action.assignment_id}
            return replace(found, principal=replace(principal, granted=left))
    assert there is not None
    changes: dict[str, object] = {}
    match action:
        case actions.UpdateRegistration():
            whole = {**msgspec.to_builtins(there), **action.body}
            return replace(found, registration=msgspec.convert(whole, Registration))
        case actions.AddIdentifier():
            changes = {"identifier_uris": (*action.others, "api://client")}
        case actions.AddTrust():
            trust = action.trust
            changes = {
                "federated": (
                    *there.federated,
                    Federated(
                        id="new",
                        name=trust.name,
                        issuer=trust.issuer,
                        subject=trust.subject,
                        audiences=(trust.audience,),
                    ),
                )
            }
        case actions.CorrectTrust():
            changes = {
                "federated": tuple(
                    msgspec.structs.replace(one, audiences=(action.trust.audience,))
                    if one.id == action.id and one.subject == action.trust.subject
                    else one
                    for one in there.federated
                )
            }
        case actions.AddCertificate():
            *others, fresh = _keys(action)
            identifier = base64.b64encode(action.certificate.thumbprint).decode()
            changes = {"key_credentials": [*others, {**fresh, "keyId": "fresh", "customKeyIdentifier": identifier}]}
        case actions.RemovePassword():
            left_over = tuple(one for one in there.password_credentials if one.key_id != action.key_id)
            changes = {"password_credentials": left_over}
        case actions.AddPassword():
            made = Password(key_id="new", display_name=action.mark, end_date_time=NOW + action.valid)
            changes = {"password_credentials": (*there.password_credentials, made)}
            found = replace(found, kept=Kept("new", found.kept.all | {"new"}))
        case _:
            raise AssertionError(action)
    return replace(found, registration=msgspec.structs.replace(there, **changes))


@given(wanteds, founds())
def test_after_a_plan_there_is_nothing_to_do(wanted, found):
    now = found
    for action in plan(wanted, found, NOW).actions:
        now = applied(now, action)
    assert plan(wanted, now, NOW).actions == ()
    _check_others(wanted, found, now)


def _check_others(wanted: Wanted, before: Found, after: Found) -> None:
    """Nothing of others' is gone, and of ours only what was to go."""
    held = before.principal.granted if before.principal else {}
    gone = set(held) - set(after.principal.granted if after.principal else {})
    assert gone <= (set(OURS) if wanted.remove_superfluous and wanted.consent else set())
    assert gone.isdisjoint(one.id for one in wanted.permissions)
    if before.registration is None or after.registration is None:
        return
    lost = _asked(before.registration) - _asked(after.registration)
    needed = {one.id for one in wanted.permissions}
    assert all(
        resource == MICROSOFT_GRAPH
        and kind == "Role"
        and role in OURS
        and role not in needed
        and wanted.remove_superfluous
        for resource, role, kind in lost
    )
    then, now = before.registration, after.registration
    assert set(then.tags) <= set(now.tags)
    assert set(then.identifier_uris) <= set(now.identifier_uris)
    assert set(then.web.get("redirectUris", ())) <= set(now.web.get("redirectUris", ()))
    assert {one["id"] for one in then.app_roles} <= {one["id"] for one in now.app_roles}
    assert {one["keyId"] for one in then.key_credentials} <= {one["keyId"] for one in now.key_credentials}
    assert {one.subject for one in then.federated} <= {one.subject for one in now.federated}
    theirs = {one.key_id for one in then.password_credentials if one.display_name != MARK}
    assert theirs <= {one.key_id for one in now.password_credentials}


def _asked(registration: Registration) -> set[tuple[str, str, str]]:
    return {
        (resource["resourceAppId"], one["id"], one["type"])
        for resource in registration.required_resource_access
        for one in resource["resourceAccess"]
    }
