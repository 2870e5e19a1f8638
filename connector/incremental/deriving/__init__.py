"""From what a round has read to what changes: the rules of publishing, applied to what a change touches."""

from connector.incremental.deriving.derive import derive
from connector.incremental.deriving.derived import Derived, TooMuchAtOnce

__all__ = ["Derived", "TooMuchAtOnce", "derive"]
