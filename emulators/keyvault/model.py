"""What a vault holds: secrets, their versions, and what was deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(slots=True)
class Version:
    """One version of a secret. Times are seconds since 1970.

    Attributes:
        id: 32 hexadecimal digits.
        value: the secret itself.
        created: when it was set.
        updated: when its attributes were changed last.
        content_type: what the value is; free text, or what certificates have.
        enabled: whether the value can be read.
        starts_at: ``nbf``. Key Vault only tells it: values can be read before.
        ends_at: ``exp``. Key Vault only tells it: values can be read afterwards.
        tags: names and values.
        certificate: of the version of a certificate, the certificate, DER.
    """

    id: str
    value: str = field(repr=False)
    created: int
    updated: int
    content_type: str | None = None
    enabled: bool = True
    starts_at: int | None = None
    ends_at: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    certificate: bytes | None = None


@dataclass(slots=True)
class Secret:
    """A secret. Its versions are in the order in which they came; the last is the newest.

    ``deleted_at`` and ``purged_at``: when it was deleted and will be gone, in seconds since 1970; None unless deleted.
    """

    name: str
    versions: list[Version]
    deleted_at: int | None = None
    purged_at: int | None = None

    @property
    def newest(self) -> Version:
        """The version that is read where none is named."""
        return self.versions[-1]

    @property
    def managed(self) -> bool:
        """Whether it belongs to a certificate."""
        return self.newest.certificate is not None
