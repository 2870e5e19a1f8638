"""What is kept about change notifications: the subscriptions, and the messages that ask for something to be done about them."""

from __future__ import annotations

import hashlib
from datetime import datetime

from connector.storage.records import Record


def digest(client_state: str) -> str:
    """What is kept of a ``clientState``: SHA-256 in hex.

    The secret has 256 random bits, so its hash can be neither guessed nor reversed, and the secret itself is never needed
    again: checking a notification takes the hash of what came. A secret that is kept nowhere cannot leak from a blob, a
    backup or a vault, and the endpoint asks no vault before it answers.
    """
    return hashlib.sha256(client_state.encode("utf-8", "surrogatepass")).hexdigest()


class Subscription(Record, frozen=True, kw_only=True):
    """A subscription that this deployment has made, as far as it must be known to renew it, and to tell its notifications.

    Attributes:
        id: Graph's.
        resource: ``users`` or ``groups``.
        notification_url: where its notifications go; ``lifecycle_url``: where Graph tells of the subscription itself.
        client_state_sha256: of the secret that comes with every notification, in hex. Whoever reads this cannot forge one.
        expires_at: when it ends unless it is renewed.
        renew_at: when it is renewed: long before it ends, and not when all others are.
    """

    id: str
    resource: str
    notification_url: str
    lifecycle_url: str
    client_state_sha256: str
    made_at: datetime
    expires_at: datetime
    renew_at: datetime


class Intent(Record, frozen=True, kw_only=True):
    """A subscription that is about to be made. Should the answer be lost, what Graph has made is recognised by its secret."""

    resource: str
    notification_url: str
    lifecycle_url: str
    client_state_sha256: str
    asked_at: datetime


class Subscriptions(Record, frozen=True, kw_only=True):
    """``subscriptions.json``: replaced under ``If-Match`` only.

    Attributes:
        address: the public address for which the subscriptions were last brought in order; empty: none.
        subscriptions: all that are known to be ours, those that are to be removed included.
        intents: those of which it is not known whether they exist.
        checked_at: when they were last compared with what Graph lists, and ``due_at``: when they will be again.
        wake_owed: a subscription was made, and what changed before it delivers has not been asked for yet.
        problems: sentences for people: what is not as it should be, and what to do about it.
    """

    address: str = ""
    subscriptions: tuple[Subscription, ...] = ()
    intents: tuple[Intent, ...] = ()
    checked_at: datetime | None = None
    due_at: datetime | None = None
    wake_owed: bool = False
    problems: tuple[str, ...] = ()


class LifecycleMessage(Record, frozen=True, kw_only=True):
    """One message of the lifecycle queue.

    Attributes:
        reauthorize: ids of subscriptions whose delivery stops unless they are authorized again.
        reconcile: whether the subscriptions are to be compared with what Graph lists.
        missed: resources of which Graph has lost notifications.
        seen_at: when that was heard of.
    """

    seen_at: datetime
    reauthorize: tuple[str, ...] = ()
    reconcile: bool = False
    missed: tuple[str, ...] = ()
