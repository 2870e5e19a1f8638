"""The state in force, opened for a command, with a word on stderr about what it lacks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from connector.access.tables import TABLES, Table
from connector.cli.invocation import Invocation
from connector.cli.moments import moment

if TYPE_CHECKING:
    from connector.query.opening import Opened


def open_picture(invocation: Invocation, tables: Sequence[Table] = TABLES, at: str | None = None) -> Opened:
    """The state in force, or as of the moment ``at``, as ``--at`` takes it.

    Raises:
        typer.BadParameter: ``at`` is no moment of the past.
        SettingsError, NothingSynced, SnapshotDamaged, StorageError: told by the group that runs the command.
    """
    asked = moment(at, datetime.now(UTC), "--at") if at is not None else None
    settings = invocation.settings(signs_in=False)
    from connector.query.opening import open_current

    opened = asyncio.run(open_current(settings, tables, at=asked))
    if asked is not None:
        invocation.output.tell(
            f"As of {asked:%Y-%m-%d %H:%M:%S} UTC: the state of {opened.state.as_of:%Y-%m-%d %H:%M:%S} UTC, "
            f"sequence {opened.state.sequence:,}"
        )
    for kind, reason in opened.manifest.incomplete.items():
        invocation.output.tell(f"Incomplete: {kind}. {reason}")
    derived = opened.manifest.settings.get("INHERITED_GRANTS", "all")
    if derived != "all":
        invocation.output.tell(
            f"This snapshot was made with INHERITED_GRANTS={derived}: not all that groups pass on is in it."
        )
    return opened
