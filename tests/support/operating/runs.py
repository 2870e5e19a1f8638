"""A history of operations from beginning to end: what happened, told; and whether all is as it must be when the dust has settled."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from connector.provisioning.audit.verifying import verify
from connector.provisioning.provisioner import look_after_lines
from connector.storage.records import EventKind, Operation, Result, Status
from tests.support.operating.actions import ACTIONS, BY_NAME, Action
from tests.support.operating.judging import Case, cases, told, untouched, untrue, untrue_records
from tests.support.operating.ledger import Pair
from tests.support.operating.world import OperatedWorld
from tests.support.pictures import differences
from tests.support.worlds.journals import Tables, picture_of
from tests.support.worlds.runs import Untrue, uncounted
from tests.support.worlds.settling import settle
from tests.support.worlds.weather import fair_weather

_TURN_S = 61.0
_MOST_TURNS = 150
_MOST_MESSAGES = 60
_ALL_ENDS_HAVE_COME_S = 4 * 24 * 3600
_IN_THE_JOURNAL = ("It is in the journal.", "The journal says so already, or rounds will tell.")


@dataclass
class OperatedRun:
    """One history of a world.

    Attributes:
        steps: what has happened, a line each.
        failed: it went wrong.
    """

    world: OperatedWorld
    steps: list[str] = field(default_factory=list)
    failed: bool = False

    def __post_init__(self) -> None:
        self.world.begin()

    def do(self, name: str, number: int) -> None:
        """One step; ``number`` decides everything about it that is left to chance.

        Raises:
            Untrue: it failed as nothing may fail, or left the picture inconsistent.
        """
        chance = random.Random(number)
        self.world.postbox.chance = chance
        self.steps.append(f"{name} {number}")
        try:
            self.steps[-1] += f": {self.world.run(BY_NAME[name](self.world, chance))}"
            self.world.postbox.deliver_again()
            self.world.journal.check()
            self.world.note()
        except Exception as error:
            raise self._untrue(error) from error

    def finish(self) -> None:
        """Let the dust settle, let all ends come, and compare.

        Raises:
            Untrue: a record lies, the tenant is not as it should be, or the picture is not.
        """
        try:
            self.world.run(self._finish())
        except Exception as error:
            raise self._untrue(error) from error

    async def _finish(self) -> None:
        world = self.world
        fair_weather(world.graph)
        await self._work_on_everything()
        await self._check(whole=True)
        world.graph.clock.advance(_ALL_ENDS_HAVE_COME_S)
        await self._work_on_everything()
        assert not await world.store.operations.lines(), "a line remains after all ends have come"
        await self._check(whole=False)
        self.steps += await settle(world)
        problems = differences(uncounted(picture_of(world.journal.check())), uncounted(world.deployment.truth()))
        assert not problems, "\n".join(["the picture is not the truth", *problems])
        report = await verify(world.store)
        assert report.whole, f"the audit file is not whole: {report}"

    async def _work_on_everything(self) -> None:
        """Timers and messages, until nothing is open but what begins later."""
        world = self.world
        for _ in range(_MOST_TURNS):
            await look_after_lines(world.operating_store(), world.now())  # type: ignore[arg-type]
            await self._take_all()
            if await self._is_quiet():
                return
            world.graph.clock.advance(_TURN_S)
        open_ = [told(one) for one in await world.operations() if one.status.open]
        lines = list(await world.store.operations.lines())
        raise AssertionError("\n".join(["it does not come to rest", *open_, *map(str, lines)]))

    async def _take_all(self) -> None:
        world, chance = self.world, random.Random(len(self.steps))
        for _ in range(_MOST_MESSAGES):
            mail = world.mailbox.draw(chance)
            if mail is None:
                return
            ended = await world.process(0).take(mail)
            if ended != "taken":
                self.steps.append(f"… {ended}")
        raise AssertionError(f"messages bring forth messages: {world.mailbox.mails[:3]}")

    async def _is_quiet(self) -> bool:
        """Nothing is open, and no line is there, but for what begins or ends later."""
        world = self.world
        open_ = [one for one in await world.operations() if one.status.open]
        if any(one.status is not Status.SCHEDULED for one in open_):
            return False
        begin_later = {one.wanted.entitlement for one in open_}
        for listed in await world.store.operations.lines():
            held = await world.store.operations.line(listed.name)
            if held is None or held.record.due is None or held.record.due <= world.now():
                return False
            if not held.record.expiries and held.record.entitlement not in begin_later:
                return False
        return True

    async def _check(self, *, whole: bool) -> None:
        """``whole``: the picture as well, which must have what operations have done before any round tells of it."""
        world = self.world
        operations, marks = await world.operations(), world.ledger.marks
        found = untouched(operations, marks, world.ledger.strange)
        found += untrue_records(operations)
        now, held = world.now(), world.ledger.held()
        known = cases(operations, marks)
        for case in known.values():
            found += untrue(case, held, now)
        if whole:
            found += _not_journalled(list(known.values()), world)
        assert not found, "\n".join(found)

    def _untrue(self, error: Exception) -> Untrue:
        self.failed = True
        history = "\n".join(f"  {number:3} {step}" for number, step in enumerate(self.steps, 1))
        return Untrue(f"{type(error).__name__}: {error}\nafter\n{history}")


def _not_journalled(known: list[Case], world: OperatedWorld) -> list[str]:
    """What an operation has brought about, is so in truth, and is not in the journal although the record says so."""
    tables, truth = world.journal.check(), {row["id"] for row in world.deployment.truth()["grants"]}
    found = []
    for case in known:
        last = _last_that_counts(case)
        if last is None or case.pair.scope != "/" or not _is_known(tables, case.pair):
            continue
        there = grant_id(case.pair) in truth
        if there is (last.wanted.action.value == "grant") and _in_journal(tables, case.pair) is not there:
            found.append(f"the journal does not say that it is {'held' if there else 'not held'}\n{case.told()}")
    return found


def _is_known(tables: Tables, pair: Pair) -> bool:
    """Whether rounds have told of both: what is held by nobody, or of nothing, is no grant yet."""
    resource = pair.entitlement.split(":")[1]
    ids = {
        id_ for name in ("accounts", "groups", "enterprise_applications", "directory_roles") for (id_,) in tables[name]
    }
    return {pair.principal, resource} <= ids


def _last_that_counts(case: Case) -> Operation | None:
    """The last operation, where it has succeeded after everybody else and says that it is in the journal."""
    ended = [one for one in case.operations if one.ended_at and not one.wanted.dry_run]
    last = max(ended, key=lambda one: one.ended_at or one.accepted_at, default=None)
    if last is None or last.ended_at is None or last.status is not Status.SUCCEEDED:
        return None
    if case.last_of_others is not None and case.last_of_others >= last.ended_at:
        return None
    if case.is_role and last.result is Result.ALREADY_REVOKED:
        return None  # it was somebody else's doing, of which rounds tell
    said = [event.said for event in last.events if event.kind is EventKind.JOURNALLED]
    return last if said and said[-1] in _IN_THE_JOURNAL else None


def grant_id(pair: Pair) -> str:
    """As the table of grants has it."""
    return f"{pair.entitlement}|{pair.principal}" + ("" if pair.scope == "/" else f"|{pair.scope}")


def _in_journal(tables: Tables, pair: Pair) -> bool:
    return (grant_id(pair),) in tables["grants"]


def run_operations(
    world: OperatedWorld, seed: int | str, *, length: int = 14, actions: Mapping[Action, int] = ACTIONS
) -> OperatedRun:
    """A history of ``length`` steps, the same for the same seed.

    Args:
        actions: what may happen, and how often each is drawn; everything by default.

    Raises:
        Untrue: something came out as it must not.
    """
    generator = random.Random(f"operations {seed}")
    run = OperatedRun(world)
    names, weights = [action.__name__ for action in actions], tuple(actions.values())
    for _ in range(length):
        [name] = generator.choices(names, weights)
        run.do(name, generator.getrandbits(32))
    run.finish()
    return run
