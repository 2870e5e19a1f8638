"""What can be granted and revoked: four entitlements, parsed from their text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_GUID = r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_ENTITLEMENT = re.compile(rf"(?P<kind>group|directory_role):(?P<id>{_GUID}):(?P<slug>member|owner|assigned|eligible)")
_SLUGS = {"group": ("member", "owner"), "directory_role": ("assigned", "eligible")}


@dataclass(frozen=True, slots=True)
class Entitlement:
    """An entitlement that this product can grant: ``text`` is ``{kind}:{id}:{slug}`` in lower case.

    Attributes:
        kind: ``group`` or ``directory_role``.
        id: object id of the group, or id of the role definition.
        slug: ``member`` or ``owner``; ``assigned`` or ``eligible``.
    """

    kind: str
    id: str
    slug: str

    @property
    def text(self) -> str:
        """As it is written everywhere."""
        return f"{self.kind}:{self.id}:{self.slug}"

    @classmethod
    def parse(cls, text: str) -> Entitlement:
        """The entitlement that ``text`` names, in any case.

        Raises:
            ValueError: it names none that can be granted here; the message says what would be right.
        """
        found = _ENTITLEMENT.fullmatch(text.lower()) if text.isascii() else None
        if found is None or found["slug"] not in _SLUGS[found["kind"]]:
            raise ValueError(
                "an entitlement that can be granted here: group:{id}:member, group:{id}:owner, "
                "directory_role:{id}:assigned or directory_role:{id}:eligible, with the id of the group or role definition"
            )
        return cls(found["kind"], found["id"], found["slug"])
