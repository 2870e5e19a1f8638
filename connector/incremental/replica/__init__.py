"""The state in force on the worker's own disk: facts and tables, moved forward by committed segments only."""

from connector.incremental.replica.bringing import bring_up
from connector.incremental.replica.database import Position, Replica
from connector.incremental.replica.errors import ReplicaInUse

__all__ = ["Position", "Replica", "ReplicaInUse", "bring_up"]
