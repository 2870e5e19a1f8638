"""The policy of a deployment: what it lets operations touch, and that half a policy lets nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from connector.provisioning.asking.policy import MOST_BYTES, BrokenPolicy, Policy, hourly_limit, judge, read_policy
from connector.provisioning.contract import Principal
from connector.provisioning.entitlements import Entitlement
from connector.settings import Settings, SettingsError
from connector.storage.records.operations import Action, Wanted

TOP = Path(__file__).parents[4]
GROUP, ROLE = "8a4eb9f4-2c0d-4d9c-a1de-4f4c2f0f3c11", "62e90394-69f5-4237-9190-012177145e10"
ADELE, OWN, CLIENT = (f"{digit * 8}-0000-4000-8000-000000000000" for digit in "abc")
MEMBER, OWNER = f"group:{GROUP}:member", f"group:{GROUP}:owner"
ASSIGNED, ELIGIBLE = f"directory_role:{ROLE}:assigned", f"directory_role:{ROLE}:eligible"


def settings(**changes: str) -> Settings:
    least = {"ENTRA_TENANT_ID": ADELE, "ENTRA_CLIENT_ID": CLIENT, "ENTRA_CLIENT_SECRET": "x"}
    return Settings.load({**least, "AzureWebJobsStorage": "UseDevelopmentStorage=true", **changes})


def account(object_id: str = ADELE, name: str = "Adele@contoso.com") -> Principal:
    return Principal(object_id, "account", name, {"userPrincipalName": name})


def application(app_id: str | None, object_id: str = ADELE) -> Principal:
    return Principal(object_id, "service_principal", "Payroll", {"appId": app_id} if app_id else {})


def judged(
    policy: Any = None,
    entitlement: str = MEMBER,
    *,
    principal: Principal | None = None,
    own_id: str = OWN,
    action: Action = Action.GRANT,
    environment: dict[str, str] | None = None,
    **wanted: Any,
) -> str | None:
    """The code of the refusal, or None."""
    principal = principal or account()
    data = policy if policy is None or isinstance(policy, bytes) else json.dumps(policy).encode()
    asked = Wanted(action=action, entitlement=entitlement, principal=principal.id, justification="x", **wanted)
    found = judge(
        read_policy(data), settings(**environment or {}), own_id, Entitlement.parse(entitlement), asked, principal
    )
    return found.code if found else None


END: dict[str, Any] = {"expires_at": "2031-01-01T00:00:00Z"}


@pytest.mark.parametrize("entitlement", [MEMBER, OWNER, ASSIGNED, ELIGIBLE])
@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("policy", [None, {}, {"groups": {"allowed": "all"}, "roles": {}, "principals": {}}])
def test_without_limits_everything_is_left_to_graph(policy: Any, action: Action, entitlement: str) -> None:
    assert judged(policy, entitlement, action=action) is None


@pytest.mark.parametrize(
    ("policy", "entitlement", "code"),
    [
        ({"groups": {"protected": {GROUP.upper(): ""}}}, MEMBER, "protected_by_policy"),
        ({"groups": {"protected": {GROUP + "\n": ""}}}, MEMBER, "protected_by_policy"),
        ({"groups": {"protected": {ROLE: ""}}}, MEMBER, None),
        ({"groups": {"protected": "all"}}, OWNER, "protected_by_policy"),
        ({"groups": {"protected": "all"}}, ASSIGNED, None),
        ({"groups": {"protected": {GROUP: ""}, "allowed": {GROUP: ""}}}, MEMBER, "protected_by_policy"),
        ({"groups": {"allowed": {GROUP: ""}}}, MEMBER, None),
        ({"groups": {"allowed": {ROLE: ""}}}, MEMBER, "not_allowed_by_policy"),
        ({"groups": {"allowed": {}}}, MEMBER, "not_allowed_by_policy"),
        ({"groups": {"allowed": {}}}, ELIGIBLE, None),
        ({"roles": {"protected": {ROLE: ""}}}, ELIGIBLE, "protected_by_policy"),
        ({"roles": {"protected": {ROLE: ""}}}, MEMBER, None),
        ({"roles": {"allowed": {GROUP: ""}}}, ASSIGNED, "not_allowed_by_policy"),
        ({"roles": {"allowed": {ROLE: ""}}}, ASSIGNED, None),
        ({"principals": {"protected": {ADELE: ""}}}, MEMBER, "protected_by_policy"),
        ({"principals": {"protected": {"adele@CONTOSO.com": ""}}}, MEMBER, "protected_by_policy"),
        ({"principals": {"protected": {"other@contoso.com": ""}}}, MEMBER, None),
        ({"principals": {"allowed": {"adele@contoso.com": ""}}}, MEMBER, None),
        ({"principals": {"allowed": {OWN: ""}}}, MEMBER, "not_allowed_by_policy"),
    ],
)
@pytest.mark.parametrize("action", list(Action))
def test_limits(policy: Any, entitlement: str, code: str | None, action: Action) -> None:
    assert judged(policy, entitlement, action=action) == code


@pytest.mark.parametrize(
    ("policy", "entitlement", "action", "ends", "code"),
    [
        ({"groups": {"end_demanded": {GROUP: ""}}}, MEMBER, Action.GRANT, False, "end_demanded_by_policy"),
        ({"groups": {"end_demanded": "all"}}, OWNER, Action.GRANT, False, "end_demanded_by_policy"),
        ({"groups": {"end_demanded": {GROUP: ""}}}, MEMBER, Action.GRANT, True, None),
        ({"groups": {"end_demanded": {GROUP: ""}}}, MEMBER, Action.REVOKE, False, None),
        ({"groups": {"end_demanded": {ROLE: ""}}}, MEMBER, Action.GRANT, False, None),
        (
            {"roles": {"eligible_or_end_demanded": {ROLE: ""}}},
            ASSIGNED,
            Action.GRANT,
            False,
            "eligible_demanded_by_policy",
        ),
        ({"roles": {"eligible_or_end_demanded": {ROLE: ""}}}, ASSIGNED, Action.GRANT, True, None),
        ({"roles": {"eligible_or_end_demanded": {ROLE: ""}}}, ELIGIBLE, Action.GRANT, False, None),
        ({"roles": {"eligible_or_end_demanded": {ROLE: ""}}}, ASSIGNED, Action.REVOKE, False, None),
        ({"roles": {"eligible_or_end_demanded": "all"}}, MEMBER, Action.GRANT, False, None),
    ],
)
def test_ends_that_are_demanded(policy: Any, entitlement: str, action: Action, ends: bool, code: str | None) -> None:
    asked: dict[str, Any] = END if ends else {}
    assert judged(policy, entitlement, action=action, **asked) == code


def test_the_connector_itself_is_protected_however_it_is_known() -> None:
    assert judged(principal=application(None, OWN.upper())) == "protected_principal"
    assert judged(principal=application(CLIENT.upper()), own_id="") == "protected_principal"
    assert judged(principal=application(None), own_id="") == "protected_principal"
    assert judged(principal=application(None)) is None
    assert judged(principal=application(ADELE), own_id="") is None
    assert judged(own_id="") is None


def test_break_glass_accounts_are_protected_by_id_and_by_name() -> None:
    for named in (ADELE.upper(), "x@y.z, ADELE@contoso.com"):
        assert judged(environment={"BREAK_GLASS_ACCOUNTS": named}) == "protected_principal"
    assert judged(environment={"BREAK_GLASS_ACCOUNTS": OWN}) is None
    assert settings().break_glass_accounts == frozenset()
    with pytest.raises(SettingsError, match="BREAK_GLASS_ACCOUNTS must be object ids or user principal names"):
        settings(BREAK_GLASS_ACCOUNTS="adele; bob")


def test_a_display_name_protects_and_allows_nobody() -> None:
    group = Principal(ADELE, "group", "adele@contoso.com")

    assert judged({"principals": {"allowed": {"adele@contoso.com": ""}}}, principal=group) == "not_allowed_by_policy"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no",
        b"[]",
        b"null",
        b"\xff",
        b'{"groups": null}',
        b'{"grops": {}}',
        b'{"groups": {"protect": {}}}',
        b'{"groups": {"protected": ["%s"]}}' % GROUP.encode(),
        b'{"groups": {"protected": "some"}}',
        b'{"groups": {"protected": {"finance": ""}}}',
        b'{"groups": {"protected": {}}, "groups": {}}',
        b'{"groups": {"protected": {"%s": "a"}, "protected": {}}}' % GROUP.encode(),
        b'{"operations_per_hour": 0}',
        b'{"operations_per_hour": true}',
        b'{"groups":' * 5_000,
        b'{"groups":' * 800 + b"{}" + b"}" * 800,
        b" " * MOST_BYTES + b"{}",
    ],
    ids=lambda data: data[:48].decode(errors="replace"),
)
def test_a_policy_that_is_not_understood_allows_nothing_and_says_why(data: bytes) -> None:
    found = read_policy(data)

    assert isinstance(found, BrokenPolicy)
    assert found.why
    assert judged(data) == "policy_unreadable"
    assert judged(data, ELIGIBLE, action=Action.REVOKE) == "policy_unreadable"


def test_an_editor_of_people_may_begin_the_file_with_a_mark() -> None:
    assert read_policy(b"\xef\xbb\xbf{}") == Policy()


def test_the_limit_of_the_policy_counts_before_that_of_the_settings() -> None:
    of_settings = settings(OPERATIONS_PER_HOUR="7")

    assert hourly_limit(read_policy(b'{"operations_per_hour": 500}'), of_settings) == 500
    assert hourly_limit(read_policy(b"{}"), of_settings) == 7
    assert hourly_limit(read_policy(b"{"), of_settings) == 7


def test_the_example_for_people_is_a_policy_and_its_table_has_every_field() -> None:
    text = (TOP / "docs/provisioning-policy.md").read_text()
    example = text.partition("```json\n")[2].partition("```")[0]
    policy = read_policy(example.encode())

    assert isinstance(policy, Policy)
    assert policy.operations_per_hour == 500
    assert judged(example.encode(), f"group:{next(iter(policy.groups.protected))}:member") == "protected_by_policy"
    fields = {
        f"{part}.{name}"
        for part in ("groups", "roles", "principals")
        for name in getattr(policy, part).__struct_fields__
    }
    assert set(re.findall(r"^\| `([a-z_.]+)` \|", text.partition("## Refusals")[0], re.MULTILINE)) == fields | {
        "operations_per_hour"
    }
