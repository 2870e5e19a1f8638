"""Verbs on what applications sign in with, and on what they may do: secrets, certificates, federation, permissions."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from cryptography.x509 import load_pem_x509_certificate

from emulators.graph.tenant.application_verbs import ApplicationVerbs
from emulators.graph.tenant.errors import NotAllowed, NotFound, Reason
from emulators.graph.tenant.state import to_json

TOKEN_EXCHANGE = "api://AzureADTokenExchange"  # noqa: S105 (a well-known audience)
"""The audience that tokens of other identity providers usually have."""


class CredentialVerbs(ApplicationVerbs):
    """Credentials and permissions of applications. ``app_id`` is the application (client) id, the connector's where None."""

    def add_client_secret(
        self,
        secret: str,
        *,
        app_id: str | None = None,
        starts_at: str | None = None,
        ends_at: str | None = None,
        name: str = "",
    ) -> str:
        """Add a client secret, besides those that there are; returns the id of the credential.

        Args:
            secret: its value.
            app_id: the application.
            starts_at: from when it is valid, ISO 8601; always where None.
            ends_at: until when; for ever where None.
            name: what people call it.

        Raises:
            NotAllowed: the secret is empty, or a time cannot be read.
        """
        if not secret:
            raise NotAllowed(Reason.INVALID_VALUE, "A client secret cannot be empty.")
        return self._add_credential("secret", secret, app_id, starts_at, ends_at, name=name)

    def add_certificate(
        self,
        certificate: str,
        *,
        app_id: str | None = None,
        starts_at: str | None = None,
        ends_at: str | None = None,
        name: str = "",
    ) -> str:
        """Register a certificate, PEM, without its key; returns the id of the credential. Its own times count as well.

        Raises:
            NotAllowed: it is no certificate, or a time cannot be read.
        """
        try:
            found = load_pem_x509_certificate(certificate.encode())
        except ValueError:
            raise NotAllowed(Reason.INVALID_VALUE, "The certificate is not PEM.") from None
        starts = starts_at or found.not_valid_before_utc.isoformat()
        return self._add_credential(
            "certificate", certificate, app_id, starts, ends_at or found.not_valid_after_utc.isoformat(), name=name
        )

    def add_federated_credential(
        self,
        issuer: str,
        subject: str,
        *,
        audience: str = TOKEN_EXCHANGE,
        app_id: str | None = None,
        name: str = "",
        description: str | None = None,
    ) -> str:
        """Trust another identity provider's tokens for one subject; returns the id of the credential.

        The provider's keys are given with :meth:`set_issuer_keys`.
        """
        trusted = {"issuer": issuer, "subject": subject, "audience": audience}
        content = to_json(trusted if description is None else {**trusted, "description": description})
        return self._add_credential("federated", content, app_id, None, None, name=name)

    def remove_credential(self, credential_id: str) -> None:
        """Remove a secret, certificate or federated credential.

        Raises:
            NotFound: there is none with this id.
        """
        with self.transaction() as db:
            if not db.execute("DELETE FROM credentials WHERE id = ?", (credential_id,)).rowcount:
                raise NotFound(credential_id, "credential")

    def set_issuer_keys(self, issuer: str, key_set: Mapping[str, Any]) -> None:
        """Set the public keys of an identity provider: the JSON Web Key Set that it would serve."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO issuer_keys VALUES (?, ?)", (issuer, to_json(dict(key_set))))

    def set_permissions(self, values: Sequence[str], *, app_id: str | None = None) -> None:
        """Let an application have exactly these application permissions of Microsoft Graph, by name.

        Tokens issued before keep what they were issued with.

        Raises:
            NotFound: no such application in the tenant, or Microsoft Graph has no such permission.
        """
        with self.transaction() as db:
            client = self._service_principal(app_id or self.client_id)
            graph = self._service_principal("00000003-0000-0000-c000-000000000000")
            held = "SELECT a.id FROM app_role_assignments a WHERE a.principal = ? AND a.resource = ?"
            for (assignment,) in db.execute(held, (client[0], graph[0])).fetchall():
                self.remove_app_role_assignment(assignment)
            self.grant_permissions(client[1], list(dict.fromkeys(values)))

    def _service_principal(self, app_id: str) -> tuple[int, str]:
        row = self.db.execute(
            "SELECT key, id FROM objects WHERE type = 'servicePrincipal' AND deleted IS NULL"
            " AND json_extract(body, '$.appId') = ?",
            (app_id.lower(),),
        ).fetchone()
        if row is None:
            raise NotFound(app_id, "service principal of the application")
        return int(row[0]), str(row[1])

    def _add_credential(
        self, kind: str, content: str, app_id: str | None, starts_at: str | None, ends_at: str | None, *, name: str
    ) -> str:
        with self.transaction() as db:
            owner = (app_id or self.client_id).lower()
            (count,) = db.execute("SELECT count(*) FROM credentials").fetchone()
            # Not of the ids that other verbs draw from, so that credentials change no other id.
            made = str(uuid.uuid5(uuid.UUID(self.id), f"credential {count} {kind} {owner} {content}"))
            db.execute(
                "INSERT INTO credentials VALUES (?, ?, ?, ?, ?, ?, ?)",
                (made, owner, kind, content, _seconds(starts_at), _seconds(ends_at), name),
            )
            return made


def _seconds(moment: str | None) -> float | None:
    if moment is None:
        return None
    try:
        read = datetime.fromisoformat(moment)
    except ValueError:
        raise NotAllowed(Reason.INVALID_VALUE, f"{moment!r} is no ISO 8601 time.") from None
    return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
