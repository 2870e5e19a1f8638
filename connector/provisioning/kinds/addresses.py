"""Addresses with filters, spelled so that they pass through batches and proxies alike."""

from __future__ import annotations

from urllib.parse import quote


def filtered(path: str, clause: str, rest: str = "") -> str:
    """``path`` with a ``$filter``, and with ``rest``, such as ``&$top=999``."""
    spelled = quote(clause, safe="'/()=,")
    return f"{path}?$filter={spelled}{rest}"
