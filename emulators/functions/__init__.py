"""A local Functions host on Microsoft's own worker library."""
