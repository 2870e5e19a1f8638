"""Brings the subscriptions in order: what Graph lists, what is known, and what is wanted.

Before a subscription is made, the intent is written down with the hash of its secret; afterwards, what came of it. So whoever goes
on after a death between the two recognises what exists, and the endpoint accepts what it sends meanwhile. A subscription
that replaces another is made first. Only where Graph refuses that, because it allows one of a kind or the quota is used up, the old one goes
first; a round is asked for in the end, which reads what happened in between.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

import msgspec
from msgspec.structs import replace

from connector.graph import retry
from connector.graph.session import GraphSession
from connector.graph.writing import Outcome, Written
from connector.storage.records import Cause, Lane, WakeMessage
from connector.storage.subscriptions import Intent, Subscription, Subscriptions, digest
from connector.subscriptions.ledger import Ledger
from connector.subscriptions.listing import Listed, list_subscriptions, parse_subscription
from connector.subscriptions.planning import INTENTS_KEPT, Plan, plan
from connector.subscriptions.problems import is_quota, not_made, not_removed, not_renewed
from connector.subscriptions.wanted import ABANDONED_BELOW, LIFETIME, RESOURCES, Wanted, next_renewal, wanted_at

_PASSES = 3
"""How often the list is read again in one go because it is not known what became of a write."""

WAKE_DELAY = 10.0
"""Seconds after which a round is asked for when a subscription was made. The endpoint learns of it sooner, so that what it may have
dropped until then is read, too."""


class Write(Protocol):
    """Sends one write to Graph, as :func:`connector.graph.writing.write` does."""

    async def __call__(
        self, session: GraphSession, method: str, path: str, body: bytes | None = None, *, repeatable: bool = False
    ) -> Written:
        """Send it."""


class SendWake(Protocol):
    """Asks for a round, to be begun after ``delay`` seconds at the earliest."""

    async def __call__(self, message: WakeMessage, *, delay: float = 0) -> None:
        """Send it."""


@dataclass(slots=True)
class Done:
    """What one run did, for the log. ``settled``: it is known that everything is as it should be, or why not."""

    made: int = 0
    removed: int = 0
    renewed: int = 0
    reauthorized: int = 0
    problems: list[str] = field(default_factory=list)
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Does one run. Whoever does the same at the same time does no harm: both end where Graph's list leads them.

    Args:
        address: public address of this deployment; empty: it has none, and nothing is subscribed to.
        client_id: of the app registration.
        write: how Graph is written to, and ``send_wake`` how a round is asked for.
        now: the time, in UTC.
    """

    ledger: Ledger
    session: GraphSession
    address: str
    client_id: str
    write: Write
    send_wake: SendWake
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def run(self) -> Done:
        """Compare, repair, renew and authorize again.

        Raises:
            GraphError: the list could not be read. Whatever was done before is written down.
            StorageError: something could not be read or written.
        """
        done = Done()
        for number in range(1, _PASSES + 1):
            done.problems.clear()
            done.settled = await self._pass(done)
            if done.settled:
                break
            if number < _PASSES:
                await self.session.pause(retry.back_off(1))
        if self.ledger.state.wake_owed:
            kinds = RESOURCES
            message = WakeMessage(lane=Lane.DIRECTORY, cause=Cause.NOTIFICATION, seen_at=self.now(), kinds=kinds)
            await self.send_wake(message, delay=WAKE_DELAY)
        return done

    async def _pass(self, done: Done) -> bool:
        """One look at the list, and what follows from it; whether nothing is left in doubt."""
        wanted = wanted_at(self.address)
        listed = await list_subscriptions(self.session)
        found = plan(listed, self.ledger.state, wanted, client_id=self.client_id, now=self.now())
        await self.ledger.change(lambda state: _noted(state, found, self.now()))
        settled = True
        for want in found.missing:
            settled &= await self._make(want, found, done)
        provided = {want.resource for want in wanted} - {want.resource for want in found.missing}
        for one in list(found.surplus):
            if one.kind in provided or one.kind not in {want.resource for want in wanted}:
                settled &= await self._remove(one, found, done)
        for ours, ends in found.kept.values():
            settled &= await self._prolong(ours, ends, done)
        return settled

    async def _make(self, want: Wanted, found: Plan, done: Done) -> bool:
        """Make a subscription. On success it is no longer missing in ``found``."""
        while True:
            secret, now = secrets.token_urlsafe(32), self.now()
            intent = Intent(
                resource=want.resource,
                notification_url=want.notification_url,
                lifecycle_url=want.lifecycle_url,
                client_state_sha256=digest(secret),
                asked_at=now,
            )
            await self.ledger.change(partial(_intending, intent=intent))
            written = await self.write(self.session, "POST", "/subscriptions", _body(want, secret, now))
            made = parse_subscription(written.body) if written.done else None
            if made is not None:
                await self._note_made(intent, made)
                found.missing = [other for other in found.missing if other != want]
                done.made += 1
                return True
            if written.outcome in (Outcome.DONE, Outcome.UNKNOWN):
                done.problems.append(not_made(want, written, found.foreign))
                return False  # it may exist: the list will tell
            await self.ledger.change(partial(_without, intent=intent))
            in_the_way = [one for one in found.surplus if one.kind == want.resource]
            if in_the_way and (written.status == 409 or is_quota(written)):
                for one in in_the_way:
                    await self._remove(one, found, done)
                if not any(one in found.surplus for one in in_the_way):
                    continue
            done.problems.append(not_made(want, written, found.foreign))
            # Refused as there already, and not listed: somebody has just made it, perhaps we ourselves.
            return written.status != 409 or any(one.kind == want.resource for one in found.foreign)

    async def _note_made(self, intent: Intent, made: Listed) -> None:
        ours = Subscription(
            id=made.id,
            resource=intent.resource,
            notification_url=intent.notification_url,
            lifecycle_url=intent.lifecycle_url,
            client_state_sha256=intent.client_state_sha256,
            made_at=intent.asked_at,
            expires_at=made.expires_at or intent.asked_at + LIFETIME,
            renew_at=next_renewal(intent.asked_at),
        )
        await self.ledger.change(lambda state: replace(_with(_without(state, intent), ours), wake_owed=True))

    async def _remove(self, one: Listed, found: Plan, done: Done) -> bool:
        """Remove a subscription; whether it is gone. It is forgotten only then."""
        written = await self.write(self.session, "DELETE", f"/subscriptions/{one.id}", repeatable=True)
        if not written.done and written.status != 404:
            done.problems.append(not_removed(one, written))
            return written.outcome is Outcome.REFUSED
        await self.ledger.change(lambda state: _forgetting(state, {one.id}))
        found.surplus = [other for other in found.surplus if other.id != one.id]
        done.removed += 1
        return True

    async def _prolong(self, ours: Subscription, ends: datetime | None, done: Done) -> bool:
        """Renew a subscription when it is time for that; otherwise only authorize it again, with a fresh token.

        Graph asks for the latter in time, in a notification that may be lost. What it holds back when the token has expired it
        delivers if this happens within four hours.
        """
        now = self.now()
        if now >= ours.renew_at or (ends or ours.expires_at) < now + ABANDONED_BELOW:
            until = now + LIFETIME
            body = msgspec.json.encode({"expirationDateTime": _written(until)})
            written = await self.write(self.session, "PATCH", f"/subscriptions/{ours.id}", body, repeatable=True)
        else:
            until = None
            written = await self.write(self.session, "POST", f"/subscriptions/{ours.id}/reauthorize", repeatable=True)
        if written.status == 404:
            await self.ledger.change(lambda state: _forgetting(state, {ours.id}))
            return False
        if not written.done:
            done.problems.append(not_renewed(ours, written))
            return True
        if until is None:
            done.reauthorized += 1
            return True
        shown = parse_subscription(written.body)
        renewed = replace(ours, expires_at=(shown.expires_at if shown else None) or until, renew_at=next_renewal(now))
        await self.ledger.change(lambda state: _with(state, renewed))
        done.renewed += 1
        return True


