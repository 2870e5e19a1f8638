"""What the body of a request about subscriptions asks for, checked.

Limits: Microsoft Graph, "Subscription lifetime", "subscription resource type", "Latency and quotas of change notifications".
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from emulators.graph.service.errors import GraphError
from emulators.graph.service.subscriptions.model import Target, invalid_request

SHORTEST_SECONDS = 45 * 60
LONGEST_SECONDS = 41_760 * 60
_LONGEST_CLIENT_STATE = 128
_ROUNDING_SECONDS = 0.001  # callers write their times with microseconds at most
_TLS_VERSIONS = ("v1_0", "v1_1", "v1_2", "v1_3")
_CHANGE_TYPES = frozenset({"created", "updated", "deleted"})
_T = TypeVar("_T")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Wanted(msgspec.Struct, rename="camel"):
    """The body that creates a subscription."""

    change_type: str = ""
    notification_url: str = ""
    resource: str = ""
    expiration_date_time: str = ""
    client_state: str | None = None
    lifecycle_notification_url: str | None = None
    latest_supported_tls_version: str | None = None
    include_resource_data: bool | None = None

    def check(self) -> Target:
        """Check everything but the expiry, and say what is watched.

        Raises:
            GraphError: 400 that names what is wrong.
        """
        for name, value in (
            ("changeType", self.change_type),
            ("notificationUrl", self.notification_url),
            ("resource", self.resource),
            ("expirationDateTime", self.expiration_date_time),
        ):
            if not value:
                raise invalid_request(f"{name} is a required property for subscription creation")
        _check_change_type(self.change_type)
        check_url("notificationUrl", self.notification_url)
        if self.lifecycle_notification_url is not None:
            check_url("lifecycleNotificationUrl", self.lifecycle_notification_url)
        if len(self.client_state or "") > _LONGEST_CLIENT_STATE:
            raise invalid_request(f"Client state cannot be longer than {_LONGEST_CLIENT_STATE} characters.")
        if self.latest_supported_tls_version not in (None, *_TLS_VERSIONS):
            raise invalid_request("Invalid 'latestSupportedTlsVersion' attribute.")
        if self.include_resource_data:
            raise invalid_request("Resource data is not supported for this resource.")
        return Target.parse(self.resource)


class Change(msgspec.Struct, rename="camel", forbid_unknown_fields=True):
    """The body that renews a subscription or moves it to another address."""

    expiration_date_time: str | None = None
    notification_url: str | None = None


def parsed(body: bytes, type_: type[_T]) -> _T:
    """The body as a value of ``type_``.

    Raises:
        GraphError: 400 when it is none.
    """
    try:
        return msgspec.json.decode(body, type=type_)
    except msgspec.MsgspecError:
        raise invalid_request("The body of the request is malformed or names a property that cannot be set.") from None


def expiry(text: str, now: float) -> float:
    """When a subscription ends that asks for ``text``: never sooner than after 45 minutes.

    Raises:
        GraphError: 400 for what is no time, and beyond 41,760 minutes.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise invalid_request("Invalid 'expirationDateTime' attribute.") from None
    wanted = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    if wanted > now + LONGEST_SECONDS + _ROUNDING_SECONDS:
        message = f"Subscription expiration can only be {LONGEST_SECONDS // 60} minutes in the future."
        raise GraphError(400, "ExtensionError", message)
    return max(wanted, now + SHORTEST_SECONDS)


def check_url(name: str, url: str) -> None:
    """Check an address for notifications. Plain HTTP is accepted on the loopback interface only, for tests.

    Raises:
        GraphError: 400 when it is not usable.
    """
    try:
        parts = urlsplit(url)
        usable = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise invalid_request(f"Invalid '{name}' attribute: it must be an HTTPS address.")


def _check_change_type(text: str) -> None:
    """``created`` is accepted beside others and says nothing more: ``updated`` covers it for users and groups."""
    types = {part.strip().lower() for part in text.split(",")}
    if not types <= _CHANGE_TYPES or types == {"created"}:
        raise invalid_request(f"Invalid 'changeType' attribute: '{text}'.")
