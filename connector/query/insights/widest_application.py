"""The application that most principals are assigned to."""

from __future__ import annotations

import msgspec

from connector.query.applications import Application, applications
from connector.query.snapshot import Snapshot


class WidestApplication(msgspec.Struct, frozen=True, kw_only=True):
    """``application`` is None where nothing is assigned to any."""

    application: Application | None

    @property
    def sentence(self) -> str:
        """The answer for people, in one line."""
        if self.application is None:
            return "Nobody is assigned to any application."
        name = self.application.name or self.application.id
        return (
            f"{name} reaches furthest: {self.application.effective:,} accounts and service principals, "
            f"by {self.application.assigned:,} direct assignments."
        )


def widest_application(snapshot: Snapshot) -> WidestApplication:
    """The application with the most effective principals; of several, the first by name."""
    assigned = applications(snapshot, assigned=True)
    return WidestApplication(application=max(assigned, key=lambda one: one.effective, default=None))
