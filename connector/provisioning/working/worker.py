"""Working on a line, under its lease: go after go, until nothing is left that may go on now."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime

from msgspec.structs import replace

from connector.graph.errors import GraphError
from connector.logs import log_event
from connector.provisioning.asking.policy import read_policy
from connector.provisioning.contract import Principal, Tools
from connector.provisioning.entitlements import Entitlement
from connector.provisioning.working.choosing import choose, nameless
from connector.provisioning.working.context import Collaborators, Work
from connector.provisioning.working.desk import Desk, Overtaken
from connector.provisioning.working.effects import Effects, Journalled
from connector.provisioning.working.expiring import due_ends, revoke_what_ends
from connector.provisioning.working.going import Go, later_after
from connector.provisioning.working.limits import (
    ALONE_AFTER_DEATHS,
    BUDGET_S,
    BUSY_S,
    MOST_AT_ONCE,
    MOST_DEATHS,
)
from connector.provisioning.working.moments import Moment
from connector.provisioning.working.raising import raised_at
from connector.provisioning.working.settling import free_places, settle
from connector.settings import Settings
from connector.storage import Store
from connector.storage.errors import StorageError
from connector.storage.records import Operation, Problem, Status

_log = logging.getLogger(__name__)


class LineWorker:
    """Works on lines. One for a process.

    Args:
        journal: puts effects into the journal, together with those of other lines.
        worker: id of the process.
    """

    def __init__(self, others: Collaborators, journal: Callable[[Effects], Awaitable[Journalled]], worker: str) -> None:
        self._others = others
        self._journal = journal
        self._worker = worker

    async def work_on(self, store: Store, settings: Settings, line: str, *, patience: float = 0.0) -> datetime | None:
        """Work on a line as long as anything in it may go on now, and not much longer than :data:`BUDGET_S`.

        Args:
            patience: seconds to wait for whoever is at work on it.

        Returns:
            When somebody has to go on with it, where that is not known to the queue yet.

        Raises:
            LeaseHeld: somebody else is at work on it.
            LeaseLost, StorageError: as met; whoever goes on begins with looking.
        """
        async with store.lease(f"line-{line}", patience=patience) as lease:
            desk = await Desk.open(store.operations, line)
            if desk is None:
                return None
            entitlement = Entitlement.parse(desk.entitlement)
            work = Work(
                store=store,
                settings=settings,
                entitlement=entitlement,
                kind=self._others.kind_of(entitlement),
                lease=lease,
                others=self._others,
                journal=self._journal,
                worker=self._worker,
            )
            return await _Shift(work, desk).run()

    async def give_up(self, store: Store, line: str) -> int:
        """Put aside what has brought the process down again and again, so that the others of its line go on; how many operations.

        Where it cannot be told which it was, each goes alone from now on.

        Raises:
            LeaseHeld: somebody is at work on the line, so it is not given up.
            StorageError: as met.
        """
        async with store.lease(f"line-{line}", patience=BUSY_S):
            desk = await Desk.open(store.operations, line)
            if desk is None:
                return 0
            moment = Moment(self._others.now(), self._worker)
            suspects = [one for one in desk.ordered() if one.status is Status.RUNNING]
            guilty = [one for one in suspects if one.died >= ALONE_AFTER_DEATHS]
            desk.put(moment.dead_lettered(one) for one in guilty)
            ordered = desk.ordered()
            innocent = (
                suspects or nameless(ordered, moment.at, MOST_AT_ONCE) or choose(ordered, moment.at, MOST_AT_ONCE).now
            )
            if not guilty:
                desk.put(moment.interrupted(replace(one, died=ALONE_AFTER_DEATHS - 1)) for one in innocent)
            await desk.save()
            return len(guilty)


class _Shift:
    """One worker's time at one line."""

    def __init__(self, work: Work, desk: Desk) -> None:
        self._work = work
        self._desk = desk
        self._until = time.monotonic() + BUDGET_S

    async def run(self) -> datetime | None:
        """Go after go; when somebody has to go on, as far as that is new."""
        work, desk = self._work, self._desk
        await self._take_over()
        await settle(work, desk, {}, None)
        while desk.line is not None:
            try:
                if not await self._go_on():
                    await free_places(desk, work.moment().at)
                    return desk.promised
            except Overtaken as overtaken:
                work.lease.check()
                log_event(_log, "operation_overtaken", operation=overtaken.operation_id)
                await desk.reread()
                continue
            if time.monotonic() >= self._until:
                return work.moment().at
            if desk.line is not None:
                await desk.refresh()
        return None

    async def _take_over(self) -> None:
        """What is said to be running was left behind by a worker that died: nobody else has the lease."""
        moment = self._work.moment()
        left = [one for one in self._desk.ordered() if one.status is Status.RUNNING]
        self._desk.put(moment.interrupted(one) for one in left)
        await self._desk.save()

    async def _go_on(self) -> bool:
        """One go; whether there was anything to do."""
        desk, moment = self._desk, self._work.moment()
        ends = due_ends(desk, moment.at)[:MOST_AT_ONCE]  # of thousands that end together, some at a time
        if ends:
            await revoke_what_ends(self._work.store.operations, desk, ends, moment)
        await self._schedule(moment.at)
        ordered = desk.ordered()
        if not nameless(ordered, moment.at, 1) and not choose(ordered, moment.at, 1).now:
            await desk.save()
            return False
        since = await self._work.store.current()
        go = Go(self._work, desk, read_policy(await self._work.store.operations.policy()))
        try:
            async with self._work.tools() as tools:
                await self._go(tools, go)
        except GraphError as error:
            await self._put_off(error)
        await settle(self._work, desk, go.readings, since)
        return True

    async def _schedule(self, now: datetime) -> None:
        """What starts later, where Graph does not keep starts."""
        if self._work.kind.keeps_time:
            return
        moment = self._work.moment()
        self._desk.put(
            moment.scheduled(one, one.wanted.starts_at)
            for one in self._desk.ordered()
            if one.status is Status.ACCEPTED
            and one.wanted.starts_at
            and one.wanted.starts_at > now
            and not one.wanted.dry_run
        )

    async def _go(self, tools: Tools, go: Go) -> None:
        """Find out who is meant, choose, and go."""
        desk, now = self._desk, self._work.moment().at
        found = await self._resolve(tools, nameless(desk.ordered(), now, MOST_AT_ONCE))
        chosen = list(choose(desk.ordered(), now, MOST_AT_ONCE).now)
        unknown = [one for one in chosen if one.principal_id not in found]
        found |= await self._resolve(tools, unknown)
        chosen = [one for one in chosen if one.principal_id in found and desk.operation(one.id).status.open]
        if not chosen:
            return
        if chosen[0].died >= ALONE_AFTER_DEATHS:
            desk.put(self._work.moment().started(one, found[one.principal_id or ""]) for one in chosen)
            await desk.save()  # should it bring the process down, it is known that it was this one
        try:
            await go.run(tools, chosen, found)
        except (StorageError, GraphError):
            raise
        except Exception as error:
            await self._survive(chosen, error)

    async def _resolve(self, tools: Tools, whom: Sequence[Operation]) -> dict[str, Principal]:
        """Who is meant, by object id; of whom that cannot be said, the operation ends, and of whom it cannot be said now, it waits."""
        desk, moment = self._desk, self._work.moment
        named = {one.id: one.principal_id or one.wanted.principal for one in whom}
        if not named:
            return {}
        answers = await self._answers(tools, list(dict.fromkeys(named.values())))
        found: dict[str, Principal] = {}
        for one in whom:
            answer = answers[named[one.id]]
            if isinstance(answer, Problem):
                desk.put([moment().refused(one, answer)])
            elif isinstance(answer, GraphError):
                desk.put([moment().postponed(one, *later_after(answer, one))])
            elif isinstance(answer, Exception):
                desk.put([moment().unforeseen(one, answer, min(one.died + 1, MOST_DEATHS))])
            else:
                found[answer.id] = answer
                desk.put([moment().resolved(one, answer)])
        return found

    async def _answers(self, tools: Tools, names: Sequence[str]) -> Mapping[str, Principal | Problem | Exception]:
        """Who they are. Where that ends in a way that nobody has foreseen, each is asked for alone, so that only the guilty one waits."""
        try:
            return await self._work.others.resolve(tools, names)
        except (GraphError, StorageError):
            raise
        except Exception as error:
            if len(names) == 1:
                self._tell_unforeseen(error, 1)
                return {names[0]: error}
        return {one: answer for name in names for one, answer in (await self._answers(tools, [name])).items()}

    async def _put_off(self, error: GraphError) -> None:
        """Graph cannot be asked for anything now."""
        desk, moment = self._desk, self._work.moment()
        ordered = desk.ordered()
        waiting = nameless(ordered, moment.at, MOST_AT_ONCE) or choose(ordered, moment.at, MOST_AT_ONCE).now
        desk.put(moment.postponed(one, *later_after(error, one)) for one in waiting)
        await desk.save()

    async def _survive(self, chosen: Sequence[Operation], error: Exception) -> None:
        """Nobody has foreseen this. Where several were at it, each goes alone the next time, so that the guilty one is found."""
        desk, moment = self._desk, self._work.moment()
        self._tell_unforeseen(error, len(chosen))
        for one in (desk.operation(before.id) for before in chosen):
            if one.status.open:
                deaths = one.died + 1 if len(chosen) == 1 else max(one.died, ALONE_AFTER_DEATHS)
                desk.put([moment.unforeseen(one, error, min(deaths, MOST_DEATHS))])
        await desk.save()

    def _tell_unforeseen(self, error: Exception, operations: int) -> None:
        log_event(
            _log,
            "operation_failed_unforeseen",
            level=logging.ERROR,
            line=self._desk.name,
            operations=operations,
            error=type(error).__name__,
            where=raised_at(error),
        )
