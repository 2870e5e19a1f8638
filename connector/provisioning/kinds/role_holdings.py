"""What principals hold of one role, by themselves: read with one batch for a handful of principals.

There are four lists for active assignments and three for eligibilities, and no one of them tells everything: ``roleAssignments`` has no
ends, instances have nothing that begins later, schedules no ids of assignments, and requests are all there is of what is under way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from connector.access.collections import Collection
from connector.access.decoding import NotJson, convert
from connector.access.roles import RoleAssignment, RoleScheduleInstance
from connector.graph.errors import GraphError, UnexpectedAnswer
from connector.graph.session import GraphSession
from connector.graph.sweep import sweep
from connector.provisioning.contract import Task
from connector.provisioning.kinds.addresses import filtered
from connector.provisioning.kinds.pim_requests import Schedule, ScheduleRequest
from connector.provisioning.kinds.pim_times import moment_of
from connector.provisioning.kinds.role_refusals import not_licensed
from connector.provisioning.kinds.role_scopes import same_scope

T = TypeVar("T")

DIRECTORY = "/roleManagement/directory"
_ASSIGNMENTS = "roleAssignments"


@dataclass(frozen=True, slots=True)
class Held:
    """What one principal holds of the role at one scope, itself, not through a group.

    Attributes:
        assignments: in force, permanent, for a time or activated.
        instances: what PIM says of these; empty without a license, and where there are none.
        eligible: eligibilities in force.
        schedules: what PIM has planned of the kind that is asked about, begun or not.
        requests: for it, of the kind that is asked about.
        licensed: whether the tenant has PIM.
        unseen: why requests could not be read, which only what goes through PIM needs.
    """

    assignments: tuple[RoleAssignment, ...] = ()
    instances: tuple[RoleScheduleInstance, ...] = ()
    eligible: tuple[RoleScheduleInstance, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    requests: tuple[ScheduleRequest, ...] = ()
    licensed: bool = True
    unseen: GraphError | None = None

    @property
    def activated(self) -> tuple[RoleScheduleInstance, ...]:
        """Those in force because an eligibility was activated."""
        return tuple(one for one in self.instances if _is(one.assignment_type, "activated"))

    @property
    def assigned(self) -> tuple[RoleScheduleInstance, ...]:
        """Those in force because somebody assigned them, as PIM says."""
        return tuple(one for one in self.instances if not _is(one.assignment_type, "activated"))

    @property
    def is_assigned(self) -> bool:
        """Whether it is assigned now: what is in force, and not explained by an activation alone. ``roleAssignments`` decides what is
        in force; what PIM says may lag behind."""
        return bool(self.assignments) and (bool(self.assigned) or not self.activated)

    @property
    def assigned_until(self) -> datetime | None:
        """When what is assigned now ends; None: never."""
        ends = [moment_of(one.end_date_time) for one in self.assigned]
        return None if not ends or None in ends else max(one for one in ends if one is not None)

    @property
    def eligible_until(self) -> datetime | None:
        """The same of the eligibility."""
        ends = [moment_of(one.end_date_time) for one in self.eligible]
        return None if not ends or None in ends else max(one for one in ends if one is not None)

    def ahead(self, now: datetime) -> tuple[Schedule, ...]:
        """What is planned and has not begun."""
        starting = [(one, one.schedule_info.starts_at if one.schedule_info else None) for one in self.schedules]
        return tuple(one for one, starts in starting if starts is not None and starts > now)


async def read_held(
    session: GraphSession, role_id: str, kind: str, tasks: Sequence[Task]
) -> Mapping[str, Held | GraphError]:
    """What the principal of each task holds of the role at the task's scope, by the id of the task; the error where it cannot be read.

    Args:
        kind: ``assignment`` or ``eligibility``: of which of the two schedules and requests are read.

    Raises:
        GraphError: Graph cannot be asked now.
    """
    lists = _lists(kind)
    answers = await _read(
        session, {f"{task.id} {name}": _target(name, role_id, task) for task in tasks for name in lists}
    )
    return {task.id: _held(task, {name: answers[f"{task.id} {name}"] for name in lists}, kind) for task in tasks}


def _lists(kind: str) -> tuple[str, ...]:
    of_kind = f"role{kind.capitalize()}"
    lists = (_ASSIGNMENTS, "roleAssignmentScheduleInstances", f"{of_kind}Schedules", f"{of_kind}ScheduleRequests")
    return lists if kind == "assignment" else (*lists, "roleEligibilityScheduleInstances")


def _target(name: str, role_id: str, task: Task) -> str:
    return filtered(f"{DIRECTORY}/{name}", f"principalId eq '{task.principal.id}' and roleDefinitionId eq '{role_id}'")


_Items = list[dict[str, Any]]


async def _read(session: GraphSession, targets: Mapping[str, str]) -> dict[str, _Items | GraphError]:
    """Every list to its end."""
    found: dict[str, _Items] = {key: [] for key in targets}
    failed: dict[str, GraphError] = {}
    async for part in sweep(session, list(targets), targets.__getitem__, Collection[dict[str, Any]]):
        for answer in part.answers:
            if isinstance(answer.content, GraphError):
                failed[answer.key] = answer.content
            elif answer.content.unreadable:
                failed[answer.key] = UnexpectedAnswer("Graph lists something of the role that cannot be understood")
            else:
                found[answer.key] += answer.content.value
    return {**found, **failed}


def _held(task: Task, answers: Mapping[str, _Items | GraphError], kind: str) -> Held | GraphError:
    requests = f"role{kind.capitalize()}ScheduleRequests"
    licensed, unseen = True, None
    lists: dict[str, _Items] = {}
    for name, answer in answers.items():
        if not isinstance(answer, GraphError):
            lists[name] = answer
        elif name != _ASSIGNMENTS and not_licensed(answer):
            licensed = False
        elif name == requests:
            unseen = answer
        else:
            return answer
    scope = task.wanted.scope
    instances = lists.get("roleAssignmentScheduleInstances", [])
    try:
        assignments = _here(lists.get(_ASSIGNMENTS, []), RoleAssignment, scope)
        return Held(
            assignments=assignments,
            instances=_direct(_here(instances, RoleScheduleInstance, scope)) if assignments else (),
            eligible=_direct(_here(lists.get("roleEligibilityScheduleInstances", []), RoleScheduleInstance, scope)),
            schedules=tuple(
                one
                for one in _direct(_here(lists.get(f"role{kind.capitalize()}Schedules", []), Schedule, scope))
                if not _is(one.assignment_type, "activated")
            ),
            requests=_here(lists.get(requests, []), ScheduleRequest, scope),
            licensed=licensed,
            unseen=unseen,
        )
    except NotJson as error:
        return UnexpectedAnswer(f"Graph lists something of the role that cannot be understood: {error}")


S = TypeVar("S", RoleAssignment, RoleScheduleInstance, Schedule, ScheduleRequest)
M = TypeVar("M", RoleScheduleInstance, Schedule)


def _here(items: _Items, kind: type[S], scope: str) -> tuple[S, ...]:
    """Those at ``scope``."""
    found = [convert(item, kind) for item in items]
    return tuple(one for one in found if same_scope(one.app_scope_id or one.directory_scope_id, scope))


def _direct(found: tuple[M, ...]) -> tuple[M, ...]:
    """Without what comes through a group."""
    return tuple(one for one in found if one.member_type is None or _is(one.member_type, "direct"))


def _is(word: str | None, known: str) -> bool:
    return word is not None and word.lower() == known
