"""``status`` of what follows the snapshot: the journal, rounds, and what is wrong with either."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from typer.testing import Result

from connector.settings import Settings
from connector.storage.records import CredentialFacts, Cursor, KindRound, Rounds, Traffic
from connector.storage.records.consents import Connection
from tests.support.contoso import CONTOSO
from tests.support.journals import appeared, commit, in_storage, later

Run = Callable[..., Result]


@pytest.fixture
def followed(synced: Settings) -> Settings:
    """Contoso with two commits after its snapshot, and rounds that go on."""

    async def work(store: Any) -> None:
        await commit(store, [appeared("groups", id="1"), appeared("groups", id="2")], at=later(1))
        await commit(store, [appeared("groups", id="3")], at=later(2))
        kinds = {"users": KindRound(read_at=later(3), changed_at=later(2)), "apps": KindRound(problem="403 Forbidden.")}
        rounds = Rounds(
            updated_at=later(3),
            since=later(0),
            kinds=kinds,
            rounds=7,
            traffic=Traffic(requests=21, resource_units=42),
        )
        await store.replace_rounds(rounds, None)

    in_storage(synced, work)
    return synced


def told(run: Run, code: int) -> tuple[str, dict[str, Any]]:
    shown, as_json = run("status"), run("status", "--json")
    assert (shown.exit_code, as_json.exit_code) == (code, code), shown.output
    return shown.stdout, json.loads(as_json.stdout)


def test_how_far_the_journal_is_and_what_rounds_do(run: Run, followed: Settings) -> None:
    shown, answer = told(run, 0)

    assert "Journal: sequence 3, 3 changes in 2 commits since the snapshot, the last" in shown
    assert "Rounds: 7 since 2026-01-05 06:01 UTC, 21 requests, 42 resource units" in shown
    assert "last notification: never" in shown
    assert "apps\t\t\t403 Forbidden.\nusers\t2026-01-05 06:04:00\t2026-01-05 06:03:00\t\n" in shown
    assert answer["snapshot"]["tables"]["groups"] == len(CONTOSO["groups"])
    journal = answer["journal"]
    assert (journal["head"], journal["changes"], journal["segments"], journal["damage"]) == (3, 3, 2, None)
    assert journal["committed_at"] == "2026-01-05T06:03:00Z"
    assert answer["rounds"]["kinds"]["apps"]["problem"] == "403 Forbidden."


def test_a_damaged_journal_is_in_the_exit_code(run: Run, followed: Settings) -> None:
    async def work(store: Any) -> None:
        current = (await store.current()).record
        await store.remove_segment(store.segment_name(current.segments[1]))

    in_storage(followed, work)

    shown, answer = told(run, 4)

    assert "The journal is damaged at sequence 3" in shown
    assert "Run a full sync" in answer["journal"]["damage"]
    refused = run("access", "a-anna", "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["kind"]) == (1, "journal_damaged")


def test_a_kind_that_is_not_followed_is_in_the_exit_code(run: Run, followed: Settings) -> None:
    async def work(store: Any) -> None:
        held = await store.current()
        lost = Cursor(link="https://x", taken_at=later(0), fingerprint="", lost="Graph no longer knows it (410).")
        fine = msgspec.structs.replace(lost, lost=None)
        await store.replace_current(msgspec.structs.replace(held.record, cursors={"groups": lost, "users": fine}), held)

    in_storage(followed, work)

    shown, answer = told(run, 4)

    assert "Not followed until the next full sync: groups. Graph no longer knows it (410)." in shown
    assert answer["journal"]["lost"] == {"groups": "Graph no longer knows it (410)."}


def test_rounds_that_cannot_go_on_are_in_the_exit_code(run: Run, followed: Settings) -> None:
    async def work(store: Any) -> None:
        held = await store.rounds()
        await store.replace_rounds(msgspec.structs.replace(held.record, problem="The secret has expired."), held)

    in_storage(followed, work)

    assert "Rounds cannot go on. The secret has expired." in told(run, 4)[0]


def test_access_as_of_a_moment_says_which_state_that_is(run: Run, followed: Settings) -> None:
    now, before = run("access", "3", "--json"), run("access", "3", "--at", "2026-01-05T06:02:30Z", "--json")
    there = run("holders", "1", "--at", "2026-01-05T06:02:30Z")

    assert now.exit_code == 0
    assert before.exit_code == 5
    assert there.exit_code == 0
    assert there.stderr.splitlines()[0] == (
        "As of 2026-01-05 06:02:30 UTC: the state of 2026-01-05 06:02:00 UTC, sequence 2"
    )
    assert run("access", "3", "--at", "2026-01-05").exit_code == 5
    assert run("access", "3", "--at", "soon").exit_code == 2


@pytest.mark.parametrize(
    ("left", "warning"),
    [
        (timedelta(days=400), None),
        (timedelta(days=12, hours=1), "in 12 days. Replace it before."),
        (timedelta(hours=-1), "has expired on"),
        (None, None),
    ],
)
def test_what_is_signed_in_with_and_when_that_ends(
    run: Run, followed: Settings, left: timedelta | None, warning: str | None
) -> None:
    ends = datetime.now(UTC).replace(microsecond=0) + left if left is not None else None
    described = "client secret from connector in Key Vault contoso-kv.vault.azure.net"
    facts = CredentialFacts(auth="client_secret", described=described, expires_at=ends, noted_at=later(0))
    in_storage(followed, lambda store: store.write_credential(facts))

    shown, answer = told(run, 0)

    until = f", until {ends:%Y-%m-%d %H:%M} UTC" if ends else ""
    assert f"Signs in with: {described}{until}\n" in shown
    assert answer["credential"]["described"] == described
    if warning is None:
        assert "Warning:" not in shown
        assert answer["credential"]["warning"] is None
    else:
        assert warning in shown
        assert warning in answer["credential"]["warning"]


@pytest.mark.parametrize(
    ("permissions", "missing", "said"),
    [
        (("User.Read.All", "Group.Read.All"), (), ", 2 permissions\n"),
        (("User.Read.All",), ("Group.Read.All",), ", 1 permission; missing then: Group.Read.All\n"),
        (None, (), "11\n"),
    ],
)
def test_what_was_granted_when_consent_was_last_seen(
    run: Run, followed: Settings, permissions: tuple[str, ...] | None, missing: tuple[str, ...], said: str
) -> None:
    client = "7a1c5a52-6d3c-4f0e-9a35-0c7f1e6f2b11"
    connection = Connection(proved_at=later(0), client_id=client, permissions=permissions, missing=missing)
    in_storage(followed, lambda store: store.consents.replace_connection(connection, None))

    shown, answer = told(run, 0)

    assert f"Consent: seen at {later(0):%Y-%m-%d %H:%M} UTC for application {client}" in shown
    assert said in shown
    assert answer["connection"]["client_id"] == client


@pytest.mark.parametrize("document", ["credential", "connection"])
def test_a_document_that_another_version_wrote_hides_nothing_else(run: Run, followed: Settings, document: str) -> None:
    async def work(store: Any) -> None:
        await store._blobs.write(getattr(store._names, document), b'{"auth": "moonlight"}')

    in_storage(followed, work)

    shown, answer = told(run, 0)

    assert "Journal: sequence 3" in shown
    assert answer[document] is None
