"""What the connector signs in with, as far as may be known."""

from __future__ import annotations

from datetime import datetime

from connector.storage.records.base import Record


class CredentialFacts(Record, frozen=True, kw_only=True):
    """``credential.json``: with what the connector last signed in to Graph, for people and dashboards. Decides nothing.

    Attributes:
        auth: ``client_secret``, ``certificate``, ``workload_identity`` or ``managed_identity``.
        described: the same for people, with where it came from.
        expires_at: when the secret or certificate ends; None where it does not end or nobody knows.
        noted_at: when it was first signed in with.
    """

    auth: str
    described: str
    expires_at: datetime | None
    noted_at: datetime
