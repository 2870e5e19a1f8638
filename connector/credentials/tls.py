"""Which certificate authorities are trusted: certifi's roots, and those of TLS_CA_FILE."""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path

from connector.settings import SettingsError


def shared_trust(ca_file: Path | None) -> ssl.SSLContext:
    """What :func:`trust` gives, made once for each file as it is now: it takes 25 ms, and storage is opened for every message.

    Not for httpx: it changes which protocols a context offers, and then Microsoft's SDKs would be answered in one that they do not
    speak.

    Raises:
        SettingsError: ``ca_file`` holds no certificate that can be read.
    """
    return _made(ca_file, ca_file.stat().st_mtime_ns if ca_file is not None and ca_file.exists() else 0)


@lru_cache(maxsize=4)
def _made(ca_file: Path | None, _changed_at: int) -> ssl.SSLContext:
    return trust(ca_file)


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """A context of one's own that trusts certifi's roots and, in addition, ``ca_file``.

    Raises:
        SettingsError: ``ca_file`` holds no certificate that can be read.
    """
    import certifi

    context = ssl.create_default_context(cafile=certifi.where())
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=str(ca_file))
        except OSError:  # ssl.SSLError is one
            raise SettingsError([f"TLS_CA_FILE must be a PEM file of certificates; {ca_file} is not."]) from None
    return context
