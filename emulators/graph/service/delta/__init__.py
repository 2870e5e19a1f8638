"""Delta queries: the first round, what changed since, relationships in slices, and the tokens between."""
