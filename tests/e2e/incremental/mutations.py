"""Mistakes that could be made in the incremental path, each applied in memory: what finds none of them would prove nothing."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

import pytest
from msgspec.structs import replace

from connector.access.delta import put_together
from connector.graph.paging import pages as real_pages
from connector.incremental import service
from connector.incremental.coalescing import take_along
from connector.incremental.commit import Batch, commit
from connector.incremental.deriving import stating
from connector.incremental.deriving.replacing import replace as replace_rows
from connector.incremental.tracking import applications, chains, deltas, groups, users
from connector.incremental.tracking.collected import Collected
from connector.journal import feed
from connector.storage import Store
from connector.storage import store as storing
from connector.storage.journal import decode_segment
from connector.sync.publishing import building
from tests.support.worlds import actions as happening
from tests.support.worlds import certain
from tests.support.worlds.actions import Action

_DERIVE = import_module("connector.incremental.deriving.derive")  # as names, both are something else
_ROUND = import_module("connector.incremental.round")

Apply = Callable[[pytest.MonkeyPatch], None]


def skips_a_page(patch: pytest.MonkeyPatch) -> None:
    """The second page of every delta chain is not read."""

    async def pages(*args: Any, **kwargs: Any) -> AsyncIterator[Any]:
        number = 0
        async for page in real_pages(*args, **kwargs):
            number += 1
            yield replace(page, value=[]) if number == 2 else page

    patch.setattr(chains, "pages", pages)


def swallows_removed(patch: pytest.MonkeyPatch) -> None:
    """Objects that delta says are removed stay."""
    patch.setattr(
        deltas, "put_together", lambda items: put_together([item for item in items if "@removed" not in item])
    )


def drops_member_deletions(patch: pytest.MonkeyPatch) -> None:
    """Who is no longer a member stays one."""
    real = groups._relate

    def relate(group_id: str, relation: str, related: Any, collected: Any) -> None:
        related.ended.clear()
        real(group_id, relation, related, collected)

    patch.setattr(groups, "_relate", relate)


def ignores_what_newcomers_belong_to(patch: pytest.MonkeyPatch) -> None:
    """Who comes back comes back alone."""

    async def read_relations(*_: Any) -> dict[str, str]:
        return {}

    for module in (users, groups, applications):
        patch.setattr(module, "read_relations", read_relations)


def forgets_what_inherits(patch: pytest.MonkeyPatch) -> None:
    """Inherited grants stay as they were."""
    patch.setattr(_DERIVE, "inherit", lambda *_: False)


def never_takes_away(patch: pytest.MonkeyPatch) -> None:
    """What a comparison does not find any more stays."""

    def keep(database: Any, table: Any, replaced: Any, settings: Any) -> Any:
        return replace_rows(database, table, [one for one in replaced if one.column], settings)

    patch.setattr(stating, "replace", keep)


def spares_too_much(patch: pytest.MonkeyPatch) -> None:
    """Only what is said of a license state is taken, and never what is no longer said."""
    real = Collected.replace

    def add(collected: Any, table: str, column: str, id_: str, rows: Any = ()) -> None:
        if table == "license_states":
            collected.state(table, *rows)
        else:
            real(collected, table, column, id_, rows)

    patch.setattr(Collected, "replace", add)


def moves_the_cursor_first(patch: pytest.MonkeyPatch) -> None:
    """The cursor is in force before what it brought."""

    async def first_the_cursor(context: Any, held: Any, batch: Batch) -> Any:
        moved = batch.moved(held.record, new=True)
        if moved and batch.still_counts(held.record):
            held = await context.store.replace_current(
                replace(held.record, cursors={**held.record.cursors, **moved}), held
            )
            batch = dataclasses.replace(batch, since=held.record)
        return await commit(context, held, batch)

    patch.setattr(_ROUND, "commit", first_the_cursor)


def ignores_the_fence(patch: pytest.MonkeyPatch) -> None:
    """What was read from a cursor that somebody else has moved since counts all the same."""
    patch.setattr(Batch, "still_counts", lambda *_: True)


def overwrites_blindly(patch: pytest.MonkeyPatch) -> None:
    """``current.json`` is written whatever is there by now."""
    real = Store.replace_current

    async def overwrite(store: Store, current: Any, held: Any) -> Any:
        return await real(store, current, await store.current() if held else held)

    patch.setattr(Store, "replace_current", overwrite)


def goes_on_from_a_lost_cursor(patch: pytest.MonkeyPatch) -> None:
    """Where Graph forgot a delta link, nothing has changed."""
    real = chains.follow

    async def follow(session: Any, cursor: str) -> Any:
        try:
            return await real(session, cursor)
        except chains.CursorLost:
            return chains.Chain(link=cursor)

    patch.setattr(deltas, "follow", follow)


def asks_for_no_full_sync(patch: pytest.MonkeyPatch) -> None:
    """That a cursor is lost is noted, and that is all."""
    patch.setattr(_ROUND, "lost_cursors", lambda _: None)


def forgets_what_rounds_learned(patch: pytest.MonkeyPatch) -> None:
    """A full sync publishes what it has listed, whatever the journal said meanwhile."""
    patch.setattr(building, "overlay_touched", lambda *_: None)


def forgets_who_was_removed(patch: pytest.MonkeyPatch) -> None:
    """What is removed leaves no tombstone."""
    patch.setattr(stating._Statement, "_erect_tombstones", lambda _: None)


def takes_unread_for_gone(patch: pytest.MonkeyPatch) -> None:
    """A list that could be read but for some of its rows is taken for all there is."""

    def take(database: Any, table: Any, replaced: Any, settings: Any) -> Any:
        whole = [dataclasses.replace(one, but=frozenset()) for one in replaced]
        return replace_rows(database, table, whole, settings)

    patch.setattr(stating, "replace", take)


def loses_what_it_takes_along(patch: pytest.MonkeyPatch) -> None:
    """Messages that a round takes along are deleted, and that is all."""

    async def lose(store: Store, ask: Any) -> Any:
        return ask, (await take_along(store, ask))[1]

    patch.setattr(service, "take_along", lose)


def skips_in_the_feed(patch: pytest.MonkeyPatch) -> None:
    """A page of the feed leaves out its last change."""
    real = feed.changes_after

    async def shortened(*args: Any, **kwargs: Any) -> Any:
        page = await real(*args, **kwargs)
        return replace(page, changes=page.changes[:-1]) if len(page.changes) > 1 else page

    patch.setattr(feed, "changes_after", shortened)


def believes_any_segment(patch: pytest.MonkeyPatch) -> None:
    """A segment is what was committed, whatever its hash."""

    def decode(data: bytes, ref: Any, name: str, *, facts: bool) -> Any:
        return decode_segment(data, replace(ref, sha256=hashlib.sha256(data).hexdigest()), name, facts=facts)

    patch.setattr(storing, "decode_segment", decode)


@dataclass(frozen=True, slots=True)
class Mutation:
    """A mistake, what has to happen for it to show, and how many histories at most it takes."""

    apply: Apply
    actions: Mapping[Action, int] = field(
        default_factory=lambda: MappingProxyType({happening.change_tenant: 3, happening.deliver: 2})
    )
    length: int = 8
    first: int = 0
    """The first seed."""


_PAGES: Mapping[Action, int] = MappingProxyType({happening.change_tenant: 4, happening.small_pages: 1})
_RETURNS: Mapping[Action, int] = MappingProxyType({happening.come_and_go: 1})
_TOGETHER: Mapping[Action, int] = MappingProxyType({happening.overtake: 1})
_DAMAGE: Mapping[Action, int] = MappingProxyType({happening.come_and_go: 1, happening.damage: 2})
_IN_PART: Mapping[Action, int] = MappingProxyType({certain.read_in_part: 1})
_ANNOUNCED: Mapping[Action, int] = MappingProxyType({certain.announce_together: 1})
_DEATHS: Mapping[Action, int] = MappingProxyType({happening.change_tenant: 1, happening.kill_a_round: 1})
_FORGETTING: Mapping[Action, int] = MappingProxyType(
    {happening.change_tenant: 2, happening.forget: 1, happening.deliver: 1}
)

MUTATIONS: tuple[Mutation, ...] = (
    Mutation(skips_a_page, _PAGES),
    Mutation(swallows_removed, first=1),
    Mutation(drops_member_deletions),
    Mutation(ignores_what_newcomers_belong_to, _RETURNS, length=5),
    Mutation(forgets_what_inherits),
    Mutation(never_takes_away, first=2),
    Mutation(spares_too_much, first=2),
    Mutation(moves_the_cursor_first, _DEATHS, first=2),
    Mutation(ignores_the_fence, _TOGETHER, length=4),
    Mutation(overwrites_blindly, _TOGETHER, length=4),
    Mutation(goes_on_from_a_lost_cursor, _FORGETTING),
    Mutation(asks_for_no_full_sync, _FORGETTING),
    Mutation(forgets_what_rounds_learned, MappingProxyType({happening.overtake_a_sync: 1}), length=1),
    Mutation(forgets_who_was_removed, MappingProxyType({certain.newcomer_returns: 1}), length=1),
    Mutation(takes_unread_for_gone, _IN_PART, length=2),
    Mutation(loses_what_it_takes_along, _ANNOUNCED, length=3),
    Mutation(skips_in_the_feed),
    Mutation(believes_any_segment, _DAMAGE, length=4),
)
