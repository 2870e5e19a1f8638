"""What each page says: what happened and what to do, in words for an administrator who has never seen the connector.

Anybody can open these pages. They tell nothing of the tenant, and of the deployment only which permissions its application has.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Set

from connector.consent.answers import Reason, Refusal
from connector.consent.asking import START
from connector.consent.pages import Listing, Page
from connector.consent.proving import Proof
from connector.permissions import FEATURES, Feature, Missing, enabled_features
from connector.settings import Settings

_LOOK = "`python -m connector check` looks again at any time, and says what works and what does not."
_NEXT = Listing(
    "What to do next",
    (
        "`python -m connector check` tries everything that the connector needs, one line each.",
        "`python -m connector sync` reads the tenant for the first time; the schedule does so as well, within hours.",
    ),
)


def settings_wrong() -> Page:
    """The settings of the deployment cannot be read."""
    says = ("The settings of this deployment are not right. Its log says which, and what they must be.",)
    return Page("settings_wrong", 500, "The connector is not set up", says)


def not_set_up(missing: Iterable[str]) -> Page:
    """Something that giving consent here takes is not set."""
    says = ("Consent cannot be given on this page, because something is not set up.",)
    other = Listing(
        "Or do without this page", ("`python -m connector setup` grants consent, or prints a link for it.",)
    )
    what = Listing("What to do", tuple(missing))
    return Page("not_set_up", 503, "Consent is not set up here", says, listings=(what, other))


def another_tenant(settings: Settings) -> Page:
    """Somebody asks for another tenant than the deployment's."""
    says = (
        "This deployment of the connector serves one tenant, and not the one that the address names.",
        (
            "If it is to serve yours, whoever operates it sets `ENTRA_TENANT_ID` to the id of your tenant (Entra admin center, Overview). If it "
            "does already, leave `?tenant=…` out, or put that id there: names of domains are not understood."
        ),
    )
    return Page("another_tenant", 403, "This is another tenant's connector", says, again=_again(settings))


def refused(refusal: Refusal, settings: Settings, *, trusted: bool) -> Page:
    """Microsoft Entra ID says that there is no consent; ``trusted``: to the browser that has asked for it, so its words may be shown."""
    title, *says = {
        Reason.CANCELLED: (
            "Consent was not given",
            "Nothing was granted: somebody has cancelled on Microsoft's page.",
            "Begin again when you want to go on. What the connector asks for, and why, `python -m connector permissions` tells.",
        ),
        Reason.NOT_ADMINISTRATOR: (
            "You may not give this consent",
            "Nothing was granted: the account that signed in may not consent to application permissions of Microsoft Graph.",
            (
                "Have it done by a Global Administrator or Privileged Role Administrator, in a private window if your browser signs you in by "
                "itself. If you hold the role through Privileged Identity Management, activate it first."
            ),
        ),
        Reason.OTHER: (
            "Microsoft Entra ID refused",
            (
                "Nothing was granted. If the address of this app is not among the redirect URIs of the app registration, or the app registration "
                "lists no permissions, correct that first: `python -m connector setup` does both."
            ),
        ),
    }[refusal.reason]
    if refusal.code is not None:
        says.append(f"Microsoft's code is AADSTS{refusal.code}; https://login.microsoftonline.com/error explains it.")
    quoted = refusal.stated if trusted else ""
    return Page(refusal.reason.value, 403, title, tuple(says), quoted=quoted, again=_again(settings))


def nothing_came(settings: Settings) -> Page:
    """The address was opened by itself."""
    says = ("Microsoft Entra ID sends you here once you have given consent. Opened by itself, this page does nothing.",)
    return Page("nothing_came", 400, "There is nothing to confirm", says, again=_again(settings))


def forged(settings: Settings) -> Page:
    """The state is none that was signed here."""
    says = (
        (
            "The address does not hold what this deployment has signed: it was changed, cut short, or made up. Or the key that signs, "
            "`CONNECT_STATE_KEY`, was changed meanwhile."
        ),
        "Nothing was asked or recorded. If somebody has sent you here, do not follow them again.",
    )
    return Page("forged", 400, "This is not an answer to us", says, again=_again(settings))


def expired(settings: Settings) -> Page:
    """The state has expired."""
    says = (
        "More than ten minutes have passed since you began, or the clocks differ. Nothing was recorded here.",
        f"If you gave consent, it holds all the same. Begin again to see what came of it, or ask: {_LOOK}",
    )
    return Page("expired", 410, "This took too long", says, again=_again(settings))


def another_browser(settings: Settings) -> Page:
    """The browser does not have the cookie."""
    says = (
        "This browser is not the one that began, or it keeps no cookies of this address. Nothing was recorded here.",
        (
            f"Begin again in one browser, at {_again(settings)} and no other address of this app. If somebody has sent you a link to this page, "
            "do not follow it: they may want you to finish what they have begun."
        ),
    )
    return Page("another_browser", 403, "This was begun in another browser", says, again=_again(settings))


