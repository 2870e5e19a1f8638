"""All readers together: resumed, disturbed or refused, they stage the same rows or say what they could not read; and what has cursors."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from typing import Any

import pytest

from connector.access.staged import STAGED
from connector.graph.delta import take_cursors
from connector.graph.errors import PremiumLicenseRequired, RequestRefused
from connector.graph.session import GraphSession
from emulators.graph import Fault, Variants
from tests.connector.sync.kinds.conftest import MAILBOXES, SIGN_INS, Reading

KEYS = {table.name: table.key for table in STAGED}


def as_sets(reading: Reading) -> dict[str, Counter[str]]:
    return {
        table: Counter(json.dumps({**row, "ordinal": 0}, sort_keys=True) for row in reading.rows(table))
        for table in reading.parts
    }


@pytest.fixture(scope="session")
def everything(engine):
    return engine.read(**SIGN_INS, **MAILBOXES)


def test_resuming_after_every_single_page_gives_the_same_rows(everything, engine_for):
    small_pages = engine_for(Variants(delta_slice_size=50, empty_first_page=True))
    assert as_sets(small_pages.read(resuming=True, **SIGN_INS, **MAILBOXES)) == as_sets(everything)


@pytest.mark.parametrize("retry_after", [True, False])
def test_faults_on_the_way_change_nothing(everything, engine_for, retry_after):
    engine = engine_for(Variants(retry_after=retry_after))
    for skip in (0, 5, 9, 14):
        engine.emulator.fail(Fault(path="/v1.0/", skip=skip, status=429, retry_after=1 if retry_after else None))
        engine.emulator.fail(Fault(path="/v1.0/", skip=skip + 20, times=2, status=503))
    engine.emulator.fail(Fault(path="/v1.0/groups", drop="after"))
    engine.emulator.fail(Fault(path="/v1.0/users", truncate=1000))
    reading = engine.read(**SIGN_INS, **MAILBOXES)
    assert as_sets(reading) == as_sets(everything)
    assert reading.stats.throttled >= 4


def test_rows_are_unique_by_their_key_except_where_delta_repeats_itself(everything):
    for table in everything.parts:
        if table != "memberships":
            keys = Counter(tuple(row.get(name) for name in KEYS[table]) for row in everything.rows(table))
            assert max(keys.values()) == 1, table


def test_a_missing_permission_is_said_with_its_name(engine_for):
    engine = engine_for()
    for name, path, permission in [
        ("accounts", "/v1.0/users", "User.Read.All"),
        ("sign_in_activity", "/v1.0/users", "AuditLog.Read.All"),
        ("licenses", "/v1.0/subscribedSkus", "LicenseAssignment.Read.All"),
        ("role_assignments", "roleAssignments", "RoleManagement.Read.Directory"),
    ]:
        engine.emulator.fail(Fault(path=path, status=403, code="Authorization_RequestDenied"))
        with pytest.raises(RequestRefused) as refused:
            engine.read(name, **SIGN_INS)
        assert refused.value.permission == permission


def test_sign_in_activity_without_premium_is_refused_as_such(engine_for):
    engine = engine_for()
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    engine.emulator.fail(Fault(path="/v1.0/users", status=403, code=code))
    with pytest.raises(PremiumLicenseRequired):
        engine.read("sign_in_activity", **SIGN_INS)


def test_mailboxes_without_the_permission_are_refused_but_single_ones_are_not_missed(engine_for):
    engine = engine_for()
    engine.emulator.fail(Fault(path="mailboxSettings", times=10_000, status=403, code="ErrorAccessDenied"))
    with pytest.raises(RequestRefused) as refused:
        engine.read("accounts", "mailbox_purposes", **MAILBOXES)
    assert refused.value.permission == "MailboxSettings.Read"
    engine = engine_for()
    engine.emulator.fail(Fault(path="mailboxSettings", times=3, status=403, code="ErrorAccessDenied"))
    assert engine.read("accounts", "mailbox_purposes", **MAILBOXES).rows("mailbox_purposes")


def test_cursors_of_everything_that_has_delta_come_in_one_request(engine):
    async def run() -> Any:
        async with GraphSession(engine.settings()) as session:
            return await take_cursors(session, engine.settings()), session

    cursors, session = asyncio.run(run())
    assert set(cursors) == {
        "users",
        "groups",
        "servicePrincipals",
        "directoryRoles",
        "administrativeUnits",
        "appRoleAssignments",
    }
    assert all(link.startswith(session.base_url) for link in cursors.values())
    assert session.stats.requests == 1


def test_a_kind_that_may_not_be_tracked_has_no_cursor(engine_for):
    engine = engine_for()
    engine.emulator.fail(Fault(path="directoryObjects", status=400, code="BadRequest"))

    async def run() -> Any:
        async with GraphSession(engine.settings()) as session:
            return await take_cursors(session, engine.settings())

    assert set(asyncio.run(run())) == {
        "users",
        "groups",
        "servicePrincipals",
        "directoryRoles",
        "administrativeUnits",
    }


def test_a_small_tenant_takes_few_requests(everything):
    extra = -(-len(everything.rows("accounts")) // 20) + 1  # mailboxes, twenty to a batch, and sign-ins
    assert everything.stats.requests - extra <= 25
