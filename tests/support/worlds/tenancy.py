"""An emulated tenant behind Graph that can be put back to where it was, time included."""

from __future__ import annotations

import sqlite3

from emulators.graph import GraphEmulator, Variants


class Tenancy:
    """The tenant of ``graph`` as it is now, to go back to.

    Going back costs a copy of a small database, where a new emulator would cost a certificate and a server, and would not know
    the delta links that the old one gave.
    """

    def __init__(self, graph: GraphEmulator) -> None:
        self._graph = graph
        self._saved = sqlite3.connect(":memory:", check_same_thread=False)
        with graph.tenant.lock:
            graph.tenant.db.backup(self._saved)

    def go_back(self) -> None:
        """Put everything back: state, time, faults, variants, and what was reset."""
        with self._graph.tenant.lock:
            self._saved.backup(self._graph.tenant.db)
        self._graph.variants = Variants()
        self._graph.rewind()
