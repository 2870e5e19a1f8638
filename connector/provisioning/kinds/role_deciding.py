"""Every guard of directory roles, asked in an order in which the first no is the most helpful one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from connector.access.roles import RoleDefinition
from connector.graph.errors import GraphError
from connector.provisioning.contract import Already, Later, Planned, Refused, Task, Tools, Verdict
from connector.provisioning.kinds.pim_policies import read_demands
from connector.provisioning.kinds.pim_requests import Progress, is_ours, progress
from connector.provisioning.kinds.pim_times import moment_of
from connector.provisioning.kinds.role_fitness import unfit
from connector.provisioning.kinds.role_holdings import Held, read_held
from connector.provisioning.kinds.role_inheriting import inherited
from connector.provisioning.kinds.role_lockout import without_lockout
from connector.provisioning.kinds.role_planning import AsWanted, Draft, NotHeld, Situation, draft
from connector.provisioning.kinds.role_refusals import (
    lacks_all,
    pending,
    permission_missing,
    pim_not_licensed,
    unread,
    unseen_requests,
)
from connector.provisioning.kinds.role_scopes import TENANT, missing_scopes
from connector.provisioning.kinds.role_seeing import (
    REQUEST_ID,
    REQUESTED_AT,
    WAS,
    ended,
    keys,
    own_request,
    reading,
)
from connector.provisioning.refusals import problem
from connector.storage.records.operations import Action, Problem, Result

_LONGEST_WAIT_S = 60.0
_SHORTEST_WAIT_S = 1.0
_LAG_S = 60.0
"""How long what a request has carried out may take to show, before it is asked for again."""
_WOULD = {
    Result.GRANTED: Result.WOULD_GRANT,
    Result.UPDATED: Result.WOULD_UPDATE,
    Result.REVOKED: Result.WOULD_REVOKE,
}


@dataclass(slots=True)
class Deciding:
    """One go on one role. ``kind``: ``assignment`` or ``eligibility``. Nothing that is read is kept for another go."""

    tools: Tools
    role: RoleDefinition
    kind: str
    _verdicts: dict[str, Verdict] = field(default_factory=dict)

    async def verdicts(self, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        """One for each of ``tasks``, by its id.

        Raises:
            GraphError: Graph cannot be asked now.
        """
        fit = [task for task in tasks if not self._stopped(task, unfit(task, self.role, self.kind, self.tools.now))]
        placed = await self._with_scopes(fit)
        drafts = await self._drafts(placed)
        allowed = [(it, made) for it, made in drafts if not self._stopped(it.task, self._obstacle(it, made))]
        within_policy = await self._within_policy(allowed)
        refused = await without_lockout(self.tools, self.role.id, within_policy)
        for it, made in within_policy:
            if not self._stopped(it.task, refused.get(it.task.id)):
                self._verdicts[it.task.id] = _planned(it, made)
        return self._verdicts

    def _stopped(self, task: Task, why: Problem | Verdict | GraphError | None) -> bool:
        """Whether something is in the way of ``task``; then that is its verdict."""
        if why is None:
            return False
        if isinstance(why, Problem):
            why = Refused(why)
        self._verdicts[task.id] = unread(why) if isinstance(why, GraphError) else why
        return True

    async def _with_scopes(self, tasks: Sequence[Task]) -> list[Task]:
        """Those whose scope there is. A revoke finds what is there, or nothing."""
        limited = {task.wanted.scope for task in tasks if _is_grant(task)} - {TENANT}
        missing = await missing_scopes(self.tools.session, limited)
        return [task for task in tasks if not (_is_grant(task) and self._stopped(task, missing.get(task.wanted.scope)))]

    async def _drafts(self, tasks: Sequence[Task]) -> list[tuple[Situation, Draft]]:
        """What there is to do, where it is not so already, and nothing is under way."""
        held = await read_held(self.tools.session, self.role.id, self.kind, tasks)
        drafts: list[tuple[Situation, Draft]] = []
        without: list[Situation] = []
        for task in tasks:
            found = held[task.id]
            if isinstance(found, GraphError):
                self._stopped(task, found)
                continue
            it = Situation(task, self.role.id, self.kind, found, self.tools.now)
            made = draft(it)
            if isinstance(made, AsWanted):
                self._verdicts[task.id] = Already(made.said, reading(it))
            elif not self._stopped(task, _under_way(it)):
                if isinstance(made, NotHeld):
                    self._stopped(task, _activated(it) if made.activated else None)
                    without += [] if made.activated else [it]
                else:
                    drafts.append((it, made))
        await self._explain(without)
        return drafts

    async def _explain(self, without: Sequence[Situation]) -> None:
        """Revokes of what is not held directly: it comes through a group, or is not held at all."""
        if not without:
            return
        through = await inherited(self.tools.session, self.role.id, self.kind, [it.task for it in without])
        for it in without:
            if not self._stopped(it.task, through[it.task.id]):
                self._verdicts[it.task.id] = Already("It is not held.", reading(it))

    def _obstacle(self, it: Situation, made: Draft) -> Problem | GraphError | None:
        """License, permissions, and what others are at."""
        if made.through_pim and not it.held.licensed:
            return pim_not_licensed()
        for one in made.writes:
            if lacks_all(self.tools.session, one.permissions):
                return permission_missing(one.permissions)
        if made.through_pim and it.held.unseen is not None:
            return unseen_requests(it.held.unseen, self.kind)
        return pending() if any(_is_open(it.held, it)) else None

    async def _within_policy(self, drafts: Sequence[tuple[Situation, Draft]]) -> list[tuple[Situation, Draft]]:
        """Those that meet the role's settings. Of an assignment for ever Graph would not ask them, so they are asked here."""
        concerned = [it for it, _ in drafts if _is_grant(it.task) and it.held.licensed]
        if not concerned:
            return list(drafts)
        try:
            demands = await read_demands(self.tools.session, self.role.id, self.kind.capitalize())
        except GraphError as error:
            for it in concerned:
                self._stopped(it.task, error)
        else:
            for it in concerned:
                self._stopped(it.task, demands.unmet(it.task.wanted, it.now))
        return [(it, made) for it, made in drafts if it.task.id not in self._verdicts]


