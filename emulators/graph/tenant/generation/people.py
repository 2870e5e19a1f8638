"""Users: members and guests, enabled and not, from Active Directory and the cloud, people, rooms and shared mailboxes."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from emulators.graph.tenant.bodies import alias, user_body
from emulators.graph.tenant.generation.maker import Dice, Maker
from emulators.graph.tenant.generation.names import COUNTRIES, DEPARTMENTS, FIRST_NAMES, JOB_TITLES, LAST_NAMES, OFFICES
from emulators.graph.tenant.state import Rel, to_json

_NEVER = "0001-01-01T00:00:00Z"
# What the first users are, so that small tenants have some of everything; the others are drawn with these weights.
_FIRST = ("cloud", "cloud", "synced", "guest", "disabled", "synced", "cloud", "pending", "unsynced", "room", "shared")
_WEIGHTS = {
    "cloud": 42, "synced": 37, "guest": 8, "pending": 1, "disabled": 4, "left": 3, "unsynced": 1, "room": 2, "shared": 1,
    "equipment": 1,
}  # fmt: skip
_KINDS, _CUMULATIVE = tuple(_WEIGHTS), tuple(_WEIGHTS.values())
_PURPOSE = {"room": "room", "shared": "shared", "equipment": "equipment"}
_DIVISION_OF_LEAVERS = 80  # one deleted user for so many living ones


def make_people(maker: Maker, count: int) -> None:
    """Users, their managers, sign-ins and mailboxes."""
    leavers = max(2, count // _DIVISION_OF_LEAVERS) if count else 0
    dice = maker.dice("users")
    kinds = [*_FIRST[:count], *dice.choices(_KINDS, _CUMULATIVE, k=max(0, count - len(_FIRST)) + leavers)]
    keys = maker.insert("user", _bodies(maker, dice, kinds))
    maker.users, maker.leavers = keys[:count], keys[count:]
    of_kind = zip(maker.users, kinds, strict=False)
    synced, guests = array("q"), array("q")
    for key, kind in of_kind:
        if kind in ("synced", "left"):
            synced.append(key)
        elif kind in ("guest", "pending"):
            guests.append(key)
    maker.synced_users, maker.guests = synced, guests
    _managers(maker, kinds)
    _activity(maker, keys)
    _mailboxes(maker, keys, kinds)


def _bodies(maker: Maker, dice: Dice, kinds: list[str]) -> Iterator[dict[str, Any]]:
    domain = maker.tenant.fact("domain")
    first_aliases, last_aliases = [alias(n) for n in FIRST_NAMES], [alias(n) for n in LAST_NAMES]
    for index, kind in enumerate(kinds):
        first, last = int(dice.random() * len(FIRST_NAMES)), int(dice.random() * len(LAST_NAMES))
        local = f"{first_aliases[first]}.{last_aliases[last]}.{index}"
        if kind in _PURPOSE:
            yield _resource_mailbox(dice, kind, index, domain)
            continue
        upn = f"{local}_fabrikam.example#EXT#@{domain}" if kind in ("guest", "pending") else f"{local}@{domain}"
        body = user_body(f"{FIRST_NAMES[first]} {LAST_NAMES[last]}", upn, dice.past(2500))
        body |= {
            "givenName": FIRST_NAMES[first],
            "surname": LAST_NAMES[last],
            "usageLocation": dice.one(COUNTRIES),
        }
        yield body | _by_kind(dice, kind, index, local)


def _by_kind(dice: Dice, kind: str, index: int, local: str) -> dict[str, Any]:
    if kind in ("guest", "pending"):
        return {
            "userType": "Guest",
            "mail": f"{local}@fabrikam.example",
            "creationType": "Invitation",
            "externalUserState": "Accepted" if kind == "guest" else "PendingAcceptance",
            "companyName": "Fabrikam",
            "usageLocation": None,
        }
    employee: dict[str, Any] = {
        "jobTitle": dice.one(JOB_TITLES),
        "department": dice.one(DEPARTMENTS),
        "companyName": "Contoso",
        "officeLocation": dice.one(OFFICES),
        "employeeId": f"E{100_000 + index}",
        "employeeType": "Contractor" if dice.chance(0.1) else "Employee",
        "employeeHireDate": dice.past(5000),
        "accountEnabled": kind not in ("disabled", "left"),
    }
    if kind in ("synced", "left", "unsynced"):
        sam = f"u{index}"
        employee |= {
            "onPremisesSyncEnabled": kind != "unsynced",
            "onPremisesDomainName": "corp.contoso.example",
            "onPremisesSamAccountName": sam,
            "onPremisesDistinguishedName": f"CN={sam},OU=Staff,DC=corp,DC=contoso,DC=example",
            "onPremisesImmutableId": f"{dice.getrandbits(120):030x}"[:22] + "==",
            "onPremisesSecurityIdentifier": f"S-1-5-21-1004336348-1177238915-682003330-{10_000 + index}",
            "onPremisesLastSyncDateTime": dice.past(2),
        }
    return employee


def _resource_mailbox(dice: Dice, kind: str, index: int, domain: str) -> dict[str, Any]:
    upn = f"{kind}.{index}@{domain}"
    body = user_body(f"{kind.capitalize()} {OFFICES[index % len(OFFICES)]} {index}", upn, dice.past(2500))
    return body | {"accountEnabled": False}


def _managers(maker: Maker, kinds: list[str]) -> None:
    dice, first = maker.dice("managers"), maker.users.start if isinstance(maker.users, range) else 0
    staff = ("cloud", "synced", "unsynced", "disabled")

    def edges() -> Iterator[tuple[int, int, int]]:
        for index in range(1, len(kinds)):
            boss = int(dice.random() * max(1, index // 6))
            if kinds[index] in staff and kinds[boss] in staff:
                yield Rel.MANAGER, first + index, first + boss

    maker.tenant.db.executemany("INSERT INTO edges VALUES (?, ?, ?)", edges())
    if len(maker.users) > 6 and kinds[6] == "cloud":  # someone still reports to a person who has left
        maker.tenant.db.execute(
            "UPDATE OR IGNORE edges SET target = ? WHERE rel = ? AND source = ?",
            (maker.leavers[0], Rel.MANAGER, maker.users[6]),
        )


def _activity(maker: Maker, keys: range) -> None:
    dice = maker.dice("sign-ins")

    def rows() -> Iterator[tuple[int, str]]:
        for key in keys:
            if dice.chance(0.12):
                continue  # never signed in: the property is absent
            interactive = _NEVER if dice.chance(0.06) else dice.past(400)
            body = {
                "lastSignInDateTime": interactive,
                "lastSignInRequestId": "" if interactive == _NEVER else dice.guid(),
                "lastNonInteractiveSignInDateTime": _NEVER if dice.chance(0.2) else dice.past(60),
                "lastNonInteractiveSignInRequestId": dice.guid(),
            }
            if dice.chance(0.8):
                body["lastSuccessfulSignInDateTime"] = interactive
                body["lastSuccessfulSignInRequestId"] = body["lastSignInRequestId"]
            yield key, to_json(body)

    maker.tenant.db.executemany("INSERT INTO sign_in_activity VALUES (?, ?)", rows())


def _mailboxes(maker: Maker, keys: range, kinds: list[str]) -> None:
    dice = maker.dice("mailboxes")

    def rows() -> Iterator[tuple[int, str]]:
        for key, kind in zip(keys, kinds, strict=True):
            if kind in _PURPOSE:
                yield key, _PURPOSE[kind]
            elif kind in ("guest", "pending") or dice.chance(0.04):
                continue  # no mailbox
            else:
                yield key, "linked" if dice.chance(0.01) else "user"

    maker.tenant.db.executemany("INSERT INTO mailboxes VALUES (?, ?)", rows())
