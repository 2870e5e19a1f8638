"""A local Functions host on Microsoft's own worker library.

``FunctionsHost`` runs it as a process; ``python -m emulators.functions`` is that process.
"""

from emulators.functions.client import FunctionsHost

__all__ = ["FunctionsHost"]
