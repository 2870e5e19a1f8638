"""Reads the data files of this package."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

_FOLDER = Path(__file__).parent
_Kind = TypeVar("_Kind")


def read(name: str, kind: type[_Kind]) -> _Kind:
    """What the data file ``name`` holds.

    Raises:
        msgspec.ValidationError: it does not hold a ``kind``.
    """
    return msgspec.json.decode((_FOLDER / name).read_bytes(), type=kind)
