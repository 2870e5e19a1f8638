"""Mistakes that could be made in working on operations, each applied in memory: what finds none of them would prove nothing."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from dataclasses import replace as with_other
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from connector.graph.writing import Outcome, write
from connector.provisioning.asking import accepting
from connector.provisioning.contract import Refused
from connector.provisioning.kinds import role_holdings
from connector.provisioning.kinds.group_acting import Acting
from connector.provisioning.kinds.group_references import adding_all
from connector.provisioning.kinds.role_refusals import refused_by_graph
from connector.provisioning.working import desk as desks
from connector.provisioning.working import guarding, settling, worker
from connector.provisioning.working.choosing import in_order
from connector.provisioning.working.desk import Desk
from connector.provisioning.working.going import Go
from connector.provisioning.working.moments import Moment
from connector.storage.operations import Operations
from connector.storage.records import EventKind, Result
from tests.support.operating import actions as happening
from tests.support.operating import certain, runs
from tests.support.operating.actions import Action

Apply = Callable[[pytest.MonkeyPatch], None]


def writes_without_intent(patch: pytest.MonkeyPatch) -> None:
    """What is intended is written down once it is done."""
    save = Desk.save

    async def save_what_is_done(desk: Desk) -> None:
        intended = {id_: one for id_, one in desk._changed.items() if one.events[-1].kind is EventKind.INTENDED}
        for id_ in intended:
            del desk._changed[id_]
        await save(desk)
        desk._changed |= intended

    patch.setattr(Desk, "save", save_what_is_done)


def believes_in_its_lease(patch: pytest.MonkeyPatch) -> None:
    """Who has had a lease has it for ever, and writes records whatever is there by now."""
    real = Operations.replace_bundle

    async def overwrite(operations: Operations, bundle: Any, held: Any) -> Any:
        return await real(operations, bundle, await operations.bundle(bundle.id) or held)

    patch.setattr(guarding, "_check", lambda *_: None)
    patch.setattr(Operations, "replace_bundle", overwrite)


def forgets_the_scope(patch: pytest.MonkeyPatch) -> None:
    """What is held is found by principal and role."""
    patch.setattr(role_holdings, "same_scope", lambda *_: True)


def fails_together(patch: pytest.MonkeyPatch) -> None:
    """Where Graph refuses several at once, all of them have failed."""
    real = Acting._grant

    async def grant(acting: Acting, tasks: Any) -> None:
        if len(tasks) == 1:
            await real(acting, tasks)
            return
        session, entitlement = acting.tools.session, acting.entitlement
        change = adding_all(session, entitlement.id, entitlement.slug, [task.principal.id for task in tasks])
        written = await write(session, change.method, change.path, change.body)
        for task in tasks:
            acting._settle(task, change, written)
            if written.outcome is Outcome.REFUSED and written.refusal is not None:
                del acting._refused[task.id]
                acting._ends[task.id] = Refused(refused_by_graph(written.refusal))

    patch.setattr(Acting, "_grant", grant)


def does_not_look(patch: pytest.MonkeyPatch) -> None:
    """What was sent has happened."""

    async def look(go: Go, _tools: Any, sent: Any) -> None:
        for task in sent:
            one = go.desk.operation(task.id)
            go.desk.put([go.work.moment().verified(one, "Sent.", already=one.planned or Result.GRANTED)])

    patch.setattr(Go, "_look", look)


def leaves_the_line_first(patch: pytest.MonkeyPatch) -> None:
    """What has ended leaves its line before it is in the journal."""
    real = settling.settle

    async def settle(work: Any, desk: Desk, *rest: Any) -> None:
        open_ = {one.id.rpartition("-")[0] for one in desk.ordered() if one.status.open}
        await desk.change_line(
            lambda line: replace(line, places=tuple(place for place in line.places if place.id in open_))
        )
        await real(work, desk, *rest)

    patch.setattr(worker, "settle", settle)


def keeps_no_ends(patch: pytest.MonkeyPatch) -> None:
    """The end of a grant that Graph cannot keep is nobody's."""
    patch.setattr(settling, "unsettled_ends", lambda _: [])


