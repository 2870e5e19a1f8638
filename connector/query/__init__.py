"""Questions on a snapshot: who has access to what. Opening is apart from asking, so that a state can come from elsewhere."""
