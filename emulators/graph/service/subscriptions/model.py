"""A subscription: what it watches, where its notifications go, and how Graph shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from emulators.graph.service.errors import GraphError

_RESOURCE = re.compile(
    r"/?(?:(?P<users>users)(?:/(?P<user>[^/]+))?|(?P<groups>groups)(?:/(?P<group>[^/]+)(?:/(?P<relation>members|owners))?)?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Target:
    """What is watched.

    Attributes:
        type: ``user`` or ``group``.
        id: one object; None for all of the type.
        relation: ``members`` or ``owners`` of that group; None for the object itself.
    """

    type: str
    id: str | None
    relation: str | None

    @classmethod
    def parse(cls, resource: str) -> Target:
        """From ``users``, ``/groups/{id}/members`` and the like.

        Raises:
            GraphError: 400 for every other resource: of the directory only users and groups notify.
        """
        match = _RESOURCE.fullmatch(resource)
        if match is None:
            raise invalid_request(f"Invalid 'resource' attribute: '{resource}'.")
        if match["users"]:
            return cls("user", match["user"] and match["user"].lower(), None)
        return cls("group", match["group"] and match["group"].lower(), match["relation"] and match["relation"].lower())


@dataclass(slots=True, kw_only=True)
class Subscription:
    """One subscription. Times are seconds since 1970 on the emulator's clock.

    Attributes:
        resource: as the caller wrote it.
        change_type: the same.
        expires_at: when it ends.
        token_expires_at: when the access token ends that it was made or last authorized with; until then it delivers.
        remind_at: when ``reauthorizationRequired`` is due next.
    """

    id: str
    app_id: str
    creator_id: str
    resource: str
    target: Target
    change_type: str
    notification_url: str
    lifecycle_url: str | None
    client_state: str | None
    tls_version: str
    expires_at: float
    token_expires_at: float
    remind_at: float

    @property
    def change_types(self) -> frozenset[str]:
        """What it is told of: of the directory ``updated`` stands for creation and restorable deletion as well."""
        return frozenset(part.strip().lower() for part in self.change_type.split(","))

    def shown(self) -> dict[str, Any]:
        """As Graph shows it."""
        return {
            "id": self.id,
            "resource": self.resource,
            "applicationId": self.app_id,
            "changeType": self.change_type,
            "clientState": self.client_state,
            "notificationUrl": self.notification_url,
            "notificationQueryOptions": None,
            "lifecycleNotificationUrl": self.lifecycle_url,
            "expirationDateTime": written(self.expires_at),
            "creatorId": self.creator_id,
            "includeResourceData": None,
            "latestSupportedTlsVersion": self.tls_version,
            "encryptionCertificate": None,
            "encryptionCertificateId": None,
            "notificationUrlAppId": None,
        }


def written(seconds: float) -> str:
    """A time as Graph writes it in subscriptions and notifications."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def invalid_request(message: str) -> GraphError:
    """400 of the subscription service."""
    return GraphError(400, "InvalidRequest", message)


def not_found() -> GraphError:
    """404 for a subscription that is not there, has ended, or belongs to another application."""
    return GraphError(404, "ResourceNotFound", "The object was not found.")
