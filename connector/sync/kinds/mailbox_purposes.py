"""What each mailbox is for: one request an account, twenty to a batch, because Graph has no list of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import ClassVar

from connector.access.accounts import MailboxPurposeRow, MailboxSettings
from connector.graph.errors import GraphError, RequestRefused, is_unreadable
from connector.graph.session import GraphSession
from connector.graph.sweep import Answer, sweep
from connector.settings import Settings
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.reader import Incomplete, Page, Work


class MailboxPurposes(BaseReader):
    """Asks for ``mailboxSettings`` of each account. Many answers only say that there is no mailbox."""

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
            RequestRefused: nothing may be read from the beginning, so the permission is missing, not some mailboxes.
        """
        ids = [row["id"] for row in work.inputs]
        begun = work.position is not None
        async for part in sweep(
            work.session, ids, lambda id_: _target(work.session, id_), MailboxSettings, work.position
        ):
            incomplete = _unread(part.answers, begun=begun)
            begun = True
            rows = [
                MailboxPurposeRow(id=answer.key, mailbox_purpose=answer.content.user_purpose)
                for answer in part.answers
                if not isinstance(answer.content, GraphError) and answer.content.user_purpose
            ]
            notes = {"without_mailbox": len(part.answers) - len(rows) - len(incomplete)}
            yield Page({"mailbox_purposes": rows}, part.position, notes, incomplete)


def _unread(answers: list[Answer[MailboxSettings]], *, begun: bool) -> list[Incomplete]:
    """Where something else than the lack of a mailbox stands in the way.

    Raises:
        GraphError: the permission is missing, or it is no matter of single mailboxes.
    """
    refused = [(answer.key, answer.content) for answer in answers if isinstance(answer.content, GraphError)]
    in_the_way = [(id_, error) for id_, error in refused if not _says_no_mailbox(error)]
    forbidden = [error for _, error in in_the_way if isinstance(error, RequestRefused) and error.forbidden]
    if forbidden and not begun and len(refused) == len(answers):
        raise forbidden[0]
    for _, error in in_the_way:
        if not is_unreadable(error):
            raise error
    return [Incomplete("mailbox_purposes", "id", id_, str(error)) for id_, error in in_the_way]


def _says_no_mailbox(error: GraphError) -> bool:
    """Exchange answers 404, or a code such as ``MailboxNotEnabledForRESTAPI``, for accounts that have none.

    A bare 403 says no such thing: an application access policy hides the mailbox, and what is hidden is not absent.
    """
    return isinstance(error, RequestRefused) and (error.not_found or error.code.lower().startswith("mailboxnot"))


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
