"""Changes as sentences, down to the words that published snapshots use."""

from __future__ import annotations

from datetime import UTC, datetime

from connector.cli.sentences import sentence
from connector.query.subjects import Subject
from connector.query.telling import Event, ToldChange
from connector.storage.records import Cause


def test_an_entitlement_that_is_named_after_its_resource_does_not_name_it_twice() -> None:
    told = ToldChange(
        sequence=1,
        seen_at=datetime(2026, 11, 23, tzinfo=UTC),
        cause=Cause.DELTA,
        event=Event.GAINED,
        subject=Subject(kind="account", id="a", name="Maria"),
        resource=Subject(kind="group", id="g", name="Sales"),
        entitlement="Sales Member",
        through=(),
        differs={},
        follows=False,
        table="grants",
        key=("group:g:member|a",),
        before=None,
        after={"scope": "/"},
    )

    assert sentence(told) == "Maria gained group Sales (Member)"
