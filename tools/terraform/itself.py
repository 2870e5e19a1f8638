"""What Terraform itself says of the configuration without its providers, where there is a ``terraform``."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tools.infra.findings import Finding, of_file


def terraform_findings(top: Path) -> Iterator[Finding]:
    """``format``: files that ``terraform fmt`` would write otherwise. ``terraform``: what it cannot load. Nothing without a
    ``terraform``."""
    terraform = shutil.which("terraform")
    if terraform is None:
        return
    folder = top / "infra" / "terraform"
    formatted = _run(terraform, folder, "fmt", "-check", "-recursive")
    for name in formatted.stdout.split():
        yield of_file(folder / name, "format", "`terraform fmt` would write this otherwise.")
    if formatted.returncode and not formatted.stdout:
        yield of_file(folder, "format", f"`terraform fmt` failed: {formatted.stderr.strip()}")
    # Fetching modules, of which there are none, loads everything and looks at what needs no provider.
    loaded = _run(terraform, folder, "get", "-no-color")
    if loaded.returncode:
        yield of_file(folder, "terraform", f"`terraform get` failed: {loaded.stderr.strip()}")


def _run(terraform: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    with tempfile.TemporaryDirectory() as data:
        environment = {**os.environ, "TF_DATA_DIR": data, "CHECKPOINT_DISABLE": "1"}
        return subprocess.run(
            [terraform, f"-chdir={folder}", *arguments], env=environment, capture_output=True, text=True, check=False
        )
