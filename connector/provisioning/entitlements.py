"""What can be granted and revoked: four entitlements, parsed from their text."""

from __future__ import annotations

import re
from dataclasses import dataclass

GUID = "[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}"
"""An id of Entra ID, as a regular expression that Python and JSON Schema read alike."""

_SLUGS = {"group": ("member", "owner"), "directory_role": ("assigned", "eligible")}

PATTERN = "^(?:" + "|".join(f"{kind}:{GUID}:(?:{'|'.join(slugs)})" for kind, slugs in _SLUGS.items()) + ")$"
"""An entitlement that can be granted here, likewise."""

_ENTITLEMENT = re.compile(PATTERN, re.IGNORECASE)


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
        if not text.isascii() or not _ENTITLEMENT.fullmatch(text):
            raise ValueError(
                "an entitlement that can be granted here: group:{id}:member, group:{id}:owner, "
                "directory_role:{id}:assigned or directory_role:{id}:eligible, with the id of the group or role definition"
            )
        return cls(*text.lower().split(":"))
