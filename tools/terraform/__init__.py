"""Checks of ``infra/terraform`` that need neither a registry nor a cloud."""
