"""The journal: what changed after a snapshot, replayed onto it or handed on as a feed."""
