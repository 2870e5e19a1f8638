"""Whether a token counts for the vault: its signature, audience, issuer and time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from emulators.graph.service.assertions import Assertion, AssertionMalformed, keys_of
from emulators.graph.service.audiences import KEY_VAULT_APP_ID
from emulators.graph.service.clock import Clock
from emulators.keyvault.access import Caller
from emulators.keyvault.errors import unauthorized

_SKEW_SECONDS = 300
_EXPIRED = "[TokenExpired] Error validating token: 'S2S12086'."
_MALFORMED = "[AggregatedAuthenticationFailure] Error validating token: 'S2S17001'."


class Tokens:
    """Checks tokens for a vault of one tenant.

    Args:
        tenant_id: whose tokens count.
        resource: the audience, such as ``https://vault.azure.net``.
        keys: gives the JSON Web Key Set of the issuer.
        clock: the time.
    """

    def __init__(self, *, tenant_id: str, resource: str, keys: Callable[[], Mapping[str, Any]], clock: Clock) -> None:
        self._issuer = f"https://sts.windows.net/{tenant_id}/"
        self._resource = resource
        self._keys = keys
        self._clock = clock
        self._known = "{}"

    def caller(self, authorization: str) -> Caller:
        """Who calls, given the ``Authorization`` header.

        Raises:
            VaultError: 401: the token is missing or does not count.
        """
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise unauthorized("AKV10000: Request is missing a Bearer or PoP token.")
        try:
            parsed = Assertion(token.strip())
        except AssertionMalformed:
            raise unauthorized(_MALFORMED) from None
        self._check_signature(parsed)
        claims = parsed.claims
        expected = (self._resource, KEY_VAULT_APP_ID)
        if not set(claims.audiences) & set(expected):
            found = " ".join(claims.audiences)
            raise unauthorized(f"AKV10022: Invalid audience. Expected {' or '.join(expected)}, found: {found}.")
        if claims.iss != self._issuer:
            raise unauthorized(f"AKV10032: Invalid issuer. Expected one of {self._issuer}, found {claims.iss}.")
        if not claims.nbf - _SKEW_SECONDS <= self._clock.now() < claims.exp:
            raise unauthorized(_EXPIRED)
        return Caller(claims.appid, claims.oid, claims.iss)

    def _check_signature(self, parsed: Assertion) -> None:
        keys = keys_of(self._known, parsed.header.kid)
        if not keys:  # asked for again only then: keys change seldom
            self._known = msgspec.json.encode(self._keys()).decode()
            keys = keys_of(self._known, parsed.header.kid)
        if not keys:
            raise unauthorized("AKV10046: Unable to resolve the key used for signature validation.")
        if not any(parsed.signed_by(key) for key in keys):
            raise unauthorized(_MALFORMED)
