"""Rounds: what changed since the last look, from Graph into the journal."""
