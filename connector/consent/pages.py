"""The pages that an administrator sees: plain HTML that needs no script, no picture and nothing from anywhere else.

Whatever is shown is escaped. The browser is told to load, run, embed, keep and pass on nothing: should escaping ever fail, the
Content Security Policy still lets nothing run.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from string import Template

_STYLE = """
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 2rem auto; max-width: 44rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; }
h2 { font-size: 1.15rem; margin-top: 1.75rem; }
li { margin: .35rem 0; overflow-wrap: anywhere; }
code { font-size: .95em; }
blockquote { border-left: .25rem solid; margin-left: 0; padding-left: 1rem; overflow-wrap: anywhere; }
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
"""What every page and every redirect comes with. The address of a page holds a state, which no other site learns as referrer."""

_PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$body
</main>
</body>
</html>
""")
_COMMAND = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class Listing:
    """A heading and what is listed below it, one sentence each."""

    heading: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page, before it is HTML. In every text but ``quoted``, what stands between backquotes is shown as code.

    Attributes:
        name: what the log calls it.
        status: of the HTTP answer.
        says: paragraphs.
        quoted: what others say, shown as their words.
        listings: lists; one without items is left out.
        again: address that begins anew; empty: no such link.
        retry_after: seconds after which asking again makes sense; None: nothing is said of that.
    """

    name: str
    status: int
    title: str
    says: tuple[str, ...]
    quoted: str = ""
    listings: tuple[Listing, ...] = field(default=())
    again: str = ""
    retry_after: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the answer."""
        return dict(HEADERS) | ({"Retry-After": str(self.retry_after)} if self.retry_after is not None else {})

    @property
    def html(self) -> str:
        """The document."""
        parts = [f"<p>{_text(one)}</p>" for one in self.says]
        if self.quoted:
            parts.append(f"<p>Microsoft Entra ID says:</p>\n<blockquote>{escape(self.quoted)}</blockquote>")
        for listing in self.listings:
            if listing.items:
                items = "\n".join(f"<li>{_text(one)}</li>" for one in listing.items)
                parts.append(f"<h2>{_text(listing.heading)}</h2>\n<ul>\n{items}\n</ul>")
        if self.again:
            parts.append(f'<p><a href="{escape(self.again)}">Begin again</a></p>')
        return _PAGE.substitute(title=escape(self.title), style=_STYLE, body="\n".join(parts))


def _text(text: str) -> str:
    return _COMMAND.sub(r"<code>\1</code>", escape(text))
