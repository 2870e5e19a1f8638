"""An emulated Entra tenant: its state, and the verbs that change it."""

from __future__ import annotations

import random
import uuid
from pathlib import Path
from typing import Self

from emulators.graph.tenant.verbs import Verbs


class Tenant(Verbs):
    """A tenant. Make one with :meth:`empty`, or with :func:`emulators.graph.tenant.generator.generate`."""

    @classmethod
    def empty(cls, seed: int = 0, *, path: Path | None = None) -> Self:
        """A tenant in which there is only the connector's own registration.

        Args:
            seed: the same seed gives the same ids.
            path: where the database is kept; in memory where it is None.
        """
        tenant = cls(path)
        rng = random.Random(f"tenant-{seed}")

        def guid() -> str:
            return str(uuid.UUID(int=rng.getrandbits(128), version=4))

        for name, value in (
            ("id", guid()),
            ("display_name", "Contoso"),
            ("domain", "contoso.onmicrosoft.com"),
            ("created_at", "2019-02-04T09:12:00Z"),
            ("client_id", guid()),
            ("client_secret", f"emulated~{rng.getrandbits(160):040x}"),
            ("entra_id_p1", "true"),
            ("entra_id_p2", "true"),
            ("users", "0"),
            ("seed", str(seed)),
        ):
            tenant.set_fact(name, value)
        return tenant
