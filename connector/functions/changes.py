"""``GET /api/changes``: the journal in pages, for systems that keep a picture of their own. ``docs/feed.md`` explains it."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import azure.functions as func

from connector.functions.answers import answer, refuse, refuse_settings, refuse_storage
from connector.functions.settings import load_settings
from connector.logs import quiet_libraries
from connector.settings import SettingsError

if TYPE_CHECKING:
    from connector.query.changes import CannotFollow

_log = logging.getLogger(__name__)
_NUMBER = re.compile(r"[0-9]{1,15}")  # fewer digits than would overflow anything that reads JSON
_OURS, _PLATFORMS = {"after", "limit"}, {"code", "clientid"}  # the platform reads its own, for keys, in any case
_LONGEST_NAME = 40  # characters of a caller's that an answer repeats
_LIMIT = 1_000  # changes, where nobody says how many

blueprint = func.Blueprint()  # type: ignore[no-untyped-call]


@blueprint.function_name("changes")
@blueprint.route("changes", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def changes(req: func.HttpRequest) -> func.HttpResponse:
    """The changes after the sequence ``after``, at most ``limit``: ``{"changes": [...], "next": …, "head": …}``.

    410 with the newest snapshot for who has to begin with it: without ``after``, or too far behind. 400 for what is not
    understood, and for an ``after`` that the journal has not reached; 404 before the first sync.
    """
    import msgspec

    from connector.query import changes as service

    quiet_libraries()
    try:
        after, limit = _asked(req.params)
        page = await service.read_changes(load_settings(_log), after, limit)
    except _BadQuery as error:
        return refuse(400, str(error), "Ask for /api/changes?after=SEQUENCE&limit=N.")
    except SettingsError as error:
        return refuse_settings(error.problems)
    except service.NothingSynced as error:
        return refuse(404, str(error))
    except service.CannotFollow as error:
        return _begin_anew(
            400 if isinstance(error, service.AheadOfJournal) else 410, error, load_settings(_log).container
        )
    except service.StorageError as error:
        return refuse_storage(_log, "changes_failed", error)
    return answer(200, msgspec.to_builtins(page))


def _begin_anew(status: int, error: CannotFollow, container: str) -> func.HttpResponse:
    """An answer that names the snapshot to begin with."""
    snapshot = {
        "id": error.snapshot.snapshot_id,
        "container": container,
        "location": error.snapshot.location,
        "sequence": error.snapshot.sequence,
        "published_at": error.snapshot.published_at.isoformat(),
    }
    return answer(status, {"error": {"message": error.sentence, "advice": error.advice}, "snapshot": snapshot})


class _BadQuery(ValueError):
    """The query of a request is not what it should be."""


def _asked(params: Mapping[str, str]) -> tuple[int | None, int]:
    """After which sequence, if any, and how many at most."""
    unknown = sorted(name for name in params if name not in _OURS and name.lower() not in _PLATFORMS)
    if unknown:  # a misspelt `after`, or `After`, would otherwise make its caller begin anew each time
        raise _BadQuery(f"There is no parameter {unknown[0][:_LONGEST_NAME]!r}.")
    after = _number("after", params["after"], 0) if "after" in params else None
    return after, _number("limit", params["limit"], 1, _most()) if "limit" in params else _LIMIT


def _number(name: str, text: str, least: int, most: int | None = None) -> int:
    number = int(text) if _NUMBER.fullmatch(text) else -1
    if number < least or (most is not None and number > most):
        raise _BadQuery(f"{name} must be a whole number, {least} or more{f', at most {most}' if most else ''}.")
    return number


def _most() -> int:
    from connector.query.changes import MOST_CHANGES

    return MOST_CHANGES
