"""What each mailbox is for: one request an account, twenty to a batch, because Graph has no list of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from connector.access.accounts import MailboxPurposeRow, MailboxSettings
from connector.graph.errors import GraphError, RequestRefused
from connector.graph.session import GraphSession
from connector.graph.sweep import Answer, sweep
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Page, Work


class MailboxPurposes(BaseReader):
    """Asks for ``mailboxSettings`` of each account. Most refusals only say that there is no mailbox."""

    name: ClassVar[str] = "mailbox_purposes"
    tables: ClassVar[tuple[str, ...]] = ("mailbox_purposes",)
    parent: ClassVar[str | None] = "accounts"
    parent_table: ClassVar[str | None] = "accounts"
    optional: ClassVar[bool] = True

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Where the setting asks for it."""
        return settings.mailbox_purpose

    async def read(self, work: Work) -> AsyncIterator[Page]:
        """Read the purpose of each account's mailbox.

        Raises:
            RequestRefused: nothing of a whole round may be read, so the permission is missing, not some mailboxes.
        """
        ids = [row["id"] for row in work.inputs]
        async for part in sweep(
            work.session, ids, lambda id_: _target(work.session, id_), MailboxSettings, work.position
        ):
            _check(part.answers)
            rows = [
                MailboxPurposeRow(id=answer.key, mailbox_purpose=answer.content.user_purpose)
                for answer in part.answers
                if not isinstance(answer.content, GraphError) and answer.content.user_purpose
            ]
            without = len(part.answers) - len(rows)
            yield Page({"mailbox_purposes": rows}, part.position, {"without_mailbox": without})


def _check(answers: list[Answer[MailboxSettings]]) -> None:
    refused = [answer.content for answer in answers if isinstance(answer.content, GraphError)]
    for error in refused:
        if not isinstance(error, RequestRefused):
            raise error
    forbidden = [error for error in refused if isinstance(error, RequestRefused) and error.forbidden]
    if forbidden and len(refused) == len(answers):
        raise forbidden[0]


def _target(session: GraphSession, user_id: str) -> str:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.users.item.mailbox_settings.mailbox_settings_request_builder import (
        MailboxSettingsRequestBuilder,
    )

    query = MailboxSettingsRequestBuilder.MailboxSettingsRequestBuilderGetQueryParameters(select=["userPurpose"])
    settings = session.client.users.by_user_id(user_id).mailbox_settings
    return session.target(
        session.url(settings.to_get_request_information(RequestConfiguration(query_parameters=query)))
    )
