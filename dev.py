#!/usr/bin/env python3
"""The one entry to everything a contributor does. Standard library only; `python3 dev.py` alone lists the tasks.

Each task first makes sure that what it needs is installed: `.venv` from the hashed requirements files, Azurite from
`package-lock.json`. What is there already is used again, so only the first run, and one after a change of those files,
takes long.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NoReturn

TOP = Path(__file__).resolve().parent
BOOTSTRAP, RUNTIME, DEV, WORKER, NODE = (
    TOP / f"requirements{suffix}.txt" for suffix in ("-bootstrap", "", "-dev", "-worker", "-node")
)
OLDEST, NEWEST = (3, 11), (3, 13)


class TaskFailed(SystemExit):
    """A task cannot go on; the text is the sentence that says why."""


def say(text: str) -> None:
    """Tell what is happening, away from standard output, which belongs to what the task prints."""
    print(text, file=sys.stderr, flush=True)


def run(*command: str | Path, **options: object) -> None:
    """Run a command from the top of the repository; end with its exit code where it fails."""
    done = subprocess.run([str(part) for part in command], cwd=TOP, check=False, **options)  # type: ignore[call-overload]
    if done.returncode:
        raise SystemExit(done.returncode)


# ---- what is installed -------------------------------------------------------------------------------------------------


class Environment:
    """The virtual environment of the Python that runs this file.

    `.venv`, unless one for another Python version is there already: then `.venv-3.13` or the like, so that several
    versions can be tried side by side.
    """

    def __init__(self) -> None:
        self.version = sys.version_info[:2]
        if not OLDEST <= self.version <= NEWEST:
            raise TaskFailed(
                f"Python {self.version[0]}.{self.version[1]} is not supported: run this with Python "
                f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}."
            )
        self.path = TOP / ".venv"
        if self.path.exists() and not self._made_for(self.path):
            self.path = TOP / f".venv-{self.version[0]}.{self.version[1]}"
        self.bin = self.path / ("Scripts" if os.name == "nt" else "bin")
        self.python = self.bin / ("python.exe" if os.name == "nt" else "python")

    def _made_for(self, path: Path) -> bool:
        with contextlib.suppress(OSError):
            for line in (path / "pyvenv.cfg").read_text().splitlines():
                name, _, value = line.partition("=")
                if name.strip() in ("version", "version_info"):
                    return tuple(value.strip().split(".")[:2]) == tuple(map(str, self.version))
        return False

    def install(self) -> None:
        """Create it and install the pinned packages, unless exactly those are installed already."""
        with installed(self.path / ".installed", BOOTSTRAP, RUNTIME, DEV, WORKER) as fresh:
            if fresh:
                return
            say(f"Setting up {self.path.name} (about half a minute, once) …")
            if not self.python.exists():
                venv.create(self.path, with_pip=True)
            self._pip("--require-hashes", "-r", BOOTSTRAP)
            pinned = ("--require-hashes", "-r", RUNTIME, "-r", DEV)
            quick: list[str | Path] = [self.bin / "uv", "pip", "install", "--quiet", "--python", self.python, *pinned]
            if subprocess.run(quick, cwd=TOP, check=False, capture_output=True).returncode:
                self._pip(*pinned)  # pip knows of mirrors and proxies that uv is not told of
            self._pip("--no-deps", "--ignore-requires-python", "--require-hashes", "-r", WORKER)

    def install_node(self) -> None:
        """Install Node.js from PyPI into the environment, for machines that have none."""
        with installed(self.path / ".installed-node", NODE) as fresh:
            if not fresh:
                say("No Node.js on this machine: installing it from PyPI …")
                self._pip("--require-hashes", "-r", NODE)

    def _pip(self, *arguments: str | Path) -> None:
        run(
            self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments, stdout=sys.stderr
        )


@contextlib.contextmanager
def installed(stamp: Path, *sources: Path) -> Iterator[bool]:
    """Whether ``stamp`` records these very sources; records them when the block ends well. One process at a time."""
    digest = hashlib.sha256(b"\0".join(source.read_bytes() for source in sources)).hexdigest()
    with one_at_a_time():
        fresh = stamp.exists() and stamp.read_text() == digest
        yield fresh
        if not fresh:
            stamp.write_text(digest)


@contextlib.contextmanager
def one_at_a_time() -> Iterator[None]:
    """Keep two runs of this file from installing at once."""
    try:
        import fcntl
    except ImportError:  # Windows has none; there, start one task at a time
        yield
        return
    name = hashlib.sha256(str(TOP).encode()).hexdigest()[:16]
    with (Path(tempfile.gettempdir()) / f"dev-setup-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def install_azurite(environment: Environment) -> None:
    """Install Azurite exactly as `package-lock.json` says."""
    npm = shutil.which("npm") if shutil.which("node") else None
    if npm is None:
        environment.install_node()
        npm = str(environment.bin / "npm")
    modules = TOP / "node_modules"
    with installed(modules / ".installed", TOP / "package-lock.json") as fresh:
        if not fresh:
            say("Installing Azurite, the storage emulator (about a minute, once) …")
            path = os.pathsep.join([str(environment.bin), os.environ.get("PATH", "")])
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
            run(*command, env={**os.environ, "PATH": path}, stdout=sys.stderr)


BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def install_browser() -> None:
    """Install Chromium with apt where there is no browser; where that cannot be, tests in a browser are skipped and say so."""
    with one_at_a_time():
        if any(map(shutil.which, BROWSERS)):
            return
        if not shutil.which("apt-get") or getattr(os, "geteuid", lambda: 1)():
            say("No browser on this machine, so tests in a browser are skipped. Install Chromium to run them.")
            return
        say("Installing Chromium with apt, for tests in a browser (about a minute, once) …")
        soon = "-o Acquire::Retries=1 -o Acquire::http::Timeout=30"  # what cannot be reached must not hold the tests up
        command = f"apt-get update {soon} && apt-get install {soon} --yes --no-install-recommends chromium"
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        done = subprocess.run(["sh", "-c", command], env=quiet, capture_output=True, text=True, check=False)
        if done.returncode:
            said = "".join(done.stderr.strip().splitlines()[-1:])
            say(f"Chromium could not be installed, so tests in a browser are skipped. apt says: {said}")


def set_up(*, azurite: bool = True) -> Environment:
    """Install everything that running the product and its tests needs; without storage where that is not used."""
    environment = Environment()
    environment.install()
    if azurite:
        install_azurite(environment)
    return environment


# ---- tasks -------------------------------------------------------------------------------------------------------------


def module(name: str, *, azurite: bool = True) -> Callable[[list[str]], None]:
    """A task that is ``python -m name`` in the environment, with the arguments handed on."""

    def task(arguments: list[str]) -> None:
        environment = set_up(azurite=azurite)
        path = os.pathsep.join([str(environment.bin), os.environ.get("PATH", "")])
        command = [str(environment.python), "-m", name, *arguments]
        become(command, {**os.environ, "PATH": path})

    return task


def become(command: list[str], environment: dict[str, str]) -> NoReturn:
    """Go on as ``command``, from the top of the repository, so that signals and exit code are its own."""
    os.chdir(TOP)
    if os.name == "nt":
        raise SystemExit(subprocess.run(command, env=environment, check=False).returncode)
    os.execve(command[0], command, environment)  # noqa: S606 - our own interpreter


def setup_task(_: list[str]) -> None:
    """Install what is missing and say where it is."""
    began = time.monotonic()
    python = set_up().python
    say(f"Ready after {time.monotonic() - began:.0f} s: {python}")


def test(arguments: list[str]) -> None:
    """Run pytest on all cores unless the arguments say otherwise."""
    install_browser()
    chosen = any(argument.startswith(("-n", "--pdb")) for argument in arguments)
    # In the order of collection: xdist's own puts files of few tests last, which are those that take long.
    parallel = [] if chosen else ["-n", "auto", "--dist", "loadfile", "--no-loadscope-reorder"]
    module("pytest")([*parallel, *arguments])


def check(_: list[str]) -> None:
    """Lint, format, types, templates and manifests, pinned requirements."""
    environment = set_up()
    failed = []
    for name, command in {
        "lint": [environment.bin / "ruff", "check"],
        "format": [environment.bin / "ruff", "format", "--check"],
        "types": [environment.python, "-m", "mypy"],
        **{name: [environment.python, "-m", checker] for name, checker in INFRASTRUCTURE.items()},
    }.items():
        say(f"— {name}")
        if subprocess.run([str(part) for part in command], cwd=TOP, check=False).returncode:
            failed.append(name)
    say("— pinned requirements")
    drifted = [target.name for target, text in compiled(environment) if target.read_text() != text]
    if drifted:
        say(f"{', '.join(drifted)}: not what the .in files give. Run `python3 dev.py lock` and commit the result.")
        failed.append("pinned requirements")
    if failed:
        raise TaskFailed("Failed: " + ", ".join(failed))
    say("All checks passed.")


INFRASTRUCTURE = {"Bicep": "tools.infra", "Terraform": "tools.terraform", "Kubernetes": "tools.kubernetes"}


def infra(arguments: list[str]) -> None:
    """Check what deploys the connector, without a cloud; with --write, write what is generated of it first."""
    parser = argparse.ArgumentParser(prog="python3 dev.py infra", description=infra.__doc__)
    parser.add_argument("--write", action="store_true", help="write the generated settings of the Kubernetes manifests")
    writes = parser.parse_args(arguments).write
    environment = set_up()
    if writes:
        run(environment.python, "-m", INFRASTRUCTURE["Kubernetes"], "--write")
    failed = []
    for name, checker in INFRASTRUCTURE.items():
        say(f"— {name}")
        if subprocess.run([str(environment.python), "-m", checker], cwd=TOP, check=False).returncode:
            failed.append(name)
    if failed:
        raise TaskFailed("Failed: " + ", ".join(failed))


def lock(arguments: list[str]) -> None:
    """Write the requirements files anew; with --upgrade, to the newest versions."""
    environment = set_up(azurite=False)
    for target, text in compiled(environment, *arguments):
        target.write_text(text)


def compiled(environment: Environment, *options: str) -> Iterator[tuple[Path, str]]:
    """Each requirements file and what it should hold, compiled by uv from its source with the present pins kept."""
    for target, source in (
        (RUNTIME, "requirements.in"),
        (DEV, "requirements-dev.in"),
        (BOOTSTRAP, "requirements-bootstrap.in"),
        (NODE, "requirements-node.in"),
    ):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / target.name
            shutil.copy(target, copy)
            command: list[str | Path] = [
                *(environment.bin / "uv", "pip", "compile", source, "--universal", "--generate-hashes", "--no-header"),
                *("--no-annotate", "--python-version", f"{OLDEST[0]}.{OLDEST[1]}", "--quiet", "--output-file", copy),
                *options,
            ]
            run(*command, stdout=subprocess.DEVNULL)
            yield target, copy.read_text()


TASKS: dict[str, tuple[str, Callable[[list[str]], None]]] = {
    "demo": (
        "sync a made-up tenant of 2,000 users end to end and ask it questions (--json, --users N …)",
        module("tools.demo"),
    ),
    "test": ("run all the tests; further arguments go to pytest", test),
    "check": ("lint, format, types, templates and manifests, pinned requirements", check),
    "infra": ("check Bicep, Terraform, Kubernetes manifests and the Dockerfile, without a cloud (--write)", infra),
    "start": ("run storage, Graph emulator and Functions host together until stopped", module("tools.start")),
    "graph": (
        "run only the Graph emulator and print where it is, as one JSON line",
        module("emulators.graph", azurite=False),
    ),
    "bench": (
        "measure full syncs, freshness, provisioning or the cold start (`bench sync --help`, and so on)",
        module("tools.bench"),
    ),
    "soak": (
        "random histories of a tenant against rounds that fail in every way (--minutes N, --seed S)",
        module("tools.soak"),
    ),
    "lock": ("write the hashed requirements files anew (--upgrade: newest versions)", lock),
    "docs": ("write the generated parts of the documents", module("tools.documents", azurite=False)),
    "setup": ("only install what is missing", setup_task),
}


def main(arguments: Sequence[str]) -> None:
    """Pick the task and run it."""
    width = max(map(len, TASKS))
    listing = "\n".join(f"  {name:<{width}}  {meaning}" for name, (meaning, _) in TASKS.items())
    parser = argparse.ArgumentParser(
        prog="python3 dev.py",
        description="Everything a contributor does. Installs what it needs, once.",
        epilog=f"tasks:\n{listing}\n\n`python3 dev.py TASK --help` explains a task that takes arguments.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("task", nargs="?", choices=TASKS, metavar="TASK")
    if not arguments or arguments[0] not in TASKS:
        parser.parse_args(arguments)
        parser.print_help()
        return
    TASKS[arguments[0]][1](list(arguments[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
