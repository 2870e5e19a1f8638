"""Which certificate authorities are trusted: certifi's roots, and those of TLS_CA_FILE."""

from __future__ import annotations

import ssl
from pathlib import Path

from connector.settings import SettingsError


def trust(ca_file: Path | None) -> ssl.SSLContext:
    """A context that trusts certifi's roots and, in addition, ``ca_file``.

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