def consent_elsewhere(settings: Settings) -> Page:
    """Consent was given in another tenant, so somebody says."""
    says = (
        "The tenant that Microsoft Entra ID names is not the one that this deployment serves. Nothing was recorded here.",
        (
            "Sign in with an account of the right tenant, in a private window if your browser signs you in by itself. What was granted in "
            "the other one can be withdrawn there: Entra admin center, Enterprise applications, Properties, Delete."
        ),
    )
    return Page("consent_elsewhere", 403, "That was another tenant", says, again=_again(settings))


def already_used(settings: Settings) -> Page:
    """The state was used before."""
    says = (
        "What this page has said the first time still holds; it is not looked at twice. `python -m connector status` shows it.",
        _LOOK,
    )
    return Page("already_used", 409, "This answer has been used", says, again=_again(settings))


def too_many(retry_after: float) -> Page:
    """Too many have come back within a minute."""
    seconds = math.ceil(retry_after)
    says = (
        f"Others have just come back from giving consent. Load this page again in {seconds} seconds: nothing is lost.",
        _LOOK,
    )
    return Page("too_many", 429, "Please wait a moment", says, retry_after=seconds)


def storage_failed(settings: Settings) -> Page:
    """Storage could not be read or written."""
    says = (
        "The connector's storage could not be read or written; its log says why. If you gave consent, it holds all the same.",
        f"Load this page again in a moment. Where it says that the answer was used, {_LOOK[0].lower()}{_LOOK[1:]}",
    )
    return Page("storage_failed", 503, "Storage does not answer", says, again=_again(settings), retry_after=10)


def not_arrived(settings: Settings) -> Page:
    """The tenant does not know the application yet."""
    says = (
        (
            "Microsoft Entra ID does not know the application in your tenant: either consent has not arrived everywhere yet, which takes "
            "some minutes at times, or it was not given."
        ),
        _LOOK,
    )
    return Page("not_arrived", 503, "Consent has not arrived yet", says, again=_again(settings), retry_after=60)


def unreachable(settings: Settings) -> Page:
    """The sign-in endpoint does not answer."""
    says = (
        "Microsoft Entra ID could not be asked for a token, so nobody knows yet whether there is consent. The log says why.",
        _LOOK,
    )
    return Page("unreachable", 503, "Microsoft Entra ID does not answer", says, again=_again(settings), retry_after=60)


def cannot_sign_in(settings: Settings, code: int | None) -> Page:
    """The application cannot sign in, whatever it has been granted."""
    named = f" (AADSTS{code})" if code is not None else ""
    says = (
        (
            f"The connector could not sign in with its own credential{named}. That has nothing to do with consent: a secret or a certificate "
            "is wrong, has expired or cannot be read. The log says which."
        ),
        f"When it is put right, you need not come back here: {_LOOK}",
    )
    return Page("cannot_sign_in", 500, "The connector cannot sign in", says, again=_again(settings))


def proved(proof: Proof, settings: Settings) -> Page:
    """The application can sign in: what works, what is missing, and what is lost by it."""
    if proof.permissions is None:
        told = "The connector can sign in to your tenant. Its token does not tell what it may do there."
        return Page("connected", 200, "The connector can sign in", (told,), listings=(_NEXT,))
    listings = _listings(proof, settings)
    if not proof.permissions:
        nothing = (
            (
                "The connector can sign in to your tenant, and may do nothing there. Either consent has not arrived everywhere yet, which takes "
                "some minutes at times, or the app registration lists no application permissions."
            ),
            _LOOK,
        )
        return Page("no_permissions", 403, "Nothing was granted", nothing, listings=listings, again=_again(settings))
    if proof.missing:
        told = "The connector can sign in to your tenant, and lacks permissions for some of what is switched on."
        title = "The connector is connected, but not everything works"
        return Page("incomplete", 200, title, (told,), listings=listings, again=_again(settings))
    told = "The connector can sign in to your tenant, and has every permission that it needs for what is switched on."
    return Page("connected", 200, "The connector is connected", (told,), listings=listings)


def _listings(proof: Proof, settings: Settings) -> tuple[Listing, ...]:
    lame = {one.feature for one in proof.missing}
    enabled = enabled_features(settings)
    works = Listing("What works", _titles(enabled - lame))
    if not proof.missing:
        return works, _NEXT
    remedy = Listing(
        "What to do about it",
        (
            (
                "Add the missing ones to the app registration: `python -m connector setup` does so, and `python -m connector permissions` "
                "tells what each is for."
            ),
            "Then begin again, or grant consent in the Entra admin center: App registrations, API permissions.",
            f"If they are there already, consent may still be on its way: {_LOOK}",
        ),
    )
    lost = Listing("Permissions that are missing, and what is lost without them", _lost(proof.missing))
    if not proof.permissions:
        return lost, remedy
    return works, Listing("What works in part, or not at all", _titles(enabled & lame)), lost, remedy, _NEXT


def _titles(features: Set[Feature]) -> tuple[str, ...]:
    return tuple(facts.title for name, facts in FEATURES.items() if name in features)


def _lost(missing: Iterable[Missing]) -> tuple[str, ...]:
    sentences: dict[str, list[str]] = {}
    for one in missing:
        sentences.setdefault(one.permission.name, []).append(one.lost)
    return tuple(f"`{name}`: {' '.join(dict.fromkeys(lost))}" for name, lost in sentences.items())


def _again(settings: Settings) -> str:
    return settings.notification_url + START
