"""Working on lines of operations: records, order, claims, waiting."""
