"""The rules of ``signInActivity``: a permission, a license and a page size of its own; users by object id only."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from emulators.graph.service.context import Context
from emulators.graph.service.errors import GraphError, access_denied, bad_request, non_premium_tenant
from emulators.graph.service.messages import Caller
from emulators.graph.service.odata.query import Query
from emulators.graph.service.odata.walk import names_of
from emulators.graph.service.permissions import SIGN_IN_ACTIVITY
from emulators.graph.service.resources.collection import Collection

_PROPERTY = "signInActivity"
_REPORTING_CONTEXT = "http://reportingservice.activedirectory.windowsazure.com/auditLogs/$metadata#Edm.String"


class _TooMany(GraphError):
    """The refusal of early 2023, which had a body of its own."""

    def body(self, at: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
        """Not Graph's envelope but that of the reporting service behind it."""
        del at, request_id, client_request_id
        return {"@odata.context": _REPORTING_CONTEXT, "value": self.message}


def check_sign_ins(context: Context, caller: Caller, collection: Collection, query: Query) -> bool:
    """Whether sign-in activity is selected or filtered by, which is checked then.

    Raises:
        GraphError: 403 without the permission or the license.
    """
    if collection.type is None or collection.type.name != "user":
        return False
    filtered = any(name.startswith(f"{_PROPERTY}/") for name in names_of(query.filter))
    if _PROPERTY not in query.select and not filtered:
        return False
    if SIGN_IN_ACTIVITY not in caller.roles:
        raise access_denied()
    if not context.has_premium("p1", "p2"):
        raise non_premium_tenant()
    return True


def page_limit(context: Context, query: Query) -> int:
    """The most users on a page with sign-in activity.

    Raises:
        GraphError: 400 for a larger ``$top``, where the variant says so; otherwise it is lowered.
    """
    largest = context.variants.sign_in_page_size
    if query.top is not None and query.top > largest and context.variants.sign_in_top_is_error:
        raise _TooMany(400, "BadRequest", f"Cannot query data for more than {largest} users at a time.")
    return largest


def check_key(identifier: str) -> None:
    """Users are found by their object id only when sign-in activity is wanted.

    Raises:
        GraphError: 400 for a user principal name.
    """
    try:
        uuid.UUID(identifier)
    except ValueError:
        raise bad_request("Get By Key only supports UserId and the key has to be a valid Guid", "BadRequest") from None
