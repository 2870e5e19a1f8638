"""The cookie that ties a state to the browser that got it. It opens nothing: it only says that this is the same browser.

A state may be seen by others: it is in addresses, and so in histories and logs. With a state alone an attacker could have an
administrator's browser finish what the attacker has begun. The cookie is not in any address.

``__Host-`` lets browsers take it over TLS and from this very host only, so that no sibling domain can plant one
(https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis, 4.1.3.2). ``SameSite=Lax``, because it must come with the navigation
from Microsoft Entra ID, which is another site; and with nothing but navigations. Where the public address is ``http://`` on the
machine itself, which the settings allow for development, there is no TLS: then it has neither prefix nor ``Secure``, because not every
browser makes an exception for loopback addresses, and nothing leaves the machine.
"""

from __future__ import annotations

import re
import secrets

from connector.consent.states import LIFETIME

_SECRET_BYTES = 32
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_LONGEST = 16_384  # characters of a Cookie header; hosts allow about so much for all headers


def cookie_name(public_url: str) -> str:
    """The name of the cookie at this public address."""
    return "__Host-connect" if _over_tls(public_url) else "connect"


def browser_secret(cookies: str, public_url: str) -> str:
    """The secret that a browser's ``Cookie`` header brings, empty where it brings none of ours."""
    if len(cookies) > _LONGEST:
        return ""
    for pair in cookies.split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == cookie_name(public_url) and _SECRET.fullmatch(value.strip()):
            return value.strip()
    return ""


def new_secret() -> str:
    """A secret that no other browser has."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def set_cookie(secret: str, public_url: str) -> str:
    """The ``Set-Cookie`` header that leaves ``secret`` with a browser for as long as a state counts.

    It is not removed when the state has been used: so a browser that comes twice is told that, and not that it is another one.
    """
    secure = " Secure;" if _over_tls(public_url) else ""
    return f"{cookie_name(public_url)}={secret}; Max-Age={int(LIFETIME.total_seconds())}; Path=/;{secure} HttpOnly; SameSite=Lax"


def _over_tls(public_url: str) -> bool:
    return public_url.startswith("https://")
