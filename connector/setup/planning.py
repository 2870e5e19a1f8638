"""What follows from what there is and what is wanted: pure. Doing all of a plan leads to what a plan for is empty."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import datetime

from connector.credentials.expiring import EXPIRY_WARNING
from connector.setup.actions import (
    Action,
    AddCertificate,
    AddPassword,
    AddTrust,
    CorrectTrust,
    Grant,
    Plan,
    RemovePassword,
    Withdraw,
)
from connector.setup.registration_plan import SINGLE, asked_roles, offered, registration_actions, superfluous
from connector.setup.tenant import Found, Password, Registration
from connector.setup.wanted import Kind, Wanted


def plan(wanted: Wanted, found: Found, now: datetime) -> Plan:
    """What to do.

    Args:
        now: the time, with its zone: a client secret that ends soon is replaced.
    """
    lines = [*_actions(wanted, found, now)]
    return Plan(
        tuple(one for one in lines if isinstance(one, str)),
        tuple(one for one in lines if isinstance(one, Action)),
        tuple(_notes(wanted, found)),
    )


def in_use(wanted: Wanted, found: Found, now: datetime) -> Password | None:
    """The client secret that is kept and good for long enough; None where there is none."""
    there = found.registration.password_credentials if found.registration else ()
    enough = min(EXPIRY_WARNING, wanted.valid / 2)
    for one in there:
        if one.key_id == found.kept.current:
            return None if one.end_date_time is not None and one.end_date_time - now <= enough else one
    return None


def _actions(wanted: Wanted, found: Found, now: datetime) -> Iterator[Action | str]:
    if wanted.kind is not Kind.MANAGED_IDENTITY:
        yield from registration_actions(wanted, found)
    match wanted.kind:
        case Kind.FEDERATED:
            yield from _trust(wanted, found.registration)
        case Kind.CERTIFICATE:
            yield from _certificate(wanted, found.registration)
        case Kind.SECRET:
            yield from _orphans(found)
            yield from _secret(wanted, found, now)
    if wanted.consent:
        yield from _grants(wanted, found)
    if wanted.kind is Kind.SECRET and wanted.remove_old_secrets:
        yield from _old_secrets(wanted, found, now)


def _trust(wanted: Wanted, there: Registration | None) -> Iterator[Action | str]:
    trust = wanted.trust
    if trust is None:
        return
    same = [
        one for one in (there.federated if there else ()) if (one.issuer, one.subject) == (trust.issuer, trust.subject)
    ]
    if not same:
        yield AddTrust(f"Trust tokens of {trust.issuer} for {trust.subject}", trust)
    elif same[0].audiences != (trust.audience,):
        yield CorrectTrust(f"Correct the audience of the federated credential {same[0].name!r}", same[0].id, trust)
    else:
        yield f"Tokens of {trust.issuer} for {trust.subject} are trusted."


def _certificate(wanted: Wanted, there: Registration | None) -> Iterator[Action | str]:
    certificate = wanted.certificate
    if certificate is None:
        return
    keys = there.key_credentials if there else []
    if any(_is_thumbprint(str(one.get("customKeyIdentifier") or ""), certificate.thumbprint) for one in keys):
        yield f"The certificate from {certificate.described} is registered."
        return
    said = f"Register the certificate from {certificate.described} ({certificate.thumbprint.hex().upper()})"
    yield AddCertificate(said, certificate, tuple(keys))


def _is_thumbprint(identifier: str, thumbprint: bytes) -> bool:
    """Graph writes it as Base64 of the bytes; some answers of it have it in hexadecimal digits."""
    return identifier == base64.b64encode(thumbprint).decode() or identifier.lower() == thumbprint.hex()


def _marked(found: Found) -> list[Password]:
    there = found.registration.password_credentials if found.registration else ()
    return [one for one in there if found.mark and one.display_name == found.mark]


def _orphans(found: Found) -> Iterator[Action]:
    """Those that were made for where secrets are kept and never got there: nobody has them, for they are shown to nobody."""
    for one in _marked(found):
        if one.key_id not in found.kept.all:
            yield RemovePassword(f"Remove the client secret {one.key_id}, which was made and never kept", one.key_id)


def _secret(wanted: Wanted, found: Found, now: datetime) -> Iterator[Action | str]:
    good = in_use(wanted, found, now)
    if good is not None and not wanted.new_secret:
        ends = f" until {good.end_date_time:%Y-%m-%d}" if good.end_date_time else ""
        yield f"The client secret {good.key_id} is kept in {found.where} and valid{ends}."
        return
    days = wanted.valid.days
    yield AddPassword(
        f"Make a client secret, valid for {days} days, and write it to {found.where}", found.mark, wanted.valid
    )


def _old_secrets(wanted: Wanted, found: Found, now: datetime) -> Iterator[Action]:
    good = None if wanted.new_secret else in_use(wanted, found, now)
    for one in _marked(found):
        if one.key_id in found.kept.all and (good is None or one.key_id != good.key_id):
            said = f"Remove the old client secret {one.key_id}, once the one in use has signed in"
            yield RemovePassword(said, one.key_id, proven_first=True)


def _grants(wanted: Wanted, found: Found) -> Iterator[Action | str]:
    granted = found.principal.granted if found.principal else {}
    possible = offered(wanted, found)
    missing = [one for one in possible if one.id not in granted]
    for permission in missing:
        yield Grant(f"Grant {permission.name}", permission.name, permission.id)
    if not missing:
        yield f"All {len(possible)} permissions are granted."
    if wanted.remove_superfluous:
        for permission in superfluous(wanted, granted):
            yield Withdraw(f"Take back {permission.name}", permission.name, granted[permission.id])


def _notes(wanted: Wanted, found: Found) -> Iterator[str]:
    there = found.registration
    if there and wanted.kind is not Kind.MANAGED_IDENTITY:
        if not wanted.multi_tenant and there.sign_in_audience not in ("", SINGLE):
            yield f"The app registration is for several tenants ({there.sign_in_audience}), and stays so."
        if there.display_name != wanted.name and not wanted.client_id:
            yield f"The app registration is called {there.display_name!r} by now, and stays so."
    granted = frozenset(found.principal.granted) if found.principal else frozenset()
    held = granted | (asked_roles(there.required_resource_access) if there else frozenset())
    extra = [] if wanted.remove_superfluous else superfluous(wanted, held)
    if extra:
        names = ", ".join(one.name for one in extra)
        yield f"Not needed for the chosen features: {names}. --remove-superfluous takes them back."
    lacking = [one.name for one in wanted.permissions if one.id not in found.graph_roles]
    if lacking:
        yield f"Microsoft Graph does not offer in this cloud: {', '.join(lacking)}."
    if wanted.kind is Kind.SECRET and found.kept.foreign:
        yield f"What is in {found.where} now was not written by setup; it stays there as an older version, or is replaced in a file."
    if wanted.kind is Kind.SECRET and not wanted.remove_old_secrets:
        old = [
            one.key_id for one in _marked(found) if one.key_id in found.kept.all and one.key_id != found.kept.current
        ]
        if old:
            yield f"Old client secrets of this setup: {', '.join(old)}. --remove-old-secrets removes them."
