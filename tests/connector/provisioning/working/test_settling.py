"""What follows once operations have ended, wherever it is interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from connector.provisioning.provisioner import Provisioner
from connector.provisioning.working.context import Collaborators
from connector.settings import Settings
from connector.storage import Store
from connector.storage.names import line_name
from connector.storage.records import Operation
from tests.support.dying import Killed
from tests.support.fake_kind import Tenant, _open_graph
from tests.support.operations import ask, everything, group, in_deployment, wanted


def test_what_the_audit_file_tells_is_in_the_record_whoever_dies_when(storage_account: str) -> None:
    told: dict[tuple[str, int], Any] = {}
    tenant, dies = Tenant(), True

    async def audit(_store: Any, operations: Sequence[Operation]) -> list[Operation]:
        """Tells of what is new, and the process dies before that can be noted."""
        for one in operations:
            for number in range(one.audited, len(one.events)):
                assert told.setdefault((one.id, number), one.events[number]) == one.events[number]
        if dies:
            raise Killed
        return [replace(one, audited=len(one.events)) for one in operations]

    def process() -> Provisioner:
        others = Collaborators(lambda _: tenant, tenant._resolve, tenant._journal, audit, _open_graph)
        return Provisioner(collaborators=others)

    async def test(store: Store, settings: Settings) -> None:
        nonlocal dies
        await ask(store.operations, settings, wanted())
        message = f'{{"line":"{line_name(group())}"}}'
        with pytest.raises(Killed):
            await process().take_message(settings, message)
        dies = False
        await process().take_message(settings, message)
        (one,) = await everything(store)
        assert [told[one.id, number] for number in range(len(one.events))] == list(one.events)

    in_deployment(storage_account, test)
