"""The admin address: counters, verbs, truth, variants, faults and the clock. For tests and demos, never for clients."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from emulators.graph.service.aadsts import SignInError
from emulators.graph.service.context import Context
from emulators.graph.service.faults import Fault, Faults
from emulators.graph.service.messages import Reply
from emulators.graph.service.metrics import Metrics
from emulators.graph.service.people.devices import Devices
from emulators.graph.service.subscriptions.notifications import Notifications
from emulators.graph.service.throttle import Scope, Throttle
from emulators.graph.service.variants import Variants
from emulators.graph.tenant.errors import TenantError
from emulators.graph.tenant.tenant import Tenant
from emulators.graph.tenant.truth import truth
from emulators.graph.tenant.verbs import VERBS

PREFIX = "emulator"
"""First segment of the admin address."""


class _Advance(msgspec.Struct):
    seconds: float


class _Reset(msgspec.Struct):
    entity_set: str
    location: bool = True


class _Spend(msgspec.Struct):
    scope: Scope
    counts: str
    amount: int
    app_id: str = ""


class _Device(msgspec.Struct):
    user_code: str = ""
    account: str = ""


class _Refused(Exception):
    """A request that makes no sense; the text says why. ``status`` is the answer's."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.status = status


class Admin:
    """Serves the admin address."""

    def __init__(
        self,
        tenant: Tenant,
        context: Context,
        metrics: Metrics,
        faults: Faults,
        throttle: Throttle,
        *,
        notifications: Notifications,
        devices: Devices,
    ) -> None:
        self._devices = devices
        self._notifications = notifications
        self._tenant = tenant
        self._context = context
        self._metrics = metrics
        self._faults = faults
        self._throttle = throttle

    def serve(self, method: str, path: str, options: Mapping[str, str], body: bytes) -> Reply:
        """The answer to one request; ``path`` is what follows the prefix."""
        try:
            return self._serve(method, path.strip("/").split("/"), options, body)
        except _Refused as refused:
            return Reply(refused.status, {"error": str(refused)}, _JSON)
        except (msgspec.MsgspecError, TypeError, ValueError, TenantError) as error:
            return Reply(400, {"error": f"{type(error).__name__}: {error}"}, _JSON)

    def _serve(self, method: str, segments: list[str], options: Mapping[str, str], body: bytes) -> Reply:
        match method, *segments:
            case ("GET", "metrics") | ("POST", "metrics", "reset"):
                return self._count(method)
            case "POST", "verbs", name:
                return self._verb(name, body)
            case "GET", "truth":
                return self._truth(options)
            case (
                (("GET" | "PATCH"), "variants" | "notifications")
                | ("POST", "notifications", "remind")
                | ("GET", "devices")
                | ("POST", "devices", "approve" | "decline")
            ):
                return self._about(method, segments, body)
            case (("GET" | "POST" | "DELETE"), "faults"):
                return self._fault(method, body)
            case (
                ("POST", "throttle", "spend")
                | ("POST", "clock", "advance")
                | ("POST", "delta", "reset")
                | ("POST", "reads", "settle")
            ):
                return self._adjust(segments[0], body)
        raise _Refused(f"There is no {method} /{'/'.join(segments)}.", 404)

    def _adjust(self, what: str, body: bytes) -> Reply:
        if what == "clock":
            self._context.clock.advance(msgspec.json.decode(body, type=_Advance).seconds)
        elif what == "delta":
            wanted = msgspec.json.decode(body, type=_Reset)
            self._context.resets.reset(wanted.entity_set, location=wanted.location)
        elif what == "reads":
            self._context.replica.settle()
        else:
            spent = msgspec.json.decode(body, type=_Spend)
            self._throttle.spend(spent.scope, spent.counts, spent.amount, app_id=spent.app_id)
        return Reply(204)

    def _count(self, method: str) -> Reply:
        if method == "GET":
            return _json(self._metrics.snapshot())
        self._metrics.reset()
        return Reply(204)

    def _verb(self, name: str, body: bytes) -> Reply:
        verb = VERBS.get(name)
        if verb is None:
            raise _Refused(f"There is no verb {name!r}; there are {', '.join(VERBS)}.", 404)
        with self._tenant.lock:
            return _json({"result": verb(self._tenant, **_arguments(body))})

    def _about(self, method: str, segments: list[str], body: bytes) -> Reply:
        if segments[0] == "devices":
            return self._device(segments[-1], body)
        return self._variants(method, body) if segments[0] == "variants" else self._notify(method, body)

    def _device(self, what: str, body: bytes) -> Reply:
        """GET: codes that wait; POST: do with one as a person would on the page. The oldest where none is named."""
        if what == "devices":
            return _json(list(self._devices.waiting()))
        asked = msgspec.json.decode(body or b"{}", type=_Device)
        code = asked.user_code or next(iter(self._devices.waiting()), "")
        try:
            self._devices.approve(code, asked.account) if what == "approve" else self._devices.decline(code)
        except SignInError as error:
            raise _Refused(f"AADSTS{error.number}: {error}") from None
        return Reply(204)

    def _notify(self, method: str, body: bytes) -> Reply:
        """GET: what there is; PATCH: disturb deliveries; POST: ``reauthorizationRequired`` to one subscription."""
        if method == "PATCH":
            self._notifications.disturb(**_arguments(body))
        elif method == "POST":
            try:
                self._notifications.remind(str(_arguments(body).get("subscription_id", "")))
            except KeyError as missing:
                raise _Refused(f"There is no subscription {missing}.", 404) from None
        return _json(self._notifications.snapshot())

    def _truth(self, options: Mapping[str, str]) -> Reply:
        known: dict[str, Any] = {name: _switch(value) for name, value in options.items()}
        with self._tenant.lock:
            picture = truth(self._tenant, **known)
        return Reply(200, msgspec.to_builtins(picture, builtin_types=(datetime,), enc_hook=_plain), _JSON)

    def _variants(self, method: str, body: bytes) -> Reply:
        if method == "PATCH":
            changed = _struct(self._context.variants) | _arguments(body)
            self._context.variants = msgspec.convert(_known(changed), Variants)
        return _json(_struct(self._context.variants))

    def _fault(self, method: str, body: bytes) -> Reply:
        if method == "DELETE":
            self._faults.clear()
            return Reply(204)
        if method == "POST":
            self._faults.add(msgspec.json.decode(body, type=Fault))
        return _json(self._faults.waiting())


_JSON = {"Content-Type": "application/json"}


def _json(content: Any) -> Reply:
    return Reply(200, content, dict(_JSON))


def _arguments(body: bytes) -> dict[str, Any]:
    return msgspec.json.decode(body or b"{}", type=dict[str, Any])


def _struct(variants: Variants) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(variants)
    return made


def _known(changed: dict[str, Any]) -> dict[str, Any]:
    unknown = changed.keys() - _struct(Variants()).keys()
    if unknown:
        raise _Refused(f"There is no variant {', '.join(sorted(unknown))}.")
    return changed


def _switch(value: str) -> str | bool | int:
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    return int(value) if value.isascii() and value.isdigit() else value


def _plain(value: Any) -> Any:
    """Datetimes as ISO 8601 in UTC, sets as lists."""
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError(f"truth() holds a {type(value).__name__}, which is not JSON")
