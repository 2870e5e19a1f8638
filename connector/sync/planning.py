"""What a sync does next, decided from the checkpoints alone: no I/O, no clock, no memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.settings import Settings
from connector.storage.records import Checkpoint, KindFacts, KindProgress, UnitState

if TYPE_CHECKING:
    from connector.sync.kinds.reader import Reader


@dataclass(frozen=True, slots=True)
class NewUnit:
    """A unit that can begin. ``inputs``: the parent's staged part that it belongs to, as ``unit/part name``."""

    unit: str
    reader: str
    inputs: str | None = None


@dataclass(frozen=True, slots=True)
class Kind:
    """Where all units of one reader stand. ``state``: ``planned``, ``reading``, ``complete``, ``incomplete``, ``skipped``."""

    name: str
    state: str
    units: tuple[Checkpoint, ...] = ()
    new: tuple[NewUnit, ...] = ()
    reason: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing of this kind remains to be read."""
        return self.state in ("complete", "incomplete", "skipped")

    @property
    def refused(self) -> bool:
        """Whether some of it could not be read without being able to say which."""
        return any(unit.state is UnitState.INCOMPLETE for unit in self.units)

    @property
    def unread(self) -> int:
        """How many things could not be read while the rest could."""
        return sum(unit.unread for unit in self.units)

    @property
    def rows(self) -> int:
        """Rows staged so far."""
        return sum(unit.rows for unit in self.units)

    @property
    def notes(self) -> dict[str, int]:
        """The reader's counters, added up over its units."""
        total: Counter[str] = Counter()
        for unit in self.units:
            total.update(unit.notes)
        return dict(sorted(total.items()))

    @property
    def facts(self) -> KindFacts:
        """What the manifest says of it, as far as reading tells."""
        return KindFacts(state=self.state, reason=self.reason, unread=self.unread)

    @property
    def progress(self) -> KindProgress:
        """What the progress says of it."""
        return KindProgress(
            kind=self.name,
            state=self.state,
            units=len(self.units) + len(self.new),
            units_ended=sum(unit.state.ended for unit in self.units),
            rows=self.rows,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """Every kind by name, in the order of the readers."""

    kinds: Mapping[str, Kind]

    @property
    def new(self) -> tuple[NewUnit, ...]:
        """The units that can begin and have not been announced."""
        return tuple(unit for kind in self.kinds.values() for unit in kind.new)

    @property
    def complete(self) -> bool:
        """Whether everything has been read that will be."""
        return all(kind.ended for kind in self.kinds.values())


def plan(readers: Sequence[Reader], settings: Settings, checkpoints: Mapping[str, Checkpoint]) -> Plan:
    """What there is to do, given the checkpoints by unit.

    Units of a reader with a parent are named after the parent's part, so that they stay the same while the parent goes on.
    """
    planner = _Planner({reader.name: reader for reader in readers}, settings, checkpoints)
    return Plan({reader.name: planner.kind(reader.name) for reader in readers})


class _Planner:
    def __init__(
        self, readers: Mapping[str, Reader], settings: Settings, checkpoints: Mapping[str, Checkpoint]
    ) -> None:
        self._readers = readers
        self._settings = settings
        self._checkpoints = checkpoints
        self._kinds: dict[str, Kind] = {}

    def kind(self, name: str) -> Kind:
        if name not in self._kinds:
            self._kinds[name] = self._decide(self._readers[name])
        return self._kinds[name]

    def _decide(self, reader: Reader) -> Kind:
        before = {name: self.kind(name) for name in reader.after}
        if not all(kind.ended for kind in before.values()):
            return Kind(reader.name, "planned")
        if not reader.wanted(self._settings, {name: kind.notes for name, kind in before.items()}):
            return Kind(reader.name, "skipped")
        if reader.parent is None:
            return self._summary(reader.name, [NewUnit(reader.name, reader.name)], parent=None)
        parent = self.kind(reader.parent)
        if parent.state == "skipped":
            return Kind(reader.name, "skipped")
        return self._summary(reader.name, list(_children(reader, parent)), parent)

    def _summary(self, name: str, wanted: list[NewUnit], parent: Kind | None) -> Kind:
        # A part of the parent that no longer counts may have made a unit that is still on its way: it is waited for, too.
        units = tuple(checkpoint for checkpoint in self._checkpoints.values() if checkpoint.reader == name)
        new = tuple(unit for unit in wanted if unit.unit not in self._checkpoints)
        reasons = [unit.reason or "" for unit in units if unit.state is UnitState.INCOMPLETE]
        if parent is not None and parent.refused:
            reasons.append(f"{parent.name} is incomplete, and this is read for each of them.")
        reasons += _unread_reasons(units)
        if new or not all(unit.state.ended for unit in units) or (parent is not None and not parent.ended):
            begun = any(unit.state is not UnitState.PLANNED for unit in units)
            return Kind(name, "reading" if begun else "planned", units, new)
        return Kind(name, "incomplete" if reasons else "complete", units, new, reasons[0] if reasons else None)


def _unread_reasons(units: Sequence[Checkpoint]) -> list[str]:
    some = [unit for unit in units if unit.unread]
    if not some:
        return []
    return [f"{sum(unit.unread for unit in some):,} could not be read. The first: {some[0].reason}"]


def _children(reader: Reader, parent: Kind) -> list[NewUnit]:
    return [
        NewUnit(
            f"{reader.name}{unit.unit.removeprefix(parent.name)}-{part.number:04d}",
            reader.name,
            f"{unit.unit}/{part.name}",
        )
        for unit in parent.units
        for part in unit.parts
        if part.table == reader.parent_table
    ]
