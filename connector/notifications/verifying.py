"""Whether a notification comes from Graph: it knows the secret that was given to Graph when the subscription was made."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from connector.notifications.parsing import Item
from connector.storage.subscriptions import Subscriptions, digest

_NOBODYS = "0" * 64
"""No secret has this hash. What has no other to be compared with is compared with it, so that it takes as long."""


class Verdict(StrEnum):
    """``genuine``; ``unknown``: no subscription of ours; ``forged``: one of ours, with another secret; ``other_tenant``."""

    GENUINE = "genuine"
    UNKNOWN = "unknown"
    FORGED = "forged"
    OTHER_TENANT = "other_tenant"


@dataclass(frozen=True, slots=True)
class Known:
    """What notifications are checked against.

    Attributes:
        subscriptions: hash of the secret and resource, by id.
        intents: the same of subscriptions that are being made: they may deliver before it is known what they are called.
    """

    subscriptions: Mapping[str, tuple[str, str]]
    intents: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, state: Subscriptions | None) -> Self:
        """What storage knows; nothing before the first subscription."""
        if state is None:
            return cls({}, ())
        return cls(
            {one.id.lower(): (one.client_state_sha256, one.resource) for one in state.subscriptions},
            tuple((one.client_state_sha256, one.resource) for one in state.intents),
        )

    def judge(self, item: Item, tenant_id: str) -> tuple[Verdict, str]:
        """What ``item`` is, and the resource that it concerns if it is genuine.

        Every item costs the same comparisons, whether its subscription is known or not and wherever the secret differs.
        """
        shown = digest(item.client_state or "")
        found = self.subscriptions.get(item.subscription_id.lower())
        expected, resource = found or (_NOBODYS, "")
        genuine = hmac.compare_digest(shown, expected)
        for intended, of in self.intents:
            if hmac.compare_digest(shown, intended) and found is None:
                genuine, resource = True, of
        if item.tenant_id.lower() != tenant_id:
            return Verdict.OTHER_TENANT, ""
        if genuine:
            return Verdict.GENUINE, resource
        return (Verdict.UNKNOWN if found is None else Verdict.FORGED), ""
