"""``audit``: whether the file is whole, and what is in it."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from typer.testing import Result

from connector.provisioning.audit.writing import AuditTrail
from connector.settings import Settings
from connector.storage import Store
from tests.support.journals import in_storage
from tests.support.operated import NOON, bundle_of, operation

Run = Callable[..., Result]
FILE = f"{NOON:%Y-%m-%d}"


@pytest.fixture
def audited(deployed: Settings) -> Settings:
    """Two operations and their lines."""

    async def write(store: Store) -> None:
        for one in await AuditTrail(now=lambda: NOON).append(store, [operation(1), operation(2)]):
            await store.operations.create_bundle(bundle_of(one))

    in_storage(deployed, write)
    return deployed


def tamper(settings: Settings) -> None:
    async def write(store: Store) -> None:
        data = await store.audit.read_all(FILE)
        await store.audit._blobs.write(store.audit._names.audit_file(FILE), data.replace(b"someone.2", b"someone.3"))

    in_storage(settings, write)


def test_what_is_as_it_was_written_is_said_to_be(run: Run, audited: Settings) -> None:
    shown = run("audit", "verify")

    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[:2] == [
        "10 lines in 1 file, 10 events of operations. 2 operations on record.",
        "Everything is as it was written.",
    ]
    told = json.loads(run("audit", "verify", "--json").stdout)
    assert (told["found"], told["last_number"], len(told["last_hash"])) == (0, 10, 64)


def test_the_first_thing_that_is_wrong_is_named(run: Run, audited: Settings) -> None:
    tamper(audited)

    shown, as_json = run("audit", "verify"), run("audit", "verify", "--json")

    assert (shown.exit_code, as_json.exit_code) == (9, 9)
    assert f"{FILE}.jsonl, line 6: It was altered: what it says is not what its hash stands for." in shown.stdout
    first = json.loads(as_json.stdout)["problems"][0]
    assert (first["file"], first["line"], first["operation"]) == (FILE, 6, operation(2).id)


def test_before_anything_has_happened_there_is_nothing_wrong(run: Run, deployed: Settings) -> None:
    assert run("audit", "verify").exit_code == 0
    assert run("audit", "show").stderr == "No such lines.\n"


def test_lines_can_be_read(run: Run, audited: Settings) -> None:
    lines = run("audit", "show").stdout.splitlines()
    of_one = run("audit", "show", "--operation", operation(2).id, "--json").stdout.splitlines()

    assert len(lines) == 10
    assert "someone.1@contoso.com, asked for by function key: Granted." in lines[4]
    assert [json.loads(line)["line"]["event"] for line in of_one] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("command", ["verify", "show"])
def test_each_explains_itself(run: Run, command: str) -> None:
    text = run("audit", command, "--help", env={"COLUMNS": "300"}).stdout

    assert f"Example: python -m connector audit {command}" in text
    assert "--since" in text
