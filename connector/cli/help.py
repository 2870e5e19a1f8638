"""How the help of a command is written: what it answers, examples, and the settings that it needs."""

from __future__ import annotations

from collections.abc import Sequence

READS_STORAGE = (
    "ENTRA_TENANT_ID",
    "AzureWebJobsStorage (or AzureWebJobsStorage__blobServiceUri)",
    "STORAGE_CONTAINER",
)
"""What decides which snapshot is asked."""

PROVISIONS = (
    "PROVISIONING_ENABLED",
    "ENTRA_TENANT_ID",
    "ENTRA_CLIENT_ID",
    "ENTRA_AUTH (and the settings of what it chooses)",
    "AzureWebJobsStorage",
    "STORAGE_CONTAINER",
)
"""What decides whether, where and as whom something is granted or revoked."""


def help_text(answers: str, examples: Sequence[str], settings: Sequence[str]) -> str:
    """Markdown in paragraphs, as typer shows it."""
    told = [answers, *(f"Example: `python -m connector {example}`" for example in examples)]
    named = ", ".join(f"`{name}`" for name in settings)
    told.append(f"Settings that matter here: {named}. `python -m connector --help` explains them all.")
    return "\n\n".join(told)
