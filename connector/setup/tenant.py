"""What there is in a tenant, as far as a setup looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec


class Password(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A client secret as Graph shows it: everything but itself. ``hint``: its first three characters."""

    key_id: str
    display_name: str | None = None
    end_date_time: datetime | None = None
    hint: str | None = None


class Federated(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """A federated credential of an app registration."""

    id: str
    name: str
    issuer: str
    subject: str
    audiences: tuple[str, ...] = ()


class Registration(msgspec.Struct, rename="camel", frozen=True, kw_only=True):
    """An app registration. What a PATCH replaces as a whole is kept as Graph says it, so that nothing of others' is lost."""

    id: str
    app_id: str
    display_name: str = ""
    sign_in_audience: str = ""
    tags: tuple[str, ...] = ()
    web: dict[str, Any] = {}
    required_resource_access: list[dict[str, Any]] = []
    app_roles: list[dict[str, Any]] = []
    identifier_uris: tuple[str, ...] = ()
    password_credentials: tuple[Password, ...] = ()
    key_credentials: list[dict[str, Any]] = []
    federated: tuple[Federated, ...] = ()


@dataclass(frozen=True, slots=True)
class Principal:
    """A service principal: the app registration's in this tenant, or a managed identity.

    Attributes:
        id: its object id.
        app_id: its application (client) id.
        granted: by app role of Microsoft Graph that it is assigned, the id of the assignment.
        system_assigned: whether it is a managed identity that belongs to one resource and is named by none.
    """

    id: str
    app_id: str
    granted: Mapping[str, str] = field(default_factory=dict)
    system_assigned: bool = False


@dataclass(frozen=True, slots=True)
class Kept:
    """Which client secrets are where the connector reads them.

    Attributes:
        current: key id of the one that is read there; empty where there is none, or it is none of this app registration.
        all: key ids of all that are there.
        foreign: whether what is read there was written by somebody else.
    """

    current: str = ""
    all: frozenset[str] = frozenset()
    foreign: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is.

    Attributes:
        graph_id: object id of the service principal of Microsoft Graph.
        graph_roles: ids of the app roles that it offers here: clouds differ.
        registration: None where there is none yet.
        principal: None where there is none yet.
        where: where client secrets are kept, for people; empty where setup makes none.
        mark: display name of those that setup makes for that place.
        kept: which of them are kept.
    """

    graph_id: str
    graph_roles: frozenset[str]
    registration: Registration | None = None
    principal: Principal | None = None
    where: str = ""
    mark: str = ""
    kept: Kept = Kept()
