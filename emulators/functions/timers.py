"""Timer triggers: fire by schedule, in UTC. Nothing is remembered between starts, so nothing is ever past due."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime

from emulators.functions.bindings import Function, TimerTrigger
from emulators.functions.invoker import Invoker
from emulators.functions.protos import TypedData

_LONGEST_SLEEP = 60.0
"""Seconds. Sleeping in pieces keeps to the clock when it is set, or when the machine has slept."""


class TimerListener:
    """Fires one function. Its scheduled runs never overlap; a run that takes long skips what falls into it."""

    def __init__(self, function: Function, trigger: TimerTrigger, invoker: Invoker) -> None:
        self._function = function
        self._trigger = trigger
        self._invoker = invoker
        self._last: datetime | None = None
        self._log = logging.getLogger("Host.Timers")

    @property
    def function_name(self) -> str:
        """The name of the function that it fires."""
        return self._function.name

    async def run(self) -> None:
        """Fire until cancelled."""
        if self._trigger.run_on_startup:
            await self.fire("Timer fired at startup")
        while (due := self._trigger.schedule.next_after(datetime.now(UTC))) is not None:
            self._log.debug("The next occurrence of %s is %s", self._function.name, due.isoformat())
            await _sleep_until(due)
            await self.fire(f"Timer fired at {due.isoformat()}")
        self._log.warning("The schedule of %s has no occurrence: it never fires", self._function.name)

    async def fire(self, reason: str) -> None:
        """Run the function now."""
        now = datetime.now(UTC)
        following = self._trigger.schedule.next_after(now)
        info = {
            "Schedule": {"AdjustForDST": True},
            "ScheduleStatus": {
                "Last": _text(self._last),
                "Next": _text(following),
                "LastUpdated": _text(self._last),
            },
            "IsPastDue": False,
        }
        self._last = now
        await self._invoker.invoke(self._function, TypedData(json=json.dumps(info)), {}, reason=reason)


async def _sleep_until(due: datetime) -> None:
    while (left := (due - datetime.now(UTC)).total_seconds()) > 0:  # noqa: ASYNC110 - there is no event in time itself
        await asyncio.sleep(min(left, _LONGEST_SLEEP))


def _text(moment: datetime | None) -> str:
    """.NET's form; its least value stands for never."""
    return "0001-01-01T00:00:00" if moment is None else moment.isoformat()
