"""From Graph to a reading: what changed since the last look, by delta where there is delta, by comparing where there is none."""

from connector.incremental.tracking.comparing import compare
from connector.incremental.tracking.deltas import DeltaRead, read_deltas
from connector.incremental.tracking.kinds import COMPARED, DELTA_KINDS, Compared, comparisons

__all__ = ["COMPARED", "DELTA_KINDS", "Compared", "DeltaRead", "compare", "comparisons", "read_deltas"]
