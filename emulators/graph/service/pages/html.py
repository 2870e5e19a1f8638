"""Plain pages: what Entra ID asks on its own, with nothing of how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.clock import Clock
from emulators.graph.service.messages import Reply

_HEADERS = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "X-Frame-Options": "DENY"}


def page(title: str, *parts: str, status: int = 200) -> Reply:
    """A page; ``parts`` are HTML, ``title`` is text."""
    lines = (
        "<!DOCTYPE html>",
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title></head>',
        f"<body><main><h1>{escape(title)}</h1>",
        *parts,
        "<footer><small>Emulated sign-in service. Nothing here is Microsoft's.</small></footer></main></body></html>",
    )
    return Reply(status, "\n".join(lines).encode(), dict(_HEADERS))


def refusal(error: SignInError, clock: Clock, correlation_id: str) -> Reply:
    """The page of an error that is shown to people and handed to no application."""
    told = error.reply(clock, correlation_id)
    facts = ("trace_id", "correlation_id", "timestamp")
    return page(
        "Sorry, but we're having trouble signing you in.",
        f'<p id="error">AADSTS{error.number}: {escape(error.text)}</p>',
        "<ul>" + "".join(f"<li>{name}: {escape(str(told.body[name]))}</li>" for name in facts) + "</ul>",
        status=error.status,
    )


def choices(accounts: Iterable[tuple[str, str]], chosen: str) -> str:
    """A choice between accounts, each a sign-in name and what is said of it, and a field for any other."""
    options = "".join(
        f'<option value="{escape(name)}"{" selected" if name == chosen else ""}>{escape(said)}</option>'
        for name, said in accounts
    )
    return (
        f'<p><label>Signed in as <select name="account" id="account"><option value="">(the one below)</option>{options}'
        '</select></label> <label>or <input name="other" id="other" placeholder="name@domain"></label></p>'
    )


def hidden(name: str, value: str) -> str:
    """A field that is sent along."""
    return f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'


def button(name: str, said: str) -> str:
    """A button that sends the form with ``decision`` set to ``name``, which is its id as well."""
    return f'<button type="submit" name="decision" value="{escape(name)}" id="{escape(name)}">{escape(said)}</button>'
