"""How long, how often and how many: the numbers of working on lines."""

from __future__ import annotations

MOST_AT_ONCE = 400
"""Most operations of one go: a few hundred share requests well, and their intents are written before the first of them is done."""

BUDGET_S = 120.0
"""Seconds after which a worker hands a line over to the next message, so that other lines have their turn."""

LOOKS_S = (0.0, 0.2, 0.4, 0.8, 1.5, 3.0)
"""Seconds before each look at what was written. Graph shows most changes within seconds; what it does not show yet goes on later."""

NOT_SEEN_AFTER_S = 600.0
"""Seconds after the first intent after which an effect that never showed is given up: Microsoft names minutes, and no limit."""

MOST_ATTEMPTS = 10
"""How often an operation is tried that fails for a moment: with the back-off below, for a quarter of an hour."""

MOST_ATTEMPTS_TO_END = 300
"""The same of an end that the connector keeps, which nobody asks for again: with the back-off below, for a day."""

LONGEST_BACK_OFF_S = 300.0

ALONE_AFTER_DEATHS = 2
"""Unforeseen ends after which an operation is worked on alone, so that only the guilty one is dead-lettered."""

MOST_DEATHS = 5
"""Unforeseen ends after which an operation is dead-lettered."""

HANDS = 32
"""Most lines that a process works on beside those of its messages: each waits for others most of the time."""

SETTLED_S = 1.0
"""Seconds for which a line that was just written is left to its own message, which is quicker."""

BUSY_S = 1.0
"""Seconds until a line, or whatever only one may do at a time, is asked for again because somebody else has it."""

UNSEEN_AGAIN_S = 5.0
"""Seconds until what only one may do at a time is asked for again because what the one before has written does not show yet."""

JOURNAL_AGAIN_S = 5.0
"""Seconds until effects are journalled that could not be."""

ACT_MARGIN_S = 20.0
"""Seconds for which the lease must last before anything is written to Graph: a request is answered or given up on in that time, as a
rule; while it is not, :data:`STOP_MARGIN_S` before the end of the lease it is abandoned."""

STOP_MARGIN_S = 5.0

GRAPH_S = 20.0
"""Seconds of waiting for Graph within a go; what it wants to be asked later, goes on later, and holds no worker."""


def back_off(attempts: int) -> float:
    """Seconds after that many attempts: 2, 4, 8, … up to :data:`LONGEST_BACK_OFF_S`."""
    return min(2.0 ** min(max(attempts, 1), 20), LONGEST_BACK_OFF_S)
