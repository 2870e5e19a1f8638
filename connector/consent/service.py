"""What the triggers ask: send an administrator to Microsoft Entra ID, and see what they bring back."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from connector.consent import said
from connector.consent.answers import Consented, Refusal, read_answer
from connector.consent.asking import consent_url, is_served, not_set_up
from connector.consent.browsers import browser_secret, new_secret, set_cookie
from connector.consent.pages import Page
from connector.consent.proving import NOT_THERE_YET, Proof, prove
from connector.consent.recording import connection_of, record
from connector.consent.states import (
    State,
    StateExpired,
    StateOfAnotherBrowser,
    StateOfAnotherTenant,
    StateRefused,
    States,
)
from connector.consent.using import AlreadyUsed, TooMany, use
from connector.graph.errors import GraphError, GraphUnreachable, SignInFailed
from connector.graph.tokens import graph_scope
from connector.logs import log_event
from connector.settings import Settings, SettingsError
from connector.storage import open_store
from connector.storage.errors import StorageError

_log = logging.getLogger(__name__)

Proving = Callable[[Settings], Awaitable[Proof]]


@dataclass(frozen=True, slots=True)
class Departure:
    """Where to send a browser, and the ``Set-Cookie`` header by which it will be known again."""

    location: str
    cookie: str


def depart(settings: Settings, tenant: str | None, cookies: str, now: datetime) -> Departure | Page:
    """Send a browser to the page on which consent is given. Nothing is written or asked: that costs no more than a signature.

    Args:
        tenant: the tenant that the caller names; None where none is named.
        cookies: the browser's ``Cookie`` header. A secret that it has already is used again, so that several tabs work.
        now: with its time zone.

    Returns:
        Where to, or a page that says why not.
    """
    if not is_served(tenant, settings):
        return said.another_tenant(settings)
    missing = not_set_up(settings)
    if missing:
        return said.not_set_up(missing)
    secret = browser_secret(cookies, settings.notification_url) or new_secret()
    state = States(settings.connect_state_key, settings.tenant_id).sign(secret, now)
    cookie = set_cookie(secret, settings.notification_url)
    return Departure(consent_url(settings, graph_scope(settings), state), cookie)


async def arrive(
    settings: Settings, params: Mapping[str, str], cookies: str, now: datetime, proving: Proving = prove
) -> Page:
    """See what a browser brings back, and whether there is consent.

    Only an answer that says so, with a state of ours that is brought by the browser that got it, reaches storage and the sign-in endpoint.

    Args:
        params: of the address.
        cookies: the browser's ``Cookie`` header.
        now: with its time zone.
        proving: proves that there is consent.
    """
    missing = not_set_up(settings)
    if missing:
        return said.not_set_up(missing)
    answer = read_answer(params)
    secret = browser_secret(cookies, settings.notification_url)
    state: State | StateRefused
    try:
        state = States(settings.connect_state_key, settings.tenant_id).read(params.get("state", ""), secret, now)
    except StateRefused as refused:
        state = refused
    if isinstance(answer, Refusal):
        return said.refused(answer, settings, trusted=isinstance(state, State))
    if not isinstance(answer, Consented):
        return said.nothing_came(settings)
    if isinstance(state, StateRefused):
        return _state_refused(state, settings)
    if answer.tenant.lower() != settings.tenant_id:
        return said.consent_elsewhere(settings)
    return await _finish(settings, state, now, proving)


def _state_refused(refused: StateRefused, settings: Settings) -> Page:
    match refused:
        case StateExpired():
            return said.expired(settings)
        case StateOfAnotherBrowser():
            return said.another_browser(settings)
        case StateOfAnotherTenant():
            return said.consent_elsewhere(settings)
        case _:
            return said.forged(settings)


async def _finish(settings: Settings, state: State, now: datetime, proving: Proving) -> Page:
    """Use the state up, prove that there is consent, and record what was found."""
    try:
        async with open_store(settings) as store:
            await use(store, state, now)
            proof = await proving(settings)
            await record(store, connection_of(proof, settings, datetime.now(UTC)))
    except AlreadyUsed:
        return said.already_used(settings)
    except TooMany as many:
        return said.too_many(many.retry_after)
    except SettingsError as error:  # of what only shows when it is used: TLS_CA_FILE
        for problem in error.problems:
            log_event(_log, "setting_wrong", level=logging.ERROR, problem=problem)
        return said.settings_wrong()
    except StorageError as error:
        log_event(_log, "consent_unrecorded", level=logging.ERROR, message=error.sentence, advice=error.advice)
        return said.storage_failed(settings)
    except GraphError as error:
        log_event(_log, "consent_unproved", level=logging.ERROR, message=str(error), advice=error.advice)
        return _unproved(error, settings)
    return said.proved(proof, settings)


def _unproved(error: GraphError, settings: Settings) -> Page:
    if isinstance(error, GraphUnreachable):
        return said.unreachable(settings)
    code = error.code if isinstance(error, SignInFailed) else None
    return said.not_arrived(settings) if code in NOT_THERE_YET else said.cannot_sign_in(settings, code)
