"""Which notifications are Graph's."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime

import pytest

from connector.notifications.parsing import Item
from connector.notifications.verifying import Known, Verdict
from connector.storage.subscriptions import Intent, Subscription, Subscriptions, digest

NOW = datetime(2026, 11, 23, tzinfo=UTC)
TENANT = "0785ef7c-2d7a-4542-b048-95bcab406e0b"
STATE = Subscriptions(
    subscriptions=(
        Subscription(
            id="AAAA-1",
            resource="users",
            notification_url="",
            lifecycle_url="",
            client_state_sha256=digest("one"),
            made_at=NOW,
            expires_at=NOW,
            renew_at=NOW,
        ),
    ),
    intents=(
        Intent(
            resource="groups", notification_url="", lifecycle_url="", client_state_sha256=digest("two"), asked_at=NOW
        ),
    ),
)


def judge(subscription_id, state, tenant=TENANT):
    return Known.of(STATE).judge(Item(subscription_id=subscription_id, tenant_id=tenant, client_state=state), TENANT)


@pytest.mark.parametrize(
    ("subscription_id", "state", "verdict", "resource"),
    [
        ("aaaa-1", "one", Verdict.GENUINE, "users"),
        ("AAAA-1", "one", Verdict.GENUINE, "users"),
        ("aaaa-1", "One", Verdict.FORGED, ""),
        ("aaaa-1", "two", Verdict.FORGED, ""),
        ("aaaa-1", None, Verdict.FORGED, ""),
        ("aaaa-1", "", Verdict.FORGED, ""),
        ("aaaa-1", digest("one"), Verdict.FORGED, ""),
        ("not-told-yet", "two", Verdict.GENUINE, "groups"),
        ("not-told-yet", "one", Verdict.UNKNOWN, ""),
        ("not-told-yet", "\ud800", Verdict.UNKNOWN, ""),
        ("", None, Verdict.UNKNOWN, ""),
    ],
)
def test_the_secret_of_that_very_subscription_is_needed(subscription_id, state, verdict, resource):
    assert judge(subscription_id, state) == (verdict, resource)


def test_another_tenant_is_told_apart_whatever_it_knows():
    assert judge("aaaa-1", "one", "99999999-2d7a-4542-b048-95bcab406e0b") == (Verdict.OTHER_TENANT, "")
    assert judge("aaaa-1", "one", TENANT.upper()) == (Verdict.GENUINE, "users")


def test_before_the_first_subscription_nothing_is_genuine():
    item = Item(subscription_id="", tenant_id=TENANT, client_state="")
    assert Known.of(None).judge(item, TENANT)[0] is Verdict.UNKNOWN


def test_known_or_not_the_same_is_compared(monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((len(one), len(other)))
        return one == other

    monkeypatch.setattr(hmac, "compare_digest", compare)
    work = []
    for subscription_id, state in (("aaaa-1", "one"), ("aaaa-1", "x"), ("unknown", "x"), ("unknown", "two")):
        compared.clear()
        judge(subscription_id, state)
        work.append(list(compared))

    assert work == [[(64, 64), (64, 64)]] * 4
