"""Why a request to the operations API is not done: each exception that is expected, as a problem document."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.answers import answer_problem
from connector.logs import log_event
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.provisioning.asking.problems import ProblemDocument, ProblemType
    from connector.provisioning.service import ProvisioningError

_RETRY_AFTER_S = "10"  # storage that fails for a moment is back by then


class Told(Exception):
    """A request is not done, and this is what is said of it."""

    def __init__(self, problem: ProblemDocument) -> None:
        self.problem = problem
        super().__init__(problem.detail)


def explain(error: Exception, logger: logging.Logger) -> func.HttpResponse | None:
    """What the caller is told of ``error``; None where it is none that is expected."""
    problem = error.problem if isinstance(error, Told) else _problem(error)
    if problem is None:
        return None
    level = logging.ERROR if problem.status >= 500 else logging.INFO
    kind = problem.type.rpartition(":")[2]
    # Who operates this is told what callers are not; what is wrong with settings has been logged where they were read.
    why = {"why": str(error)} if problem.status >= 500 and not isinstance(error, SettingsError) else {}
    log_event(logger, "operations_request_refused", level=level, status=problem.status, problem=kind, **why)
    return answer_problem(problem, _headers(error))


def _problem(error: Exception) -> ProblemDocument | None:
    from connector.provisioning.asking.callers import NotAuthenticated, NotAuthorized
    from connector.provisioning.asking.problems import ProblemType, document, malformed
    from connector.provisioning.asking.querying import MalformedQuery
    from connector.provisioning.service import ProvisioningError, StorageError

    if isinstance(error, MalformedQuery):
        return malformed(ProblemType.MALFORMED_REQUEST, error.errors)
    if isinstance(error, ProvisioningError):
        return document(_kind(error), error.sentence, error.remedy)
    said = {  # what settings and storage say of themselves is for the log: whoever asks need not be who operates this
        NotAuthenticated: (ProblemType.NOT_AUTHENTICATED, str(error), "Sign in, and send the access token."),
        NotAuthorized: (ProblemType.NOT_AUTHORIZED, str(error), "Have the app role assigned to the caller."),
        SettingsError: (ProblemType.SETTINGS_WRONG, "The log says which settings are wrong.", ""),
        StorageError: (
            ProblemType.STORAGE_UNAVAILABLE,
            "Storage could not be read or written; the log says why.",
            "Ask again; with the same Idempotency-Key nothing is done twice.",
        ),
    }
    return next((document(*told) for kind, told in said.items() if isinstance(error, kind)), None)


def _kind(error: ProvisioningError) -> ProblemType:
    from connector.provisioning import service
    from connector.provisioning.asking.problems import ProblemType

    if isinstance(error, service.TooManyOperations):
        return ProblemType.MORE_THAN_AN_HOUR_HAS if error.retry_after is None else ProblemType.HOUR_USED_UP
    return {
        service.ProvisioningDisabled: ProblemType.PROVISIONING_DISABLED,
        service.KeyReused: ProblemType.KEY_REUSED,
        service.NotAskedBefore: ProblemType.MALFORMED_REQUEST,
        service.NoSuchOperation: ProblemType.NO_SUCH_OPERATION,
        service.TooLate: ProblemType.TOO_LATE,
        service.EndIsKept: ProblemType.END_IS_KEPT,
        service.NotRevivable: ProblemType.NOT_REVIVABLE,
    }[type(error)]


def _headers(error: Exception) -> dict[str, str]:
    """What goes with the problem: when to ask again, or how to say who asks."""
    from connector.provisioning.asking.callers import NotAuthenticated
    from connector.provisioning.service import StorageError, TooManyOperations

    if isinstance(error, TooManyOperations) and error.retry_after is not None:
        return {"Retry-After": str(max(1, math.ceil(error.retry_after)))}
    if isinstance(error, StorageError):
        return {"Retry-After": _RETRY_AFTER_S}
    return {"WWW-Authenticate": "Bearer"} if isinstance(error, NotAuthenticated) else {}
