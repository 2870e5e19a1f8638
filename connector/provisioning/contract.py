"""The contract between working on a line of operations and knowing one kind of entitlement.

Whoever works on a line (``working/``) knows about records, order, claims, waiting, the journal and the audit file, and nothing of groups or
roles. A :class:`Kind` (``kinds/``) knows how operations on groups, or on directory roles, are decided, done and seen, and nothing of
storage. Between them goes what is below.

For one go on a line, the worker calls :meth:`Kind.examine` for everything that may go on now, writes down what is intended, calls
:meth:`Kind.act`, and calls :meth:`Kind.look` until the effect is seen or patience ends. Any call may be the last one of its process; the
next worker begins with ``examine`` again, of operations that may have been done already (:attr:`Task.intended`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from connector.graph.session import GraphSession
from connector.incremental.facts import Reading
from connector.provisioning.entitlements import Entitlement
from connector.settings import Settings
from connector.storage.records.operations import Problem, Result, Wanted


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is to hold it, as Graph says it now.

    Attributes:
        kind: ``account``, ``group`` or ``service_principal``.
        name: user principal name, or display name.
        facts: what Graph says of it, with Graph's property names; of groups ``isAssignableToRole``, of accounts ``accountEnabled``.
    """

    id: str
    kind: str
    name: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Task:
    """An operation that may go on now.

    Attributes:
        id: of the operation.
        intended: it may have been done already, by an attempt of which nobody knows the end.
        state: what the kind asked to be kept at the last attempt.
        first_at: when work on it began first.
    """

    id: str
    wanted: Wanted
    principal: Principal
    intended: bool
    state: Mapping[str, Any]
    first_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """A call that changes something, before it is made: for the record, and for a dry run. ``path`` has no host."""

    method: str
    path: str
    said: str


@dataclass(frozen=True, slots=True)
class Planned:
    """Nothing is in the way: ``steps`` will be taken, and it comes to ``result``.

    Attributes:
        data: for :meth:`Kind.act`, what ``examine`` has found out.
        state: JSON to be kept as the operation's state when the intent is written down, so that whoever goes on after a crash knows
            how it was before.
        brings: what is given or taken along with it, such as the roles of a group: the policy must allow that, too.
    """

    steps: tuple[Step, ...]
    result: Result
    data: Any = None
    state: Mapping[str, Any] = field(default_factory=dict)
    brings: tuple[Entitlement, ...] = ()


@dataclass(frozen=True, slots=True)
class Already:
    """It is as wanted. ``reading``: the facts that say so, where they are known in the form of the fact tables; ``brings``: as of
    :class:`Planned`, for where its end changes all the same."""

    said: str
    reading: Reading = field(default_factory=Reading)
    brings: tuple[Entitlement, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A guard says no, or Graph did; final."""

    problem: Problem


@dataclass(frozen=True, slots=True)
class Later:
    """To go on after ``seconds``, with ``state`` added to what is kept. ``counts``: as an attempt, of which there are not endlessly many: for
    failures, not for throttling and not for waiting for what Graph is known to be carrying out."""

    seconds: float
    said: str
    state: Mapping[str, Any] = field(default_factory=dict)
    counts: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A call that was made: for the record."""

    method: str
    path: str
    status: int
    request_id: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """It was written, or nobody knows whether it was: looking decides. ``result`` where it differs from what was planned; ``state`` is
    added to what is kept."""

    calls: tuple[Call, ...]
    result: Result | None = None
    state: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """How it is: ``as_wanted``, said in a sentence, with the facts for the journal (only where it is as wanted).

    Attributes:
        problem: it will never be as wanted, however long one waits, such as a PIM request that has failed.
    """

    as_wanted: bool
    said: str
    reading: Reading = field(default_factory=Reading)
    problem: Problem | None = None


Verdict = Planned | Already | Refused | Later
Acted = Sent | Refused | Later


@dataclass(frozen=True, slots=True)
class Tools:
    """What a kind works with.

    Attributes:
        session: to Graph, with a deadline; what must wait beyond it raises ``Throttled``.
        own_id: object id of the connector's own service principal, from its token; empty where the token does not say.
        now: by this machine's clock.
    """

    session: GraphSession
    settings: Settings
    own_id: str
    now: datetime


class Kind(Protocol):
    """One kind of entitlement. Every method answers for each task by its id, and may be called again at any time.

    Attributes:
        keeps_time: whether Graph itself keeps starts and ends of such grants. Where it does not, the connector does: nothing is asked of the
            kind before ``starts_at``, and a revoke follows at ``expires_at``.

    Raises:
        GraphError: Graph cannot be asked at all now (``Throttled``, ``GraphUnreachable``, ``SignInFailed``); what concerns one task only is part
            of its answer.
    """

    @property
    def keeps_time(self) -> bool: ...

    async def examine(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Verdict]:
        """What is to be done for each: every guard is asked, of Graph, now; nothing is changed. Tasks have different principals."""
        ...

    async def act(
        self, tools: Tools, entitlement: Entitlement, planned: Sequence[tuple[Task, Planned]]
    ) -> Mapping[str, Acted]:
        """Do what was planned; each has an end of its own, even where one call did several."""
        ...

    def exclusive(self, entitlement: Entitlement, tasks: Sequence[Task]) -> str | None:
        """The name of what only one may do at a time in the whole tenant, such as ``global-administrators``, where one of ``tasks`` does it.

        A lease of that name is then held around ``examine``, ``act`` and ``look``, because what its guards have read must still be so when
        it is written, whatever other lines do. None: the lease of the line is enough. Asks nobody.
        """
        ...

    async def look(self, tools: Tools, entitlement: Entitlement, tasks: Sequence[Task]) -> Mapping[str, Seen]:
        """How it is now, by reading."""
        ...
