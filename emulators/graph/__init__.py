"""Microsoft Graph and the Entra sign-in endpoints."""

from emulators.graph.emulator import GraphEmulator
from emulators.graph.process import GraphProcess
from emulators.graph.service.faults import Fault
from emulators.graph.service.variants import Variants

__all__ = ["Fault", "GraphEmulator", "GraphProcess", "Variants"]
