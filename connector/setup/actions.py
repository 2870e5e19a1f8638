"""What a setup can do, one class each. Every one says, in a line, what it does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from connector.setup.wanted import PublicCertificate, Trust


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do. ``said``: what, for people, without a full stop."""

    said: str


@dataclass(frozen=True, slots=True)
class CreateRegistration(Action):
    """Make the app registration. ``body``: as Graph takes it."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class UpdateRegistration(Action):
    """Change properties of the app registration. ``body``: those that change, whole, as Graph replaces them."""

    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class AddIdentifier(Action):
    """Give the app registration the address ``api://{client id}``. ``others``: those that it has."""

    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CreatePrincipal(Action):
    """Make the service principal of the app registration."""


@dataclass(frozen=True, slots=True)
class AddTrust(Action):
    """Add a federated credential."""

    trust: Trust


@dataclass(frozen=True, slots=True)
class CorrectTrust(Action):
    """Give the federated credential ``id`` the audience of ``trust``."""

    id: str
    trust: Trust


@dataclass(frozen=True, slots=True)
class AddCertificate(Action):
    """Let the app registration take signatures of a certificate. ``others``: its other keys, as Graph shows them."""

    certificate: PublicCertificate
    others: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class RemovePassword(Action):
    """Remove the client secret ``key_id``, which nobody has. ``proven_first``: only once the one in use has signed in."""

    key_id: str
    proven_first: bool = False


@dataclass(frozen=True, slots=True)
class AddPassword(Action):
    """Make a client secret and put it where the connector reads it. ``mark``: its display name."""

    mark: str
    valid: timedelta


@dataclass(frozen=True, slots=True)
class Grant(Action):
    """Grant the application permission ``name``, an app role of Microsoft Graph."""

    name: str
    role_id: str


@dataclass(frozen=True, slots=True)
class Withdraw(Action):
    """Take back the application permission ``name``."""

    name: str
    assignment_id: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from what there is and what is wanted.

    Attributes:
        there: one line for each thing that is as it should be.
        actions: what to do, in this order.
        notes: what is as it should not be, and stays.
    """

    there: tuple[str, ...]
    actions: tuple[Action, ...]
    notes: tuple[str, ...]
