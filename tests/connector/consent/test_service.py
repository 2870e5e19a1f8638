"""Departing and arriving: who gets where, what is asked and written for whom, and what each is told."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from connector.consent.pages import Page
from connector.consent.proving import Proof
from connector.consent.service import Departure, arrive, depart
from connector.consent.states import LIFETIME
from connector.consent.using import MOST_A_MINUTE
from connector.graph.errors import GraphUnreachable, SignInFailed
from connector.permissions import FEATURES, Feature, enabled_features, missing, needed_for
from connector.settings import Settings
from connector.storage import open_store
from connector.storage.records.consents import Connection
from tests.support.consent import CLIENT, KEY, NOON, TENANT, brought, environment
from tests.support.snapshots import make_container

NOT_SET_UP = Settings.load(environment(CONNECT_STATE_KEY=""))
NOWHERE = Settings.load(environment())
"""Its storage cannot be opened: whoever asks it is told ``storage_failed``."""
ALL = frozenset(one.name for one in needed_for(enabled_features(NOWHERE)))
OTHER_TENANT = "1c5ff1d1-3d0f-4f0e-8a4e-6e5a7a4b7b10"


class Proving:
    """Proves that so much was granted, or fails; counts how often it is asked."""

    def __init__(self, found: frozenset[str] | Exception | None = ALL) -> None:
        self._found = found
        self.asked = 0

    async def __call__(self, settings: Settings) -> Proof:
        self.asked += 1
        if isinstance(self._found, Exception):
            raise self._found
        lacking = missing(self._found, enabled_features(settings)) if self._found is not None else ()
        return Proof(self._found, "the-object", lacking)


@pytest.fixture
def settings(storage_account: str) -> Settings:
    settings = Settings.load(environment(AzureWebJobsStorage=storage_account))
    make_container(settings)
    return settings


def arrived(
    settings: Settings, params: dict[str, str], cookie: str, proving: Proving | None = None, now: datetime = NOON
) -> Page:
    return asyncio.run(arrive(settings, params, cookie, now, proving or Proving()))


def connection(settings: Settings) -> Connection | None:
    async def read() -> Connection | None:
        async with open_store(settings) as store:
            held = await store.consents.connection()
            return held.record if held else None

    return asyncio.run(read())


# --- departing


def test_a_browser_goes_to_microsoft_with_a_state_and_keeps_a_cookie() -> None:
    found = depart(NOWHERE, None, "", NOON)

    assert isinstance(found, Departure)
    query = parse_qs(urlsplit(found.location).query)
    assert query["scope"] == ["https://graph.microsoft.com/.default"]
    back = {"admin_consent": "True", "tenant": TENANT, "state": query["state"][0]}
    assert arrived(NOWHERE, back, found.cookie.partition(";")[0]).name == "storage_failed"  # all else was right


def test_a_second_tab_does_not_spoil_the_first() -> None:
    first = depart(NOWHERE, TENANT, "", NOON)
    assert isinstance(first, Departure)
    second = depart(NOWHERE, TENANT, first.cookie.partition(";")[0], NOON)
    assert isinstance(second, Departure)

    assert second.cookie == first.cookie
    assert second.location != first.location


@pytest.mark.parametrize(
    ("settings", "tenant", "name", "status"),
    [
        (NOWHERE, OTHER_TENANT, "another_tenant", 403),
        (NOWHERE, "<script>", "another_tenant", 403),
        (NOT_SET_UP, None, "not_set_up", 503),
        (NOT_SET_UP, OTHER_TENANT, "another_tenant", 403),
    ],
)
def test_who_cannot_go_is_told_why(settings: Settings, tenant: str | None, name: str, status: int) -> None:
    page = depart(settings, tenant, "", NOON)

    assert isinstance(page, Page)
    assert (page.name, page.status) == (name, status)
    assert "<script>" not in page.html


# --- arriving, and nobody is asked anything

DECLINED = {"error": "consent_required", "error_description": "AADSTS65004: <b>Call</b> +1 555 0100"}


def changed(**params: str) -> tuple[dict[str, str], str]:
    given, cookie = brought(NOON)
    return given | params, cookie


CASES = {
    "forged": ((changed(state="x" * 144)), 400),
    "expired": (brought(NOON - LIFETIME), 410),
    "another_browser": ((brought(NOON)[0], brought(NOON)[1]), 403),
    "no_cookie": ((brought(NOON)[0], ""), 403),
    "state_of_another_tenant": (brought(NOON, tenant=OTHER_TENANT), 403),
    "consent_elsewhere": (changed(tenant=OTHER_TENANT), 403),
    "nothing_came": (({}, ""), 400),
    "cancelled": (changed(**DECLINED), 403),
}
NAMES = {"no_cookie": "another_browser", "state_of_another_tenant": "consent_elsewhere"}


@pytest.mark.parametrize("case", CASES)
def test_what_does_not_count_reaches_neither_storage_nor_microsoft(case: str) -> None:
    (params, cookie), status = CASES[case]
    proving = Proving()

    page = arrived(NOWHERE, params, cookie, proving)

    assert (page.name, page.status) == (NAMES.get(case, case), status)
    assert proving.asked == 0
    assert page.again == "https://contoso-entra.azurewebsites.net/api/connect"


def test_microsofts_words_are_shown_to_the_browser_that_asked_and_to_no_other() -> None:
    params, cookie = changed(**DECLINED)

    asked, stranger = arrived(NOWHERE, params, cookie), arrived(NOWHERE, params, "")

    assert "AADSTS65004: &lt;b&gt;Call&lt;/b&gt; +1 555 0100" in asked.html
    assert "555" not in stranger.html
    assert stranger.name == "cancelled"


def test_where_it_is_not_set_up_nothing_that_comes_counts() -> None:
    params, cookie = brought(NOON)

    assert arrived(NOT_SET_UP, params, cookie).name == "not_set_up"


def test_storage_that_fails_is_told_before_anything_is_asked() -> None:
    proving = Proving()

    page = arrived(NOWHERE, *brought(NOON), proving)

    assert (page.name, page.status, page.headers["Retry-After"]) == ("storage_failed", 503, "10")
    assert proving.asked == 0


# --- arriving with what counts


def test_everything_granted_is_told_and_recorded(settings: Settings) -> None:
    before = datetime.now(UTC)

    page = arrived(settings, *brought(NOON))

    assert (page.name, page.status) == ("connected", 200)
    assert [listing.heading for listing in page.listings] == ["What works", "What to do next"]
    assert len(page.listings[0].items) == len(enabled_features(settings))
    assert "python -m connector check" in page.html
    found = connection(settings)
    assert found is not None
    assert before <= found.proved_at <= datetime.now(UTC)
    assert found == Connection(
        proved_at=found.proved_at, client_id=CLIENT, object_id="the-object", permissions=tuple(sorted(ALL)), missing=()
    )


def test_what_is_missing_is_told_with_what_is_lost_by_it(settings: Settings) -> None:
    page = arrived(settings, *brought(NOON), Proving(ALL - {"Application.Read.All"}))

    [lost] = [one.lost for one in missing(ALL - {"Application.Read.All"}, [Feature.SYNC])]
    assert (page.name, page.status) == ("incomplete", 200)
    assert "<code>Application.Read.All</code>" in page.html
    assert lost in page.html
    listed = {listing.heading: listing.items for listing in page.listings}
    assert listed["What works in part, or not at all"] == (FEATURES[Feature.SYNC].title,)
    assert len(listed["What works"]) == len(enabled_features(settings)) - 1
    found = connection(settings)
    assert found is not None
    assert found.missing == ("Application.Read.All",)


def test_nothing_granted_is_no_connection_but_is_known(settings: Settings) -> None:
    page = arrived(settings, *brought(NOON), Proving(frozenset()))

    found = connection(settings)
    assert (page.name, page.status) == ("no_permissions", 403)
    assert "What works" not in page.html
    assert found is not None
    assert found.permissions == ()
    assert set(found.missing) >= {"User.Read.All", "Group.Read.All"}


def test_a_token_that_tells_nothing_is_not_taken_for_consent(settings: Settings) -> None:
    page = arrived(settings, *brought(NOON), Proving(None))

    found = connection(settings)
    assert "does not tell" in page.html
    assert found is not None
    assert (found.permissions, found.missing) == (None, ())


def test_the_second_time_it_is_used_and_nobody_asks_again(settings: Settings) -> None:
    came, proving = brought(NOON), Proving()

    pages = [arrived(settings, *came, proving) for _ in range(2)]

    assert [(page.name, page.status) for page in pages] == [("connected", 200), ("already_used", 409)]
    assert proving.asked == 1


def test_of_two_at_once_one_asks_and_the_other_is_told(settings: Settings) -> None:
    params, cookie = brought(NOON)
    proving = Proving()

    async def both() -> list[Page]:
        return list(await asyncio.gather(*(arrive(settings, params, cookie, NOON, proving) for _ in range(2))))

    assert sorted(page.name for page in asyncio.run(both())) == ["already_used", "connected"]
    assert proving.asked == 1


def test_a_flood_asks_microsoft_for_no_more_than_the_limit(settings: Settings) -> None:
    proving = Proving()

    pages = [arrived(settings, *brought(NOON), proving) for _ in range(MOST_A_MINUTE + 3)]

    assert proving.asked == MOST_A_MINUTE
    assert [page.status for page in pages[MOST_A_MINUTE:]] == [429] * 3
    assert pages[-1].headers["Retry-After"] == "60"


@pytest.mark.parametrize(
    ("error", "name", "status"),
    [
        (SignInFailed(700016, "not found", "Consent."), "not_arrived", 503),
        (SignInFailed(7000229, "no service principal", "Consent."), "not_arrived", 503),
        (SignInFailed(7000215, "Invalid client secret.", "Make another."), "cannot_sign_in", 500),
        (GraphUnreachable("host", "no route"), "unreachable", 503),
    ],
)
def test_a_proof_that_fails_is_told_and_nothing_recorded(
    settings: Settings, error: Exception, name: str, status: int
) -> None:
    page = arrived(settings, *brought(NOON), Proving(error))

    assert (page.name, page.status) == (name, status)
    assert connection(settings) is None
    assert "no route" not in page.html  # what the operator is told is in the log


def test_a_file_of_authorities_that_holds_none_is_a_page_and_no_stack_trace(tmp_path: Path) -> None:
    other = tmp_path / "authorities.pem"
    other.write_text("nothing of the kind")
    settings = Settings.load(environment(TLS_CA_FILE=str(other)))

    assert arrived(settings, *brought(NOON)).name == "settings_wrong"


def test_a_younger_proof_stays_when_an_older_one_ends_later(settings: Settings) -> None:
    from connector.consent.recording import record

    async def write() -> None:
        async with open_store(settings) as store:
            for minute, missed in ((5, ()), (1, ("User.Read.All",))):
                at = NOON + timedelta(minutes=minute)
                await record(store, Connection(proved_at=at, client_id=CLIENT, missing=missed))

    asyncio.run(write())

    found = connection(settings)
    assert found is not None
    assert (found.proved_at, found.missing) == (NOON + timedelta(minutes=5), ())


def test_no_page_shows_a_secret_and_no_two_of_them_share_a_name(settings: Settings) -> None:
    pages = [arrived(NOWHERE, *given) for given, _ in CASES.values()] + [arrived(settings, *brought(NOON))]

    for page in pages:
        shown = page.html + str(page.headers)
        assert settings.client_secret not in shown
        assert KEY not in shown
        assert hashlib.sha256(KEY.encode()).hexdigest() not in shown
        assert settings.storage not in shown
