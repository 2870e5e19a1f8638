"""The Python of ``docs/audit.md``, run as it stands there, on files that were really written."""

from __future__ import annotations

import re
import types
from datetime import timedelta
from pathlib import Path

from connector.provisioning.audit.lines import AuditLine
from connector.provisioning.audit.writing import AuditTrail
from connector.storage import Store
from connector.storage.records.operations import EventKind
from tests.connector.provisioning.audit.conftest import Run
from tests.connector.provisioning.audit.test_writing import Clock
from tests.support.operated import operation

PAGE = (Path(__file__).parents[4] / "docs" / "audit.md").read_text()


def checker() -> types.ModuleType:
    [code] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    module = types.ModuleType("checker")
    exec(compile(code, "docs/audit.md", "exec"), module.__dict__)  # noqa: S102 - it is the page that is tested
    return module


def test_the_checker_of_the_page_finds_what_was_altered_and_nothing_else(run: Run) -> None:
    async def write(store: Store) -> list[tuple[str, bytes]]:
        clock = Clock()
        trail = AuditTrail(now=clock, most_blocks=3)
        for number in range(6):
            await trail.append(store, [operation(number)])
            clock.at += timedelta(hours=5)
        return [(file, await store.audit.read_all(file)) for file in await store.audit.files()]

    files = run(write)
    verify = checker().verify

    assert len(files) > 2
    assert verify(files) == []
    name, content = files[1]
    altered = [files[0], (name, content.replace(b"answered 204", b"answered 404", 1)), *files[2:]]
    assert verify(altered) == [f"{name}, line 3"]
    shortened = [files[0], (name, b"".join(content.splitlines(keepends=True)[1:])), *files[2:]]
    assert verify(shortened) == [f"{name}, line 1"]
    assert verify([files[0], *files[2:]]) == [f"{files[2][0]}, line 1"]


def test_the_page_names_every_field_and_every_kind() -> None:
    table = PAGE[PAGE.index("| field |") : PAGE.index("Lines hold")]

    for name in (*AuditLine.__struct_fields__, "hash", *(kind.value for kind in EventKind)):
        assert f"`{name}`" in PAGE if name == "file" else f"`{name}`" in table, name
