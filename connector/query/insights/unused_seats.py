"""License seats that are paid for and not assigned."""

from __future__ import annotations

import msgspec

from connector.query.snapshot import Snapshot


class UnusedLicense(msgspec.Struct, frozen=True, kw_only=True):
    """One license with seats to spare: ``enabled`` seats, ``consumed`` of them assigned."""

    id: str
    sku_part_number: str | None
    enabled: int
    consumed: int

    @property
    def unused(self) -> int:
        """Seats that nobody has."""
        return self.enabled - self.consumed


class UnusedSeats(msgspec.Struct, frozen=True, kw_only=True):
    """Licenses with unused seats, most unused first."""

    licenses: tuple[UnusedLicense, ...]

    @property
    def sentence(self) -> str:
        """The answer for people, in one line."""
        if not self.licenses:
            return "Every license seat is assigned."
        total = sum(one.unused for one in self.licenses)
        first = ", ".join(f"{one.sku_part_number or one.id} {one.unused:,}" for one in self.licenses[:3])
        return f"{total:,} license seats are unused: {first}{' …' if len(self.licenses) > 3 else ''}."


def unused_seats(snapshot: Snapshot) -> UnusedSeats:
    """Unused seats of the licenses that users get; those of the whole company are not counted in seats."""
    found = snapshot.rows(
        UnusedLicense,
        "SELECT id, sku_part_number, enabled_units AS enabled, coalesce(consumed_units, 0) AS consumed FROM licenses "
        "WHERE enabled_units > coalesce(consumed_units, 0) AND applies_to IS DISTINCT FROM 'Company' "
        "ORDER BY enabled_units - coalesce(consumed_units, 0) DESC, id",
    )
    return UnusedSeats(licenses=tuple(found))
