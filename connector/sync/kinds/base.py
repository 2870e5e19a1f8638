"""The declaration of a reader that has nothing special about it; readers state only what differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from connector.settings import Settings


class BaseReader:
    """Defaults of :class:`~connector.sync.kinds.reader.Reader`: no parent, nothing to wait for, required, always wanted."""

    name: ClassVar[str]
    tables: ClassVar[tuple[str, ...]]
    parent: ClassVar[str | None] = None
    parent_table: ClassVar[str | None] = None
    after: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[bool] = False

    def wanted(self, settings: Settings, notes: Mapping[str, Mapping[str, int]]) -> bool:  # noqa: ARG002
        """Always."""
        return True