def serves_the_last_first(patch: pytest.MonkeyPatch) -> None:
    """Who came last is served first."""
    patch.setattr(desks, "in_order", lambda *given: list(reversed(in_order(*given))))


def dry_runs_are_wet(patch: pytest.MonkeyPatch) -> None:
    """A dry run is a run."""
    real = Go._task

    def task(go: Go, *given: Any) -> Any:
        made = real(go, *given)
        return with_other(made, wanted=replace(made.wanted, dry_run=False))

    patch.setattr(Go, "_task", task)


def audits_first(patch: pytest.MonkeyPatch) -> None:
    """The audit file tells of what no record says yet."""
    told = settling._journal

    async def journal(work: Any, desk: Desk, *rest: Any) -> None:
        await told(work, desk, *rest)
        left = [one for one in desk.ordered() if one.audited < len(one.events)]
        if left:
            desk.put(await work.others.audit(work.store, left))

    patch.setattr(settling, "_journal", journal)


def takes_each_request_for_new(patch: pytest.MonkeyPatch) -> None:
    """Whoever asks again asks for something else."""
    patch.setattr(accepting, "_key", lambda _: secrets.token_hex(32))


def trusts_messages(patch: pytest.MonkeyPatch) -> None:
    """No timer looks after lines whose message was lost."""

    async def look_after_nothing(*_: Any) -> int:
        return 0

    patch.setattr(runs, "look_after_lines", look_after_nothing)
    patch.setattr(happening, "look_after_lines", look_after_nothing)


def takes_the_credit(patch: pytest.MonkeyPatch) -> None:
    """What is so already was done here."""
    real = Moment.verified

    def verified(moment: Moment, one: Any, said: str, *, already: Result) -> Any:
        mine = {Result.ALREADY_GRANTED: Result.GRANTED, Result.ALREADY_REVOKED: Result.REVOKED}
        return real(moment, one, said, already=mine.get(already, already))

    patch.setattr(Moment, "verified", verified)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mistake, what has to happen for it to show, and how long a history it takes."""

    apply: Apply
    actions: Mapping[Action, int] = field(
        default_factory=lambda: MappingProxyType({happening.ask: 3, happening.deliver: 2})
    )
    length: int = 6
    first: int = 0
    """The first seed."""


_DEATHS: Mapping[Action, int] = MappingProxyType({happening.ask: 1, happening.kill: 2})
_STALLS: Mapping[Action, int] = MappingProxyType({happening.ask: 1, happening.lose_the_lease: 2})
_AGAIN: Mapping[Action, int] = MappingProxyType({happening.ask: 1, happening.ask_again: 1})
_LOST: Mapping[Action, int] = MappingProxyType({happening.ask: 1, happening.lose: 1})

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(writes_without_intent, MappingProxyType({certain.die_having_written: 1}), length=1),
    Mutation(believes_in_its_lease, _STALLS),
    Mutation(forgets_the_scope, MappingProxyType({certain.revoke_at_a_scope: 1}), length=1),
    Mutation(fails_together, MappingProxyType({certain.join_meanwhile: 1}), length=1),
    Mutation(does_not_look, MappingProxyType({certain.fail_the_write: 1}), length=1),
    Mutation(leaves_the_line_first, _DEATHS),
    Mutation(keeps_no_ends),
    Mutation(serves_the_last_first, first=1),
    Mutation(dry_runs_are_wet),
    Mutation(audits_first, MappingProxyType({certain.die_having_told: 1}), length=1),
    Mutation(takes_each_request_for_new, _AGAIN),
    Mutation(trusts_messages, _LOST, length=3),
    Mutation(takes_the_credit),
)
