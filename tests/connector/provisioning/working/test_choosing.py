"""Whose turn it is, of any operations in any state."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from connector.provisioning.working.choosing import choose, in_order, nameless
from connector.provisioning.working.limits import ALONE_AFTER_DEATHS
from connector.storage.operation_ids import bundle_id, operation_id, request_id
from connector.storage.records import SCHEMA_VERSION, Bundle, Operation, Place, Status
from tests.support.operations import NOW, SOMEBODY, group, person, wanted

BUNDLE = bundle_id(request_id(NOW, "0" * 8), 1)


def made(number: int, status: Status, who: int | None, wait: int | None, died: int) -> Operation:
    """An operation as some attempt has left it. ``wait``: minutes until it goes on."""
    return Operation(
        id=operation_id(BUNDLE, number),
        wanted=wanted(),
        requester=SOMEBODY,
        accepted_at=NOW,
        status=status,
        principal_id=person(who) if who is not None else None,
        not_before=NOW + timedelta(minutes=wait) if wait is not None else None,
        died=died,
    )


states = st.tuples(
    st.sampled_from(list(Status)),
    st.one_of(st.none(), st.integers(0, 3)),
    st.one_of(st.none(), st.integers(-2, 2)),
    st.integers(0, 3),
)
lines = st.lists(states, max_size=12).map(lambda all_: [made(number, *one) for number, one in enumerate(all_, 1)])


@given(lines, st.integers(1, 4))
def test_the_oldest_of_each_principal_and_nobody_past_one_who_waits(line: list[Operation], most: int) -> None:
    chosen = choose(line, NOW, most).now

    assert len(chosen) <= most
    assert len({one.principal_id for one in chosen}) == len(chosen)
    for one in chosen:
        assert one.status.open
        assert one.not_before is None or one.not_before <= NOW
        for before in line[: line.index(one)]:
            if before.status.open and not is_for_later(before):
                assert before.principal_id not in (None, one.principal_id)


@given(lines)
def test_what_has_died_before_goes_alone_and_last(line: list[Operation]) -> None:
    chosen = choose(line, NOW, 400).now

    if any(one.died >= ALONE_AFTER_DEATHS for one in chosen):
        assert len(chosen) == 1
        calm = [replace(one, died=0) for one in line]
        allowed = {one.id for one in choose(calm, NOW, 400).now}
        assert not [one for one in line if one.id in allowed and one.died < ALONE_AFTER_DEATHS]


@given(lines)
def test_a_line_is_never_stuck(line: list[Operation]) -> None:
    """While anything is open, somebody may go on, or must first be found, or a time is known at which that is so."""
    if any(one.status.open for one in line):
        choice = choose(line, NOW, 400)
        assert choice.now or choice.next_at or nameless(line, NOW, 1)


@given(lines, st.data())
def test_what_is_revived_stands_where_its_own_place_is(line: list[Operation], data: st.DataObject) -> None:
    bundle = Bundle(schema_version=SCHEMA_VERSION, id=BUNDLE, entitlement=group(), operations=tuple(line))
    revived = data.draw(st.lists(st.sampled_from([one.id for one in line]), unique=True)) if line else []
    places = [Place(id=id_, at=NOW) for id_ in (BUNDLE, *revived)]
    found = [one.id for one in in_order(places, {BUNDLE: bundle})]

    assert found == [one.id for one in line if one.id not in revived] + revived


def is_for_later(one: Operation) -> bool:
    return one.status is Status.SCHEDULED and one.not_before is not None and one.not_before > NOW
