"""The Dockerfile: linted, and in agreement with the manifests and the app."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tools.kubernetes.context import sent
from tools.kubernetes.functions import Function
from tools.kubernetes.overlay import Overlay, container
from tools.kubernetes.wiring import WRITABLE

BASE = "mcr.microsoft.com/azure-functions/python:4-python3.13"
APP = ("function_app.py", "host.json", "requirements.txt", "connector")
"""What the image is made of."""
LARGEST_CONTEXT = 4 * 1024 * 1024
"""Bytes; the app has less than two megabytes."""


def image_problems(top: Path, overlays: Sequence[Overlay], functions: Sequence[Function], prefix: str) -> list[str]:
    """A sentence for each thing that hadolint, the manifests or the app would not have so."""
    text = (top / "Dockerfile").read_text()
    return [
        *_linted(top / "Dockerfile"),
        *_instructions(text, functions, prefix),
        *_agrees(text, overlays),
        *_context(top),
    ]


def _linted(dockerfile: Path) -> list[str]:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        return ["Dockerfile: hadolint is not installed"]
    done = subprocess.run([hadolint, "--no-color", dockerfile], capture_output=True, text=True, check=False)
    return [f"Dockerfile: {line}" for line in done.stdout.splitlines()]


def _instructions(text: str, functions: Sequence[Function], prefix: str) -> Iterator[str]:
    base = re.search(r"^FROM (\S+)", text, re.MULTILINE)
    if not base or base[1].partition("@")[0] != BASE:
        yield f"Dockerfile: it must begin with {BASE}, whose Python is the one that is deployed"
    if "--require-hashes" not in text:
        yield "Dockerfile: packages are installed without their hashes"
    open_paths = {f"/{prefix}/{one.route}" for one in functions if one.anonymous}
    asked = re.search(r"HEALTHCHECK(?:.|\n)*?http://127\.0\.0\.1:\d+(/[\w/]+)", text)
    if not asked or asked[1] not in open_paths:
        yield "Dockerfile: HEALTHCHECK asks for no route that asks for no key"
    for path in sorted(WRITABLE):
        if path not in text:
            yield f"Dockerfile: {path} is not made writable"


def _agrees(text: str, overlays: Sequence[Overlay]) -> Iterator[str]:
    user = re.findall(r"^USER (\d+):(\d+)$", text, re.MULTILINE)
    ports = {int(port) for port in re.findall(r"^EXPOSE (\d+)$", text, re.MULTILINE)}
    listens = {int(port) for port in re.findall(r"ASPNETCORE_URLS=\S+:(\d+)", text)}
    asked = {int(port) for port in re.findall(r"http://127\.0\.0\.1:(\d+)/", text)}
    if not user:
        yield "Dockerfile: USER must be two numbers, or Kubernetes cannot tell that it is not root"
    if len(ports | listens | asked) != 1:
        yield f"Dockerfile: it exposes {ports}, listens on {listens} and asks {asked}"
    for overlay in overlays:
        for deployment in overlay.of("Deployment"):
            name = f"{overlay.name}: {deployment['metadata']['name']}"
            if {port["containerPort"] for port in container(deployment).get("ports", ())} != ports:
                yield f"{name}: its port is not {ports}, which the image listens on"
            context = deployment["spec"]["template"]["spec"].get("securityContext", {})
            found = [(str(context.get("runAsUser")), str(context.get("runAsGroup")))]
            if found != user:
                yield f"{name}: it runs as {found}, and the image is made for {user}"


def _context(top: Path) -> Iterator[str]:
    files = list(sent(top))
    for path in files:
        if path.parts[0] not in APP:
            yield f".dockerignore: {path} is sent to the builder, and is no part of the app"
    for name in APP:
        if not any(path.parts[0] == name for path in files):
            yield f".dockerignore: {name} is not sent to the builder"
    size = sum((top / path).stat().st_size for path in files)
    if size > LARGEST_CONTEXT:
        yield f".dockerignore: {size:,} bytes are sent to the builder, more than {LARGEST_CONTEXT:,}"