def _body(want: Wanted, secret: str, now: datetime) -> bytes:
    return msgspec.json.encode(
        {
            "resource": want.resource,
            "changeType": "updated,deleted",
            "notificationUrl": want.notification_url,
            "lifecycleNotificationUrl": want.lifecycle_url,
            "expirationDateTime": _written(now + LIFETIME),
            "clientState": secret,
            "latestSupportedTlsVersion": "v1_2",
        }
    )


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _noted(state: Subscriptions, found: Plan, now: datetime) -> Subscriptions:
    """What the list told: what exists after all, what does not, and which intents can come to nothing."""
    for ours in found.adopted:
        state = replace(_with(state, ours), wake_owed=True)
    settled = {ours.client_state_sha256 for ours in found.adopted}
    fresh = now - INTENTS_KEPT
    intents = tuple(one for one in state.intents if one.client_state_sha256 not in settled and one.asked_at > fresh)
    return replace(_forgetting(state, set(found.gone)), intents=intents)


def _with(state: Subscriptions, ours: Subscription) -> Subscriptions:
    others = tuple(one for one in state.subscriptions if one.id != ours.id)
    return replace(state, subscriptions=(*others, ours))


def _intending(state: Subscriptions, intent: Intent) -> Subscriptions:
    return replace(state, intents=(*state.intents, intent))


def _without(state: Subscriptions, intent: Intent) -> Subscriptions:
    return replace(state, intents=tuple(one for one in state.intents if one != intent))


def _forgetting(state: Subscriptions, ids: Sequence[str] | set[str]) -> Subscriptions:
    return replace(state, subscriptions=tuple(one for one in state.subscriptions if one.id not in ids))


def finished(
    state: Subscriptions, address: str, done: Done, now: datetime, *, soon: timedelta, later: timedelta
) -> Subscriptions:
    """What is known after a run: when the next one is due, ``soon`` where something is amiss or in doubt and ``later`` otherwise."""
    healthy = done.settled and not done.problems
    return replace(
        state,
        address=address,
        checked_at=now,
        due_at=now + (later if healthy else soon),
        wake_owed=False,
        problems=tuple(done.problems),
    )
