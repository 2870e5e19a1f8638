"""Graph's error answers: codes, statuses and messages as documented or, where no document has them, as captured."""

from __future__ import annotations

from datetime import datetime
from typing import Any


class GraphError(Exception):
    """An answer of status 400 and above.

    Attributes:
        status: HTTP status.
        code: what clients may decide on.
        message: for people; Microsoft may change it at any time.
        headers: what the answer carries besides the usual headers.
        inner: further members of ``innerError``.
        details: further errors, each with ``code``, ``message`` and perhaps ``target``.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: dict[str, str] | None = None,
        inner: dict[str, str] | None = None,
        details: list[dict[str, str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.headers = headers or {}
        self.inner = inner or {}
        self.details = details or []

    def body(self, at: datetime, request_id: str, client_request_id: str) -> dict[str, Any]:
        """The error envelope. Graph writes its date without a zone."""
        inner = {
            "date": at.strftime("%Y-%m-%dT%H:%M:%S"),
            "request-id": request_id,
            "client-request-id": client_request_id,
        }
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.details:
            error["details"] = self.details
        return {"error": error | {"innerError": inner | self.inner}}


def bad_request(message: str, code: str = "Request_BadRequest") -> GraphError:
    """400 for what the directory cannot make sense of."""
    return GraphError(400, code, message)


def unsupported_query(message: str = "Unsupported Query.") -> GraphError:
    """400 for a query that is well-formed and not offered."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def unknown_segment(segment: str) -> GraphError:
    """400 for a path that is no resource of Graph."""
    return GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")


def not_found(object_id: str) -> GraphError:
    """404 for an object that is not there, or no longer."""
    return GraphError(
        404,
        "Request_ResourceNotFound",
        f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present.",
    )


def method_not_allowed() -> GraphError:
    """405 for a method that the resource does not have."""
    return GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def access_denied() -> GraphError:
    """403 for a missing permission."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def invalid_token(message: str) -> GraphError:
    """401 for a missing, malformed, foreign or expired access token."""
    return GraphError(401, "InvalidAuthenticationToken", message)


def not_implemented() -> GraphError:
    """501, for properties that only single reads have."""
    return GraphError(501, "NotImplemented", "This operation target is not yet supported.")


def unknown_property(name: str, type_name: str) -> GraphError:
    """400 for a property that the type does not have."""
    return GraphError(
        400,
        "BadRequest",
        "Parsing OData Select and Expand failed: "
        f"Could not find a property named '{name}' on type 'microsoft.graph.{type_name}'.",
    )


def sync_state_not_found() -> GraphError:
    """400 for a delta token that is too old or was never one; the client has to start again."""
    return GraphError(
        400,
        "syncStateNotFound",
        "The sync state generation is not found. The delta token is expired and data must be synchronized again.",
    )


def expired_page_token() -> GraphError:
    """400 for a next link that does not belong to its query."""
    return GraphError(400, "Directory_ExpiredPageToken", "The specified page token value has expired or is invalid.")


def premium_license_required() -> GraphError:
    """400 (not 403) of Privileged Identity Management where the tenant has no license for it."""
    return GraphError(
        400,
        "AadPremiumLicenseRequired",
        "The tenant needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.",
    )


def non_premium_tenant() -> GraphError:
    """403 for sign-in data where the tenant has neither P1 nor P2."""
    return GraphError(
        403,
        "Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        "Neither tenant is B2C or tenant doesn't have premium license",
    )