def _is_grant(task: Task) -> bool:
    return task.wanted.action is Action.GRANT


def _planned(it: Situation, made: Draft) -> Planned:
    result = _WOULD[made.result] if it.task.wanted.dry_run else made.result
    before = it.task.state.get(WAS)
    was: Mapping[str, Any] = before if isinstance(before, dict) else {}
    kept = {table: sorted({*was.get(table, ()), *now}) for table, now in keys(it.held).items()}
    return Planned(tuple(one.step for one in made.writes), result, replace(made, again=it.task.intended), {WAS: kept})


def _under_way(it: Situation) -> Verdict | None:
    """What an attempt of this operation has begun, and has not ended, or has ended otherwise."""
    mine = own_request(it.task, it.held)
    if mine is not None and progress(mine, it.now) is Progress.LOST:
        return Refused(ended(mine))
    ours = [one for one in it.held.requests if is_ours(one, it.task)]
    running = next((one for one in ours if progress(one, it.now) is Progress.OPEN), None)
    state = dict(it.task.state)
    if running is not None:
        waited = (it.now - it.task.first_at).total_seconds()
        seconds = min(_LONGEST_WAIT_S, max(_SHORTEST_WAIT_S, waited / 2))
        said = f"Privileged Identity Management is at the request {running.id} ({running.status})."
        return Later(seconds, said, state | {REQUEST_ID: running.id})
    made_at = moment_of(state.get(REQUESTED_AT))
    if made_at is not None and (it.now - made_at).total_seconds() < _LAG_S:
        said = f"The request {state.get(REQUEST_ID)} was accepted, and does not show yet."
        return Later(2 * _SHORTEST_WAIT_S, said, state, counts=True)
    return None


def _is_open(held: Held, it: Situation) -> list[bool]:
    """Of requests of administrators: whether they are open. People's own, such as activations, are in nobody's way."""
    return [progress(one, it.now) is Progress.OPEN for one in held.requests if one.action.lower().startswith("admin")]


def _activated(it: Situation) -> Problem:
    task = it.task
    eligible = f"directory_role:{it.role_id}:eligible"
    return problem(
        "activated_from_eligibility",
        f"{task.principal.name} holds it only because of an eligibility that is activated.",
        f"Revoke {eligible} from {task.principal.id} at {task.wanted.scope}, which ends the activation as well, or let it run out.",
    )
