"""HTTP answers in JSON. An error is ``{"error": {"message": …, "advice": …}}`` or, for settings, ``{"problems": [...]}``.

The operations API, which others write programs for, answers with what its description says: typed answers and problem documents.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import azure.functions as func

from connector.logs import log_event

if TYPE_CHECKING:
    import msgspec

    from connector.provisioning.asking.problems import ProblemDocument
    from connector.sync.service import StorageError


def answer(status: int, body: dict[str, Any], *, location: str | None = None) -> func.HttpResponse:
    """An answer with a JSON body, and where to look next."""
    headers = {"Cache-Control": "no-store"} | ({"Location": location} if location else {})
    return func.HttpResponse(
        json.dumps(body, default=str, ensure_ascii=False),
        status_code=status,
        mimetype="application/json",
        headers=headers,
    )


def refuse(status: int, message: str, advice: str = "") -> func.HttpResponse:
    """An answer that says what went wrong and what to do."""
    return answer(status, {"error": {"message": message, "advice": advice}})


def refuse_settings(problems: list[str]) -> func.HttpResponse:
    """An answer that says everything that is wrong with the settings."""
    return answer(500, {"error": {"message": "The settings are not right.", "problems": problems}})


def refuse_storage(log: logging.Logger, event: str, error: StorageError) -> func.HttpResponse:
    """An answer that says what storage did not do and what to do, once ``log`` says so, too."""
    log_event(log, event, level=logging.ERROR, message=error.sentence, advice=error.advice)
    return refuse(503, error.sentence, error.advice)


def answer_typed(status: int, body: msgspec.Struct, *, location: str | None = None) -> func.HttpResponse:
    """An answer with a body that a type describes, and where to look next."""
    return _encoded(status, body, "application/json", {"Location": location} if location else {})


def answer_problem(problem: ProblemDocument, headers: Mapping[str, str]) -> func.HttpResponse:
    """An answer that says why not, as RFC 9457 has it."""
    from connector.provisioning.asking.problems import MEDIA_TYPE

    return _encoded(problem.status, problem, MEDIA_TYPE, headers)


def _encoded(status: int, body: msgspec.Struct, kind: str, headers: Mapping[str, str]) -> func.HttpResponse:
    import msgspec

    return func.HttpResponse(
        msgspec.json.encode(body),
        status_code=status,
        mimetype=kind,
        headers={"Cache-Control": "no-store", **headers},
    )
