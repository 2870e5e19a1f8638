"""A real browser for tests: Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dev import BROWSERS

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_QUIET = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser, for as long as the context lasts; where the machine has none, the test is skipped.

    While it is open no ``asyncio.run`` works in this thread, because Playwright's own loop runs in it.
    """
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="Playwright is not installed: run `python3 dev.py setup`"
    )
    with playwright.sync_playwright() as driver:
        found = next(filter(_starts, (*map(shutil.which, BROWSERS), driver.chromium.executable_path)), None)
        if found is None:
            pytest.skip(f"no browser: install one of {', '.join(BROWSERS)}, or run `playwright install chromium`")
        browser = driver.chromium.launch(executable_path=found, args=list(_QUIET))
        try:
            yield browser
        finally:
            browser.close()


def _starts(program: str | None) -> bool:
    """Whether it is a browser; some distributions have a script of that name that only says where to get one."""
    if not program or not Path(program).exists():
        return False
    return subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
