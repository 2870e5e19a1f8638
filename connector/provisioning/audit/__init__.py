"""The audit file: one line an event, hash-chained."""
