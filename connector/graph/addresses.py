"""The addresses of requests that msgraph-sdk's builders make.

The builders' own expansion of URI templates goes through them character by character: a filter over fifty groups takes it 9 ms,
which is more than reading the answer. This does the same for what the builders' templates use of RFC 6570.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from kiota_abstractions.request_information import RequestInformation

_EXPRESSION = re.compile(r"\{([+?&]?)([^}]*)\}")
_RESERVED = ":/?#[]@!$&'()*+,;="
"""What ``{+name}`` leaves as it is. RFC 6570, section 3.2.3."""


def address(info: RequestInformation) -> str:
    """The absolute url of what a builder made; ``info.url``, only faster."""
    template = info.url_template
    if not template:
        return str(info.url)
    values = {**info.query_parameters, **info.path_parameters}
    return _EXPRESSION.sub(lambda found: _expanded(found[1], found[2].split(","), values), template)


def _expanded(operator: str, names: list[str], values: Mapping[str, Any]) -> str:
    safe = _RESERVED if operator == "+" else ""
    known = [(name.removesuffix("*"), values.get(name.removesuffix("*"))) for name in names]
    texts = [(name, _text(value, safe)) for name, value in known if value is not None]
    if operator not in ("?", "&"):
        return ",".join(text for _, text in texts)
    return operator + "&".join(f"{name}={text}" for name, text in texts) if texts else ""


def _text(value: Any, safe: str) -> str:
    if isinstance(value, list | tuple):
        return ",".join(_text(item, safe) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return quote(str(value.value if isinstance(value, Enum) else value), safe=safe)
