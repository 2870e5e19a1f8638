"""Azurite, started and stopped."""
