"""The readers of a full sync: what is read, in which order it may be read, and how each kind of thing is read."""

from connector.graph.delta import take_cursors
from connector.sync.kinds.reader import Incomplete, Page, Reader, Work
from connector.sync.kinds.registry import READERS

__all__ = ["READERS", "Incomplete", "Page", "Reader", "Work", "take_cursors"]
