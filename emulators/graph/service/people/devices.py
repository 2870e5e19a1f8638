"""Codes by which people let a device, or a command line, act for them."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass

from emulators.graph.service.context import Context
from emulators.graph.service.pages.accounts import Account, account_of
from emulators.graph.service.people import refusals
from emulators.graph.service.people.applications import PublicClient
from emulators.graph.service.people.scopes import Consents, Wanted
from emulators.graph.tenant.tenant import Tenant

CODE_SECONDS = 900
"""How long a code can be entered (documented)."""
_LETTERS = "BCDFGHJKLMNPQRSTVWXYZ23456789"
_CODE_LENGTH = 9


@dataclass(slots=True)
class Device:
    """One sign-in that somebody has begun, and what became of it."""

    device_code: str
    user_code: str
    client: PublicClient
    wanted: Wanted
    expires_at: float
    polled_at: float = 0.0
    account: Account | None = None
    declined: bool = False


class Devices:
    """All codes that were given out. They live as long as the process."""

    def __init__(self, tenant: Tenant, context: Context) -> None:
        self._tenant = tenant
        self._context = context
        self._consents = Consents(tenant)
        self._lock = threading.Lock()
        self._devices: dict[str, Device] = {}

    def begin(self, client: PublicClient, wanted: Wanted) -> Device:
        """Give out new codes."""
        user_code = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
        expires_at = self._context.clock.now() + CODE_SECONDS
        device = Device(secrets.token_urlsafe(48), user_code, client, wanted, expires_at)
        with self._lock:
            self._devices[device.device_code] = device
        return device

    def entered(self, user_code: str) -> Device:
        """The sign-in of the code that somebody entered.

        Raises:
            SignInError: no sign-in waits for this code.
        """
        wanted, now = user_code.strip().upper(), self._context.clock.now()
        with self._lock:
            for device in self._devices.values():
                waiting = device.account is None and not device.declined and now < device.expires_at
                if waiting and device.user_code == wanted:
                    return device
        raise refusals.unknown_user_code()

    def waiting(self) -> tuple[str, ...]:
        """The codes that nobody has entered yet, oldest first."""
        with self._lock:
            found = [one for one in self._devices.values() if one.account is None and not one.declined]
        return tuple(one.user_code for one in found if self._context.clock.now() < one.expires_at)

    def approve(self, user_code: str, account: str) -> None:
        """Do as the page does when a person enters the code and continues, consenting where that is asked for.

        Args:
            user_code: the code.
            account: sign-in name or object id of the person.

        Raises:
            SignInError: no sign-in waits for this code, there is no such account, or it may not consent.
        """
        device, person = self.entered(user_code), account_of(self._tenant, account)
        self._consents.give(device.client, person, device.wanted)
        device.account = person

    def decline(self, user_code: str) -> None:
        """Do as the page does when a person cancels.

        Raises:
            SignInError: no sign-in waits for this code.
        """
        self.entered(user_code).declined = True

    def redeem(self, device_code: str, client: PublicClient) -> tuple[Account, Wanted]:
        """Who has entered the code of a device, and for what. A code can be redeemed once.

        Raises:
            SignInError: nobody has yet, nobody will, or no such code was given to this application.
        """
        now = self._context.clock.now()
        with self._lock:
            device = self._devices.get(device_code)
            if device is None or device.client.app_id != client.app_id:
                raise refusals.bad_code()
            early = now - device.polled_at < self._context.variants.device_code_interval
            device.polled_at = now
            if device.declined:
                raise refusals.declined()
            if device.account is None:
                if now >= device.expires_at:
                    raise refusals.expired()
                slower = early and self._context.variants.device_code_slow_down
                raise refusals.too_often() if slower else refusals.pending()
            del self._devices[device_code]
        return account_of(self._tenant, device.account.id), device.wanted
