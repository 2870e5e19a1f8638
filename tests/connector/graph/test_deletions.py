"""No request that deletes an object leaves the connector where only a reference to it was meant."""

from __future__ import annotations

import ast
import asyncio
from pathlib import Path

import pytest

from connector.graph.deletions import check_deletion
from connector.graph.session import GraphSession
from connector.graph.write_batch import Change, write_many
from connector.graph.writing import write
from connector.settings import Settings
from emulators.graph import GraphEmulator
from emulators.graph.tenant.generator import generate

CONNECTOR = Path(__file__).parents[3] / "connector"
GROUP, USER = "00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002"
DEADLY = [
    f"/groups/{GROUP}/members/{USER}",
    f"/groups/{GROUP}/owners/{USER}",
    f"/groups/{GROUP}/members/{USER}/",
    f"/groups/{GROUP}/members/{USER}?$ref",
    f"/groups/{GROUP}/members/{USER}?x=/$ref",
    f"/groups/{GROUP}/Members/{USER}",
    f"/groups/{GROUP}/%6Dembers/{USER}",
    f"/groups/{GROUP}/members%2F{USER}",
    f"/groups/{GROUP}/members('{USER}')",
    f"/groups/{GROUP}/members/microsoft.graph.user/{USER}",
    f"/groups('{GROUP}')/members/{USER}",
    f"/servicePrincipals/{GROUP}/owners/{USER}",
    f"groups/{GROUP}/members/{USER}",
]


@pytest.fixture(scope="module")
def emulator():
    with GraphEmulator(generate(users=0, seed=4)) as graph:
        yield graph


def sent(emulator, send):
    settings = Settings.load({**emulator.environment(), "AzureWebJobsStorage": "unused"})

    async def run():
        async with GraphSession(settings) as session:
            return await send(session)

    emulator.metrics.reset()
    with pytest.raises(ValueError, match="would delete the object itself"):
        asyncio.run(run())
    return emulator.metrics.requests


@pytest.mark.parametrize("path", DEADLY)
def test_what_would_delete_the_member_is_not_sent(emulator, path):
    assert sent(emulator, lambda session: write(session, "DELETE", path)) == 0
    assert sent(emulator, lambda session: write(session, "delete", path)) == 0


@pytest.mark.parametrize("path", DEADLY)
def test_nor_is_a_batch_with_such_a_request_among_others(emulator, path):
    changes = {"fine": Change("DELETE", f"/groups/{GROUP}/members/{USER}/$ref"), "deadly": Change("DELETE", path)}
    assert sent(emulator, lambda session: write_many(session, changes)) == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", f"/groups/{GROUP}/members/{USER}/$ref"),
        ("DELETE", f"/groups/{GROUP}/owners/{USER}/$ref"),
        ("DELETE", f"/groups/{GROUP}/members/{USER}/$ref?x=1"),
        ("DELETE", "/subscriptions/1"),
        ("DELETE", "/roleManagement/directory/roleAssignments/1"),
        ("GET", f"/groups/{GROUP}/members/{USER}"),
        ("POST", f"/groups/{GROUP}/members/$ref"),
    ],
)
def test_anything_else_is(method, path):
    check_deletion(method, path)


def test_only_these_modules_make_requests_that_delete():
    """Everything else that is sent by name is read or set; a new one has to be looked at by people."""
    assert {module for module, _ in _mentions("DELETE")} == {
        "graph/deletions.py",
        "provisioning/kinds/group_references.py",
        "provisioning/kinds/role_planning.py",
        "setup/doing.py",  # a grant of a permission, which is an object of its own
        "subscriptions/reconciling.py",
    }


def test_every_request_leaves_by_one_door():
    """The adapter sends in one place, to which writes come only through ``attempt``, which checks them."""
    assert [module for module, _ in _calls("send_primitive_async")] == ["graph/session.py"]
    assert {module for module, _ in _calls("attempt")} == {
        "graph/writing.py",
        "graph/write_batch.py",
        "sync/publishing/publish.py",  # of publishing, not of a session
    }


def _mentions(text):
    return [
        (module, node)
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value == text
    ]


def _calls(name):
    return [
        (module, node)
        for module, tree in _modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def _modules():
    for path in sorted(CONNECTOR.rglob("*.py")):
        yield path.relative_to(CONNECTOR).as_posix(), ast.parse(path.read_text(encoding="utf-8"))
