"""What each mailbox is for: one request an account, twenty to a batch, because Graph has no list of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar, TypeGuard

from connector.access.accounts import MailboxPurposeRow, MailboxSettings
from connector.graph.errors import GraphError, RequestRefused, is_unreadable
from connector.graph.session import GraphSession
from connector.graph.sweep import Answer, sweep
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Incomplete, Page, Work

_FORBIDDEN = 403


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
            incomplete = _unread(part.answers)
            rows = [
                MailboxPurposeRow(id=answer.key, mailbox_purpose=answer.content.user_purpose)
                for answer in part.answers
                if not isinstance(answer.content, GraphError) and answer.content.user_purpose
            ]
            notes = {"without_mailbox": len(part.answers) - len(rows) - len(incomplete)}
            yield Page({"mailbox_purposes": rows}, part.position, notes, incomplete)


def _unread(answers: list[Answer[MailboxSettings]]) -> list[Incomplete]:
    """Where something else than the lack of a mailbox stands in the way.

    Raises:
        GraphError: the permission is missing, or it is no matter of single mailboxes.
    """
    refused = [(answer.key, answer.content) for answer in answers if isinstance(answer.content, GraphError)]
    saying_none = [error for _, error in refused if _says_no_mailbox(error)]
    forbidden = [error for error in saying_none if error.status == _FORBIDDEN]
    if forbidden and len(saying_none) == len(answers):
        raise forbidden[0]
    for _, error in refused:
        if not is_unreadable(error):
            raise error
    return [
        Incomplete("mailbox_purposes", "id", id_, str(error)) for id_, error in refused if not _says_no_mailbox(error)
    ]


def _says_no_mailbox(error: GraphError) -> TypeGuard[RequestRefused]:
    """Exchange answers 404 or 403, with one of several codes, for accounts that have none."""
    return isinstance(error, RequestRefused) and error.status in (_FORBIDDEN, 404)


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
