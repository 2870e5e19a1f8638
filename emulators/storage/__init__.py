"""Azurite, started and stopped."""

from emulators.storage.azurite import Account, Azurite
from emulators.storage.errors import AzuriteFailed, NodeMissing

__all__ = ["Account", "Azurite", "AzuriteFailed", "NodeMissing"]
