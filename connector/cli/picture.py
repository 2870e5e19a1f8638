"""The newest snapshot, opened for a command, with a word on stderr about what it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from connector.access.tables import TABLES, Table
from connector.cli.invocation import Invocation

if TYPE_CHECKING:
    from connector.query.opening import Opened


def open_picture(invocation: Invocation, tables: Sequence[Table] = TABLES) -> Opened:
    """The snapshot in force.

    Raises:
        SettingsError, NothingSynced, SnapshotDamaged, StorageError: told by the group that runs the command.
    """
    from connector.query.opening import open_current

    opened = asyncio.run(open_current(invocation.settings(), tables))
    for kind, reason in opened.manifest.incomplete.items():
        invocation.output.tell(f"Incomplete: {kind}. {reason}")
    derived = opened.manifest.settings.get("INHERITED_GRANTS", "all")
    if derived != "all":
        invocation.output.tell(
            f"This snapshot was made with INHERITED_GRANTS={derived}: not all that groups pass on is in it."
        )
    return opened
