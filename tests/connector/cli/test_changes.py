"""``changes``: one line for each, with names; what is hidden, chosen and refused; and how following ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from connector.settings import Settings
from connector.storage.records import Cause
from tests.support.contoso import CONTOSO, GLOBAL_ADMINISTRATOR
from tests.support.journals import Difference, appeared, became, commit, gone, in_storage, later, publish_sync

Run = Callable[..., Result]
TOP = Path(__file__).resolve().parents[3]
ADMIN = f"directory_role:{GLOBAL_ADMINISTRATOR}:assigned"
ANNA = next(row for row in CONTOSO["accounts"] if row["id"] == "a-anna")
SALES = next(row for row in CONTOSO["groups"] if row["id"] == "g-sales")
MARIA = {"id": "a-maria", "user_principal_name": "maria@contoso.com", "display_name": "Maria"}


def grant(entitlement: str, principal: str, **facts: Any) -> dict[str, Any]:
    kind, resource, _ = entitlement.split(":")
    return {
        "id": f"{entitlement}|{principal}",
        "entitlement_id": entitlement,
        "resource_kind": kind,
        "resource_id": resource,
        "principal_kind": "account",
        "principal_id": principal,
        **facts,
    }


MEMBER = grant("group:g-sales:member", "a-maria", source="direct", scope="/")
ELIGIBLE = grant(ADMIN, "a-anna", source="pim", scope="/administrativeUnits/x", scope_name="Nordics")
INHERITED = {
    **grant("group:g-all:member", "a-maria"),
    "grant_id": "group:g-all:member|g-sales",
    "path": ["g-sales"],
}
del INHERITED["id"]


@pytest.fixture
def journal(synced: Settings) -> Settings:
    """Maria comes, joins and goes; Anna becomes an administrator for a while."""

    async def work(store: Any) -> None:
        async def write(minute: float, cause: Cause, *differences: Difference) -> None:
            await commit(store, differences, at=later(minute), cause=cause)

        counted = became("groups", SALES, user_members=5)
        await write(1, Cause.NOTIFICATION, appeared("accounts", **MARIA))
        await write(2, Cause.DELTA, appeared("grants", **MEMBER), counted, appeared("inherited_grants", **INHERITED))
        await write(3, Cause.POLL, appeared("grants", **{**ELIGIBLE, "ends_at": "2026-02-01T00:00:00Z"}))
        await write(4, Cause.POLL, became("grants", {**ELIGIBLE, "ends_at": "2026-02-01T00:00:00Z"}, ends_at=None))
        await write(5, Cause.DELTA, became("accounts", ANNA, department="Sales", enabled=False))
        await write(6, Cause.FULL_SYNC, gone("accounts", **MARIA), gone("grants", **MEMBER))

    in_storage(synced, work)
    return synced


def lines(result: Result) -> list[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_one_line_for_each_change(run: Run, journal: Settings) -> None:
    result = run("changes", "--since", "0")

    assert lines(result) == [
        "2026-01-05 06:02:00         1  notification  account Maria (maria@contoso.com) appeared",
        "2026-01-05 06:03:00         2  delta         Maria (maria@contoso.com) gained group Sales (Member)",
        (
            "2026-01-05 06:04:00         5  poll          Anna Andersson (anna@contoso.com) gained directory role "
            "Global Administrator (Assigned) in Nordics, by PIM until 2026-02-01T00:00:00Z"
        ),
        (
            "2026-01-05 06:05:00         6  poll          Anna Andersson (anna@contoso.com) holds directory role "
            'Global Administrator (Assigned) in Nordics changed: ends_at "2026-02-01T00:00:00Z" → nothing'
        ),
        (
            "2026-01-05 06:06:00         7  delta         account Anna Andersson (anna@contoso.com) changed: "
            'department nothing → "Sales", enabled nothing → no'
        ),
        "2026-01-05 06:07:00         8  full_sync     account Maria (maria@contoso.com) is gone",
        "2026-01-05 06:07:00         9  full_sync     Maria (maria@contoso.com) lost group Sales (Member)",
    ]
    assert result.stderr == "2 more only follow from others; --inherited shows them.\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "No changes in the last day.\n"),
        (["--since", "9"], "No changes after sequence 9.\n"),
        (["--since", "2026-01-06"], "No changes since 2026-01-06 00:00:00 UTC.\n"),
        (["--since", "2", "--principal", "carl@contoso.com"], "No such changes after sequence 2.\n"),
        (["--since", "2", "--kind", "license"], "No such changes after sequence 2.\n"),
    ],
)
def test_that_nothing_has_changed_is_said(run: Run, journal: Settings, arguments: list[str], says: str) -> None:
    result = run("changes", *arguments)

    assert (lines(result), result.stderr) == ([], says)


def test_what_only_follows_can_be_shown(run: Run, journal: Settings) -> None:
    told = lines(run("changes", "--since", "2", "--inherited"))[:2]

    assert [one[45:] for one in told] == [
        "group Sales changed: user_members nothing → 5",
        "Maria (maria@contoso.com) gained group All staff (Member) through Sales",
    ]


@pytest.mark.parametrize(
    ("options", "sequences"),
    [
        (["--kind", "directory_role"], [5, 6]),
        (["--kind", "account"], [1, 7, 8]),
        (["--kind", "group", "--inherited"], [2, 3, 4, 9]),
        (["--kind", "grant", "--kind", "account"], [1, 2, 5, 6, 7, 8, 9]),
        (["--principal", "anna@contoso.com"], [5, 6, 7]),
        (["--principal", "Maria"], [1, 2, 8, 9]),
        (["--principal", "a-maria", "--kind", "grant", "--inherited"], [2, 4, 9]),
        (["--principal", "a-carl"], []),
        (["--principal", "Maria", "--kind", "license"], []),
    ],
)
def test_some_can_be_chosen(run: Run, journal: Settings, options: list[str], sequences: list[int]) -> None:
    told = lines(run("changes", "--since", "0", "--json", *options))

    assert [json.loads(one)["sequence"] for one in told] == sequences


def test_a_line_of_json_has_names_and_the_whole_rows(run: Run, journal: Settings) -> None:
    [told] = lines(run("changes", "--since", "5", "--principal", "anna@contoso.com", "--kind", "grant", "--json"))

    assert json.loads(told) == {
        "sequence": 6,
        "seen_at": "2026-01-05T06:05:00Z",
        "cause": "poll",
        "event": "changed",
        "subject": {"kind": "account", "id": "a-anna", "name": "Anna Andersson", "detail": "anna@contoso.com"},
        "resource": {
            "kind": "directory_role",
            "id": GLOBAL_ADMINISTRATOR,
            "name": "Global Administrator",
            "detail": GLOBAL_ADMINISTRATOR,
        },
        "entitlement": "Assigned",
        "through": [],
        "differs": {"ends_at": ["2026-02-01T00:00:00Z", None]},
        "follows": False,
        "table": "grants",
        "key": [ELIGIBLE["id"]],
        "before": {**ELIGIBLE, "ends_at": "2026-02-01T00:00:00Z"},
        "after": {**ELIGIBLE, "ends_at": None},
    }


def test_what_we_did_ourselves_names_the_operation(run: Run, journal: Settings) -> None:
    async def work(store: Any) -> None:
        await commit(store, [gone("groups", **SALES)], at=later(9), cause=Cause.OPERATION, operations=("o-1",))

    in_storage(journal, work)
    [plain], [told] = lines(run("changes", "--since", "9")), lines(run("changes", "--since", "9", "--json"))

    assert plain[31:] == "operation     group Sales is gone  [operation o-1]"
    assert json.loads(told)["operations"] == ["o-1"]


def test_since_a_moment(run: Run, journal: Settings) -> None:
    assert len(lines(run("changes", "--since", "2026-01-05T06:06"))) == 2


def test_without_since_the_last_day_or_what_there_is_of_it(run: Run, journal: Settings) -> None:
    async def work(store: Any) -> None:
        now = datetime.now(UTC)
        await commit(store, [gone("groups", **SALES)], at=now - timedelta(minutes=1))

    assert lines(run("changes")) == []
    in_storage(journal, work)
    assert [one[45:] for one in lines(run("changes"))] == ["group Sales is gone"]


@pytest.mark.parametrize(
    ("since", "code", "kind", "says"),
    [
        ("10", 5, "cannot_follow", "There is no sequence 10 yet: the journal ends with 9. Begin anew with"),
        ("2026-01-01", 5, "before_history", "history begins at 2026-01-05 06:01:00 UTC"),
    ],
)
def test_where_nothing_can_be_told_from_it_is_said(
    run: Run, journal: Settings, *, since: str, code: int, kind: str, says: str
) -> None:
    shown, as_json = run("changes", "--since", since), run("changes", "--since", since, "--json")

    assert (shown.exit_code, as_json.exit_code) == (code, code)
    assert says in shown.stderr
    assert json.loads(as_json.stdout)["error"]["kind"] == kind


def test_a_time_that_is_not_understood_is_wrong_usage(run: Run, journal: Settings) -> None:
    result = run("changes", "--since", "lately")

    assert result.exit_code == 2
    assert "is no time" in " ".join(result.stderr.replace("│", " ").split())


def test_somebody_whom_nothing_knows_is_not_found(run: Run, journal: Settings) -> None:
    result = run("changes", "--since", "0", "--principal", "nobody@contoso.com")

    assert (result.exit_code, result.stdout) == (5, "")
    assert "nobody@contoso.com" in result.stderr


def test_names_of_the_tenant_cannot_steer_a_terminal(run: Run, journal: Settings) -> None:
    async def work(store: Any) -> None:
        await commit(store, [appeared("groups", id="g-x", display_name="Evil\x1b[2J\nname")], at=later(9))

    in_storage(journal, work)

    assert [one[45:] for one in lines(run("changes", "--since", "9"))] == ["group Evil [2J name appeared"]


def test_json_does_not_steer_terminals_either(run: Run, journal: Settings) -> None:
    name = "Evil\x1b[2J\x9b2J\u202ename"

    async def work(store: Any) -> None:
        await commit(store, [appeared("groups", id="g-x", display_name=name)], at=later(9))

    in_storage(journal, work)
    [told] = lines(run("changes", "--since", "9", "--json"))

    assert told.isprintable()
    assert json.loads(told)["subject"]["name"] == name


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Processes started here get SIGINT, even where the tests themselves were started without, as a shell's background jobs are."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.skipif(os.name == "nt", reason="signals are POSIX's")
@pytest.mark.usefixtures("interruptible")
def test_following_shows_what_comes_goes_on_over_what_began_anew_and_ends_cleanly(journal: Settings) -> None:
    async def one_more(store: Any) -> None:
        await commit(store, [gone("groups", **SALES)], at=later(10))

    async def anew(store: Any) -> None:
        await publish_sync(store, "20260105T120000Z-two", at=later(20), continuous=False)
        await commit(store, [appeared("groups", id="g-new")], at=later(30))

    command = [sys.executable, "-m", "connector", "changes", "--since", "8", "--follow", "--json"]
    with subprocess.Popen(
        command, cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    ) as following:
        assert following.stdout
        assert following.stderr
        try:
            assert json.loads(following.stdout.readline())["sequence"] == 9
            in_storage(journal, one_more)
            assert json.loads(following.stdout.readline())["subject"]["name"] == "Sales"
            in_storage(journal, anew)
            assert json.loads(following.stdout.readline())["sequence"] == 12
            following.send_signal(signal.SIGINT)
            assert following.wait(60) == 0
            assert following.stderr.read() == (
                "Following the journal. Ctrl-C ends it.\n"
                "A new snapshot, 20260105T120000Z-two, has begun anew: what it changed is not told.\n"
            )
        finally:
            following.kill()
