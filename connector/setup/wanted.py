"""What a setup is to bring about."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from connector.permissions import Permission

DEFAULT_NAME = "Entra ID connector"
"""Display name of the app registration."""
LONGEST_DAYS = 730
"""Days for which a client secret may be valid: 24 months is the most that the Entra admin center offers."""
DEFAULT_DAYS = 180
"""Microsoft recommends to let client secrets end within half a year.
https://learn.microsoft.com/entra/identity-platform/how-to-add-credentials"""
_MARK = "connector-for-entra-id"


class Kind(StrEnum):
    """What the connector is to sign in with."""

    SECRET = "secret"  # noqa: S105 (a word, not a secret)
    CERTIFICATE = "certificate"
    FEDERATED = "federated"
    MANAGED_IDENTITY = "managed-identity"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whose tokens the app registration takes in place of a secret.

    Attributes:
        issuer: of the tokens, an https address.
        subject: whom they are for, such as ``system:serviceaccount:entra:connector``.
        audience: of the tokens; the cloud decides it.
    """

    issuer: str
    subject: str
    audience: str

    @property
    def name(self) -> str:
        """Its name in the app registration: the same for the same issuer and subject."""
        told = hashlib.sha256(f"{self.issuer}\n{self.subject}".encode()).hexdigest()
        return f"connector-{told[:16]}"


@dataclass(frozen=True, slots=True)
class PublicCertificate:
    """A certificate without its key.

    Attributes:
        der: the certificate.
        thumbprint: SHA-1 of it, which is what Entra ID names certificates by.
        described: where it came from, for people.
    """

    der: bytes = field(repr=False)
    thumbprint: bytes
    described: str


def public_certificate(der: bytes, described: str) -> PublicCertificate:
    """A certificate with its thumbprint."""
    return PublicCertificate(der, hashlib.sha1(der).digest(), described)  # noqa: S324 (Entra ID names certificates by it)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a setup is to bring about.

    Attributes:
        name: of the app registration; it decides its tag, by which it is found again.
        client_id: of one that exists already; empty to find it by its tag, or to make it.
        multi_tenant: whether administrators of other tenants may consent, too.
        permissions: what the connector is to be granted.
        redirect_uri: where the consent page sends an administrator back to; empty for none.
        api: whether the app registration stands for the operations API, too.
        remove_superfluous: whether what only features need that are not wanted is taken back.
        kind: what the connector signs in with.
        trust: whose tokens, for FEDERATED.
        certificate: for CERTIFICATE.
        valid: how long a new client secret is valid, for SECRET.
        new_secret: whether to make one although there is one that will do.
        remove_old_secrets: whether those of ours are removed that are not in use.
        identity: object id of the managed identity, for MANAGED_IDENTITY, or whose tokens are taken, for FEDERATED.
        consent: whether to grant the permissions.
    """

    name: str = DEFAULT_NAME
    client_id: str = ""
    multi_tenant: bool = False
    permissions: tuple[Permission, ...] = ()
    redirect_uri: str = ""
    api: bool = False
    remove_superfluous: bool = False
    kind: Kind = Kind.NONE
    trust: Trust | None = None
    certificate: PublicCertificate | None = None
    valid: timedelta = timedelta(days=DEFAULT_DAYS)
    new_secret: bool = False
    remove_old_secrets: bool = False
    identity: str = ""
    consent: bool = True

    @property
    def tag(self) -> str:
        """What marks the app registration as this one, whatever it is called later."""
        return f"{_MARK}:{self.name}"
