"""Change notifications received: validated and queued. Whoever posts them is not to be trusted."""
