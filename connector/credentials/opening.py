"""Which credential the settings choose, opened."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

from connector.credentials import describing
from connector.credentials.assertions import token_of_file, token_of_identity
from connector.credentials.certificates import read_certificate
from connector.credentials.identities import Federated, entra_options
from connector.credentials.platform import managed
from connector.credentials.problems import entra_problem
from connector.credentials.proofs import Made, Platform, Proof, Replaceable, Value
from connector.credentials.signing_in import SignIn
from connector.credentials.sources import open_source
from connector.credentials.transport import open_transport
from connector.settings import Auth, Settings

if TYPE_CHECKING:
    from azure.core.pipeline.transport import AioHttpTransport


def open_credential(settings: Settings, trusted: ssl.SSLContext) -> SignIn:
    """What the connector signs in to Graph with; whoever opens it closes it. Must be called inside a running event loop.

    Nothing is read or sent before the first token is asked for: so what is wrong with a certificate, a vault or a file is told then.

    Args:
        settings: which credential (``settings.auth``), tenant, application and cloud.
        trusted: the certificate authorities to trust.
    """
    if settings.auth is Auth.MANAGED_IDENTITY:
        return managed(settings, trusted)
    transport = open_transport(trusted)
    federated = settings.auth is Auth.WORKLOAD_IDENTITY
    proof = (_federated if federated else _replaceable)(settings, trusted, transport)
    who, place = "the connector", describing.place(settings)
    return SignIn(
        settings.auth,
        describing.described(settings),
        proof,
        lambda error: entra_problem(error, who, settings.authority, place, proof.secrets()),
    )


def _federated(settings: Settings, trusted: ssl.SSLContext, transport: AioHttpTransport) -> Proof:
    """With a token of a file; where there is none, of the managed identity."""
    closing: list[Callable[[], Awaitable[None]]] = [transport.close]
    if settings.federated_token_file is not None:
        assertion = partial(token_of_file, settings.federated_token_file)
    else:
        identity = managed(settings, trusted)
        closing.append(identity.close)
        assertion = partial(token_of_identity, identity, settings.endpoints.federation_audience)
    client_id = settings.client_id or settings.identity_client_id
    options = entra_options(settings, transport)
    return Platform(lambda: Federated(settings.tenant_id, client_id, assertion, options), closing)


def _replaceable(settings: Settings, trusted: ssl.SSLContext, transport: AioHttpTransport) -> Proof:
    from azure.identity.aio import CertificateCredential, ClientSecretCredential

    options = entra_options(settings, transport)
    source = open_source(settings, trusted)
    who = (settings.tenant_id, settings.client_id)

    def with_secret(value: Value) -> Made:
        return Made(ClientSecretCredential(*who, value.data.decode(), **options), value.expires_at)

    def with_certificate(value: Value) -> Made:
        read = read_certificate(value.data, settings.certificate_password, source.described)
        return Made(CertificateCredential(*who, certificate_data=read.pem, **options), read.expires_at)

    make = with_certificate if settings.auth is Auth.CERTIFICATE else with_secret
    return Replaceable(source, make, transport.close)
