"""One Azurite process: Microsoft's emulator of blob, queue and table storage."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from emulators.certificates import CertificateAuthority
from emulators.storage.errors import AzuriteFailed
from emulators.storage.node import find_azurite, find_node

_WATCHDOG = Path(__file__).with_name("stop_with_parent.cjs")
_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (https?://\S+)")
_START_PATIENCE = 60.0
"""Seconds. A start takes one or two; a cold disk or a busy machine has been seen to need nine."""
_STOP_PATIENCE = 5.0
"""Seconds until it is killed."""
_POLL = 0.02


@dataclass(frozen=True, slots=True)
class Account:
    """One storage account of the emulator: its name and its key, which is random and never leaves the machine."""

    name: str
    key: str = field(repr=False)


class Azurite:
    """Azurite on free ports of 127.0.0.1, from ``with`` to the end of it.

    Accounts are independent of each other, so that tests that run at the same time can share one process, each with
    an account of its own. The process ends with this one, however this one ends.

    Args:
        node_modules: where ``azurite`` is installed; by default at the top of the repository.
        accounts: how many accounts there are, named ``account0``, ``account1``, …
        persist: a folder to keep the data in; by default it is kept in memory and lost at the end.
        certificates: who signs its certificate. It speaks HTTPS then, and takes Entra ID's tokens as well as keys: any
            token of the right audience, issuer and time, for it knows no roles and checks no signature.

    Raises:
        NodeMissing: on start, Node or Azurite is not installed.
        AzuriteFailed: on start, it ended or did not answer in time.
    """

    def __init__(
        self,
        *,
        node_modules: Path | None = None,
        accounts: int = 1,
        persist: Path | None = None,
        certificates: CertificateAuthority | None = None,
    ) -> None:
        if accounts < 1:
            raise ValueError(f"accounts must be at least 1, not {accounts}")
        self.accounts = tuple(Account(f"account{n}", _random_key()) for n in range(accounts))
        self._node_modules = node_modules
        self._persist = persist
        self._certificates = certificates
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._urls: dict[str, str] = {}

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    @property
    def process_id(self) -> int | None:
        """The id of the Node process while it runs."""
        return self._process.pid if self._process else None

    def url(self, service: str, account: int = 0) -> str:
        """The endpoint of ``service`` (``blob``, ``queue`` or ``table``) for one account."""
        return f"{self._urls[service]}/{self.accounts[account].name}"

    def connection_string(self, account: int = 0) -> str:
        """What ``AzureWebJobsStorage`` and the storage SDKs take. A secret, like any connection string."""
        chosen, protocol = self.accounts[account], "https" if self._certificates else "http"
        endpoints = (f"{name.title()}Endpoint={self.url(name, account)};" for name in ("blob", "queue", "table"))
        return f"DefaultEndpointsProtocol={protocol};AccountName={chosen.name};AccountKey={chosen.key};{''.join(endpoints)}"

    def start(self) -> Self:
        """Start it and wait until every service listens."""
        if self._process is not None:
            raise RuntimeError("this Azurite has been started already")
        program = [str(find_node()), "--require", str(_WATCHDOG), str(find_azurite(self._node_modules))]
        self._folder = tempfile.TemporaryDirectory(prefix="azurite-", ignore_cleanup_errors=True)
        accounts = ";".join(f"{account.name}:{account.key}" for account in self.accounts)
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*program, *self._options(Path(self._folder.name))],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self._folder.name,
                env={**os.environ, "AZURITE_ACCOUNTS": accounts},
                start_new_session=True,  # Ctrl-C in a terminal reaches us; we end it, after those who still use it
            )
        try:
            self._urls = self._wait_until_listening(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End it and wait until it is gone. Stopping twice does no harm."""
        process, self._process = self._process, None
        if process is not None:
            if process.stdin:
                process.stdin.close()
            if self._persist is None:
                process.terminate()
            try:
                process.wait(_STOP_PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _options(self, folder: Path) -> list[str]:
        options = ["--silent", "--disableTelemetry", "--skipApiVersionCheck"]
        options += ["--location", str(self._persist.resolve())] if self._persist else ["--inMemoryPersistence"]
        for service in ("blob", "queue", "table"):
            options += [f"--{service}Host", "127.0.0.1", f"--{service}Port", "0"]
        if self._certificates is not None:
            certificate, key = self._certificates.files(folder)
            options += ["--oauth", "basic", "--cert", str(certificate), "--key", str(key)]
        return options

    @property
    def _log(self) -> Path:
        if self._folder is None:
            raise RuntimeError("this Azurite has not been started")
        return Path(self._folder.name, "azurite.log")

    def _wait_until_listening(self, process: subprocess.Popen[bytes]) -> dict[str, str]:
        deadline = time.monotonic() + _START_PATIENCE
        while True:
            log = self._log.read_text(errors="replace")
            urls = {service.lower(): url for service, url in _LISTENING.findall(log)}
            if len(urls) == 3:
                return urls
            if process.poll() is not None:
                raise AzuriteFailed(f"ended with exit code {process.returncode}", log)
            if time.monotonic() > deadline:
                raise AzuriteFailed(f"did not answer within {_START_PATIENCE:.0f} s", log)
            time.sleep(_POLL)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()
