"""What can go wrong between us and Microsoft Graph, one class for each situation that calls for a different answer."""

from __future__ import annotations

import re

from connector.graph.envelope import ErrorBody
from connector.permissions import permission_for


class GraphError(Exception):
    """Base of everything here.

    Attributes:
        advice: a sentence that says what to do about it.
    """

    def __init__(self, message: str, *, advice: str) -> None:
        super().__init__(message)
        self.advice = advice


class GraphUnreachable(GraphError):
    """No answer: no network, no such host, a certificate that is not trusted, or a server that keeps failing.

    Attributes:
        sent: whether the request may have arrived all the same.
    """

    def __init__(self, host: str, reason: str, *, sent: bool = True) -> None:
        super().__init__(
            f"{host} cannot be reached: {reason}",
            advice="Check GRAPH_ENDPOINT and ENTRA_AUTHORITY, DNS, firewall and proxy; where TLS is inspected or the "
            "cloud is emulated, name its certificate authority in TLS_CA_FILE.",
        )
        self.host = host
        self.sent = sent


class SignInUnavailable(GraphUnreachable):
    """There is no token for the moment: Microsoft Entra ID, or where the secret or certificate comes from, gives no answer."""

    def __init__(self, sentence: str, advice: str) -> None:
        GraphError.__init__(self, sentence, advice=advice)
        self.host = ""
        self.sent = False


class UnexpectedAnswer(GraphError):
    """Graph answered with something that its own contract rules out, so going on would risk a wrong picture."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            advice="Run the sync again; if it persists, a proxy or gateway may be changing what Graph answers.",
        )


class Throttled(GraphError):
    """Graph, throttling or failing for a moment, is to be asked again later than this step may wait.

    Attributes:
        retry_after: seconds to wait before asking again.
    """

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            f"Microsoft Graph is to be asked again in {retry_after:.0f} s",
            advice="Nothing: the sync goes on by itself after the wait that Graph asks for.",
        )
        self.retry_after = retry_after


class RequestRefused(GraphError):
    """Graph answered a request with an error.

    Attributes:
        status: HTTP status.
        code: Graph's error code, empty where it gave none.
        message: Graph's message, for people.
        request_id: what Microsoft's support asks for, empty where Graph gave none.
        path: what was asked, without host and query.
        permission: for 403, the application permission that the path needs, where it is known.
    """

    def __init__(self, status: int, body: ErrorBody, target: str) -> None:
        """``target`` is what was asked: the path without the version, and the query."""
        path = target.partition("?")[0]
        self.status = status
        self.code = body.code
        self.message = body.message
        self.request_id = body.request_id
        self.path = path
        self.permission = permission_for(target) if status == 403 else None
        words = " ".join(word for word in (str(status), body.code) if word)
        said = f": {body.message}" if body.message else ""
        traced = f" (request-id {body.request_id})" if body.request_id else ""
        super().__init__(f"Microsoft Graph refused {path} with {words}{said}{traced}", advice=self._advice())

    @property
    def not_found(self) -> bool:
        """Whether what was asked for does not exist (any more)."""
        return self.status == 404

    @property
    def forbidden(self) -> bool:
        """Whether the application lacks a permission."""
        return self.status == 403

    def _advice(self) -> str:
        if self.status == 401:
            return "Check ENTRA_TENANT_ID, ENTRA_CLIENT_ID and GRAPH_ENDPOINT: Graph does not accept the token."
        if self.permission:
            return (
                f"Add the application permission {self.permission} to the app registration and grant admin consent; "
                "it can take a few minutes to take effect."
            )
        if self.status == 403:
            return "Grant the application the permission that Microsoft documents for this request."
        return "Look the code up in Microsoft's documentation, or give support the request-id."


class PremiumLicenseRequired(RequestRefused):
    """The tenant lacks the Microsoft Entra ID license that the request needs. No permission helps."""

    def _advice(self) -> str:
        return "The tenant needs Microsoft Entra ID P1 for sign-in activity and P2 for Privileged Identity Management."


class SyncStateLost(RequestRefused):
    """A page or delta token has expired, or Graph has reset its change tracking: that list must be read anew.

    Attributes:
        location: where Graph says to start again, if it does.
    """

    def __init__(self, status: int, body: ErrorBody, target: str, location: str | None = None) -> None:
        super().__init__(status, body, target)
        self.location = location

    def _advice(self) -> str:
        return "Nothing: what had been read so far is discarded and read anew."


# https://learn.microsoft.com/entra/identity-platform/reference-error-codes#directory-authentication-errors and live captures
_PREMIUM_CODES = frozenset({"authentication_requestfromnonpremiumtenantorb2ctenant", "aadpremiumlicenserequired"})
# The same with a code that says nothing, `BadRequest`, as clients of Privileged Identity Management have met it.
_PREMIUM_MESSAGE = re.compile(r"entra id p2|entra id governance|(?:aad|azure ad) premium (?:2|p2)", re.IGNORECASE)
_LOST_CODES = frozenset(
    {"syncstatenotfound", "syncstateinvalid", "resyncrequired", "directory_expiredpagetoken", "invalidsynctoken"}
)


def refusal(status: int, body: ErrorBody, target: str, location: str | None = None) -> RequestRefused:
    """The error for an answer of ``status`` to ``target`` (path and query); codes are compared without regard to case."""
    code = body.code.lower()
    if code in _PREMIUM_CODES or (code == "badrequest" and _PREMIUM_MESSAGE.search(body.message)):
        return PremiumLicenseRequired(status, body, target)
    if status == 410 or (status == 400 and code in _LOST_CODES):
        return SyncStateLost(status, body, target, location)
    return RequestRefused(status, body, target)


def is_unreadable(error: Exception) -> bool:
    """Whether ``error`` says that this one thing cannot be read, as opposed to anything at all, or not now.

    So it is for a refusal, for failing again and again, and for an answer that cannot be understood. It is not for sign-in,
    for a token that Graph does not accept, and for a Graph that cannot be reached or is to be asked later.
    """
    if isinstance(error, RequestRefused):
        return error.status != 401
    return isinstance(error, UnexpectedAnswer)


class SignInFailed(GraphError):
    """Microsoft Entra ID issued no token.

    Attributes:
        code: the number after AADSTS, None where there was none.
        message: Microsoft's own sentence, or ours where it was not even asked.
    """

    def __init__(self, code: int | None, message: str, advice: str) -> None:
        self.code = code
        self.message = message
        named = f"AADSTS{code}: " if code else ""
        super().__init__(f"Sign-in to Microsoft Entra ID failed. {named}{message}", advice=advice)
