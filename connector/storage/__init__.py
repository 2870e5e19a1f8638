"""Blobs and queues; the only place that knows blob names."""
