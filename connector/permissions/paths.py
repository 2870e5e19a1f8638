"""Which permission a path of Microsoft Graph needs, so that a 403 can be answered with a sentence that helps."""

from __future__ import annotations

import re

import msgspec

from connector.permissions.features import Feature
from connector.permissions.reading import read
from connector.permissions.table import use_of


class _Path(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    path: str
    use: str


def _least(use: str) -> str:
    feature, _, what = use.partition("/")
    return use_of(Feature(feature), what)[0].name


# The first pattern that matches counts: special cases stand before what they are special cases of.
_PATHS = tuple((re.compile(one.path, re.IGNORECASE), _least(one.use)) for one in read("paths.json", tuple[_Path, ...]))


def permission_for(target: str) -> str | None:
    """The least privileged application permission that ``target`` (path without the version, and query) needs, if it is known."""
    return next((name for pattern, name in _PATHS if pattern.search(target)), None)
