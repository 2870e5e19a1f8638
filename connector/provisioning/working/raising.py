"""Where something went wrong, for logs that must not quote what an error says."""

from __future__ import annotations


def raised_at(error: Exception) -> str:
    """The place in the code at which it was raised, without any value."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename.rpartition('/')[2]}:{trace.tb_lineno}" if trace else ""
