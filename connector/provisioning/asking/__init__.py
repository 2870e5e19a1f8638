"""Asking: requests parsed, accepted once, and described."""
