"""Admin consent in a real browser: from ``/api/connect`` over Microsoft's page and back, and everything that can go wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from urllib.parse import urlencode

from aiohttp import web

from connector.consent.service import Departure, arrive, depart
from connector.consent.states import LIFETIME, States
from connector.permissions import Feature, enabled_features, needed_for, use_of
from connector.settings import Settings
from emulators.localserver import LocalServer
from tests.e2e.consent.conftest import KEY, SECRET, Connecting

OTHER_TENANT = "1c5ff1d1-3d0f-4f0e-8a4e-6e5a7a4b7b10"
SCRIPT = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">"


def test_consent_is_given_proved_and_told_and_counts_once(connecting: Connecting) -> None:
    connecting.begin()

    assert connecting.decide("accept") == 200

    page = connecting.page
    settings = Settings.load(connecting.environment)
    needed = sorted(one.name for one in needed_for(enabled_features(settings)))
    assert (connecting.heading(), page.title()) == ("The connector is connected",) * 2
    assert page.get_attribute("html", "lang") == "en"
    assert [one.inner_text() for one in page.query_selector_all("h2")] == ["What works", "What to do next"]
    assert page.evaluate("getComputedStyle(document.body).maxWidth") == "704px", "the style does not count"
    found = connecting.connection()
    assert found is not None
    assert (found["client_id"], found["permissions"]) == (settings.client_id, needed)
    assert found.get("missing", []) == []

    page.reload()
    assert connecting.heading() == "This answer has been used"
    page.go_back()
    assert connecting.decide("accept") == 409, "the back button leads to the same state"
    assert connecting.connection() == found


def test_who_cancels_may_begin_again(connecting: Connecting) -> None:
    connecting.begin()

    assert connecting.decide("cancel") == 403

    assert connecting.heading() == "Consent was not given"
    assert "AADSTS65004: " in connecting.text()
    assert connecting.connection() is None
    connecting.page.click("a")
    assert connecting.decide("accept") == 200


def test_half_a_consent_says_what_is_lost(connecting: Connecting) -> None:
    connecting.begin()
    connecting.page.uncheck('input[value="Application.Read.All"]')

    assert connecting.decide("accept") == 200

    _, use = use_of(Feature.SYNC, "applications")
    assert connecting.heading() == "The connector is connected, but not everything works"
    assert f"Application.Read.All: {use.lost}" in connecting.text()
    assert "python -m connector check" in connecting.text()
    found = connecting.connection()
    assert found is not None
    assert found["missing"] == ["Application.Read.All"]


def test_who_is_no_administrator_gets_no_further_than_microsofts_page(connecting: Connecting) -> None:
    connecting.begin()
    connecting.page.fill("#other", "some.one@contoso.onmicrosoft.com")
    connecting.page.click("#accept")

    assert "AADSTS90093" in connecting.page.inner_text("#error")
    assert connecting.connection() is None


def test_a_refusal_that_names_the_missing_role_says_who_may(connecting: Connecting) -> None:
    state = connecting.begin()
    refused = {"error": "access_denied", "error_description": f"AADSTS90094: {SCRIPT}", "state": state}

    assert connecting.open(f"{connecting.callback}?{urlencode(refused)}") == 403

    assert connecting.page.title() == "You may not give this consent"
    assert SCRIPT in connecting.text()
    assert "Privileged Role Administrator" in connecting.text()


def test_another_browser_can_do_nothing_with_a_state(connecting: Connecting) -> None:
    stolen = answer_of(connecting, connecting.begin())
    other = connecting.browser.browser
    assert other is not None
    context = other.new_context(ignore_https_errors=True)
    page = context.new_page()

    try:
        assert connecting.open(stolen, page) == 403
        assert connecting.heading(page) == "This was begun in another browser"
        page.goto(f"{connecting.url}/api/connect")  # it has a cookie of its own now, and it is not the one
        assert connecting.open(stolen, page) == 403
    finally:
        context.close()
    assert connecting.connection() is None
    assert connecting.decide("accept") == 200, "the state still counts where it belongs"


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(connecting: Connecting) -> None:
    connecting.begin()

    [cookie] = connecting.browser.cookies(connecting.url)
    assert cookie["name"] == "__Host-connect"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    assert 0 < cookie["expires"] - datetime.now(UTC).timestamp() <= LIFETIME.total_seconds()


def test_what_was_not_signed_or_is_over_or_elsewhere_does_not_count(connecting: Connecting) -> None:
    state = connecting.begin()
    [cookie] = connecting.browser.cookies(connecting.url)
    late = States(KEY, connecting.graph.tenant.id).sign(cookie["value"], datetime.now(UTC) - LIFETIME)
    cases = {
        answer_of(connecting, state[:-1] + ("A" if state[-1] != "A" else "B")): (400, "This is not an answer to us"),
        answer_of(connecting, SCRIPT): (400, "This is not an answer to us"),
        answer_of(connecting, late): (410, "This took too long"),
        answer_of(connecting, state, tenant=OTHER_TENANT): (403, "That was another tenant"),
        connecting.callback: (400, "There is nothing to confirm"),
        f"{connecting.url}/api/connect?tenant={OTHER_TENANT}": (403, "This is another tenant's connector"),
    }

    for address, expected in cases.items():
        assert (connecting.open(address), connecting.heading()) == expected, address
        assert connecting.page.title() != "run"

    assert connecting.connection() is None


def test_pages_may_not_be_kept_framed_or_guessed_and_pass_nothing_on(connecting: Connecting) -> None:
    answer = connecting.page.goto(connecting.callback)

    assert answer is not None
    headers = answer.headers
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")
    assert headers["referrer-policy"] == "no-referrer"


def test_no_secret_is_shown_or_logged(connecting: Connecting) -> None:
    state = connecting.begin()
    connecting.decide("accept")

    logged = "\n".join(connecting.host.logs())
    for told in (logged, connecting.page.content()):
        assert SECRET not in told
        assert KEY not in told
        assert "eyJ" not in told, "a token"
        assert state not in told
    assert '"page": "connected"' in logged


@contextmanager
def without_tls(connecting: Connecting) -> Iterator[str]:
    """The address of the same deployment on the machine itself, as a developer runs it."""
    settings: list[Settings] = []

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        cookies, now = request.headers.get("Cookie", ""), datetime.now(UTC)
        if request.path == "/api/connect/callback":
            page = await arrive(settings[0], dict(request.query), cookies, now)
            return web.Response(text=page.html, status=page.status, headers=page.headers, content_type="text/html")
        found = depart(settings[0], None, cookies, now)
        assert isinstance(found, Departure), found
        return web.Response(status=302, headers={"Location": found.location, "Set-Cookie": found.cookie})

    server = LocalServer(answer, tls=None, port=0, name="without-tls")
    server.start()
    settings.append(Settings.load({**connecting.environment, "NOTIFICATION_URL": server.root}))
    try:
        yield server.root
    finally:
        server.stop()


def test_on_the_machine_itself_it_works_without_tls(connecting: Connecting) -> None:
    app = connecting.environment["ENTRA_CLIENT_ID"]
    with without_tls(connecting) as url:
        connecting.graph.tenant.configure_application(
            app_id=app, redirect_uris=[connecting.callback, f"{url}/api/connect/callback"]
        )
        connecting.page.goto(f"{url}/api/connect")
        [cookie] = connecting.browser.cookies(url)
        connecting.page.click("#accept")
        connecting.page.wait_for_url(f"{url}/api/connect/callback?*")

        assert connecting.heading() == "The connector is connected"

    assert (cookie["name"], cookie["secure"], cookie["httpOnly"]) == ("connect", False, True)


def answer_of(connecting: Connecting, state: str, **changed: str) -> str:
    """The address with which Microsoft Entra ID would send a browser back that was given ``state``."""
    told = {"admin_consent": "True", "tenant": connecting.graph.tenant.id, "state": state, **changed}
    return f"{connecting.callback}?{urlencode(told)}"
