"""Licenses: every subscription with its seats and service plans. Who has them comes with the accounts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, ClassVar

from connector.access.base import selected
from connector.access.licenses import SubscribedSku, license_row
from connector.graph.session import GraphSession
from connector.sync.kinds.base import BaseReader
from connector.sync.kinds.listing import listed
from connector.sync.kinds.reader import Page, Work

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation


class Licenses(BaseReader):
    """Lists ``/subscribedSkus``."""

    name: ClassVar[str] = "licenses"
    tables: ClassVar[tuple[str, ...]] = ("licenses",)

    def read(self, work: Work) -> AsyncIterator[Page]:
        """Read every subscription."""
        return listed(
            work,
            lambda: _request(work.session),
            SubscribedSku,
            lambda skus: {"licenses": [license_row(sku) for sku in skus]},
        )


def _request(session: GraphSession) -> RequestInformation:
    from kiota_abstractions.base_request_configuration import RequestConfiguration
    from msgraph.generated.subscribed_skus.subscribed_skus_request_builder import SubscribedSkusRequestBuilder

    query = SubscribedSkusRequestBuilder.SubscribedSkusRequestBuilderGetQueryParameters(select=selected(SubscribedSku))
    return session.client.subscribed_skus.to_get_request_information(RequestConfiguration(query_parameters=query))
