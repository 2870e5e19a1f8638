"""HTTP triggers, keys and the admin API of a hosted app."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulators.functions import FunctionsHost

APP = """
@app.route(route="echo/{id:int}/{rest?}", methods=["GET", "POST"])
async def echo(req: HttpRequest) -> HttpResponse:
    seen = {
        "method": req.method, "url": req.url, "headers": dict(req.headers), "params": dict(req.params),
        "route": dict(req.route_params), "body": list(req.get_body()),
    }
    return HttpResponse(json.dumps(seen), mimetype="application/json")

@app.route(route="plain")
def plain(req: HttpRequest) -> str:
    return "grüß dich"

@app.route(route="teapot", methods=["GET"])
def teapot(req: HttpRequest) -> HttpResponse:
    response = HttpResponse(b"\\x00\\xff", status_code=418, mimetype="image/png", headers={"X-Kind": "short"})
    response.headers.add("Set-Cookie", "a=1; Path=/x; HttpOnly; Secure; SameSite=Lax; Max-Age=60; Domain=example.org")
    response.headers.add("Set-Cookie", "b=2; Expires=Wed, 21 Oct 2026 07:28:00 GMT")
    return response

@app.route(route="teapot", methods=["POST"])
def fill(req: HttpRequest) -> HttpResponse:
    return HttpResponse("filled", charset="iso-8859-1")

@app.route(route="broken")
async def broken(req: HttpRequest) -> HttpResponse:
    raise ValueError("as expected")

@app.route(route="nothing")
def nothing(req: HttpRequest) -> HttpResponse:
    return None

@app.route(route="guarded", auth_level=AuthLevel.FUNCTION)
def guarded(req: HttpRequest) -> HttpResponse:
    return HttpResponse("in")

@app.route(route="other", auth_level=AuthLevel.FUNCTION)
def other(req: HttpRequest) -> HttpResponse:
    return HttpResponse("in")

@app.route(route="masters", auth_level=AuthLevel.ADMIN)
def masters(req: HttpRequest) -> HttpResponse:
    return HttpResponse("in")

@app.route(route="hidden")
def hidden(req: HttpRequest) -> HttpResponse:
    return HttpResponse("in")

@app.route(route="item/new")
def item_new(req: HttpRequest) -> str:
    return "literal"

@app.route(route="item/{id}")
def item(req: HttpRequest) -> str:
    return "parameter"

@app.route(route="%CUSTOM_ROUTE%")
def custom(req: HttpRequest) -> str:
    return os.environ["FUNCTIONS_WORKER_RUNTIME"] + " " + os.getcwd()

barrier = asyncio.Event()

@app.route(route="wait")
async def wait(req: HttpRequest) -> str:
    await barrier.wait()
    return "released"

@app.route(route="release")
async def release(req: HttpRequest) -> str:
    barrier.set()
    return "ok"

both = threading.Barrier(2, timeout=20)

@app.route(route="meet")
def meet(req: HttpRequest) -> str:
    both.wait()
    return "met"

@app.route(route="slow")
async def slow(req: HttpRequest) -> str:
    try:
        await asyncio.sleep(600)
    except asyncio.CancelledError:
        logging.warning("cancelled as told")
        raise

@app.route(route="block")
async def block(req: HttpRequest) -> str:
    logging.info("blocking the worker's loop")
    while not os.path.exists(os.environ["RELEASE_FILE"]):
        time.sleep(0.02)
    return "unblocked"

@app.timer_trigger(schedule="0 0 0 1 1 *", arg_name="timer")
def unused(timer: TimerRequest) -> None:
    pass

@app.route(route="talk")
def talk(req: HttpRequest, context: func.Context) -> str:
    logging.info("plain information")
    logging.debug("too much detail")
    logging.getLogger("my.module").warning("a warning")
    print("printed")
    return context.function_name
"""
HOST_JSON = {
    "extensions": {"http": {"routePrefix": "v1"}},
    "functionTimeout": "00:00:04",
    "logging": {"logLevel": {"default": "Information"}},
}
SETTINGS = {
    "AzureWebJobs.hidden.Disabled": "true",
    "CUSTOM_ROUTE": "from/setting",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "100000",
}


@pytest.fixture(scope="module")
def release_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("release") / "now"


@pytest.fixture(scope="module")
def host(start_app: Callable[..., FunctionsHost], release_file: Path) -> FunctionsHost:
    return start_app(APP, HOST_JSON, {**SETTINGS, "RELEASE_FILE": str(release_file)})


@pytest.fixture(scope="module")
def http(host: FunctionsHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url, timeout=30) as client:
        yield client


def test_a_request_arrives_whole(http: httpx.Client, host: FunctionsHost) -> None:
    answer = http.post("/v1/echo/7/x%20y?a=1&b=2&a=3", content=b"\x00\xff", headers=[("X-A", "1"), ("X-A", "2")]).json()

    assert answer["method"] == "POST"
    assert answer["url"] == f"{host.url}/v1/echo/7/x%20y?a=1&b=2&a=3"
    assert answer["route"] == {"id": "7", "rest": "x y"}
    assert answer["params"] == {"a": "1,3", "b": "2"}
    assert answer["headers"]["x-a"].replace(" ", "") == "1,2"
    assert answer["body"] == [0, 255]


def test_an_optional_parameter_may_be_missing(http: httpx.Client) -> None:
    assert http.get("/v1/echo/7").json()["route"] == {"id": "7"}


def test_a_returned_text_is_plain_text(http: httpx.Client) -> None:
    answer = http.get("/v1/plain")

    assert (answer.status_code, answer.text) == (200, "grüß dich")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_status_headers_mimetype_body_and_cookies_come_back(http: httpx.Client) -> None:
    answer = http.get("/v1/teapot")

    assert (answer.status_code, answer.content) == (418, b"\x00\xff")
    assert (answer.headers["x-kind"], answer.headers["content-type"]) == ("short", "image/png")
    first, second = (set(cookie.split("; ")) for cookie in answer.headers.get_list("set-cookie"))
    assert first == {"a=1", "Path=/x", "HttpOnly", "Secure", "SameSite=Lax", "Max-Age=60", "Domain=example.org"}
    assert second == {"b=2", "expires=Wed, 21 Oct 2026 07:28:00 GMT"}


def test_the_charset_of_a_response_is_kept(http: httpx.Client) -> None:
    assert http.post("/v1/teapot").headers["content-type"] == "text/plain; charset=iso-8859-1"


def test_methods_of_one_route_may_go_to_different_functions(http: httpx.Client) -> None:
    assert (http.get("/v1/teapot").status_code, http.post("/v1/teapot").text) == (418, "filled")


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/v1/teapot"), ("GET", "/v1/echo/seven"), ("GET", "/v1/no"), ("GET", "/api/plain"), ("GET", "/v1")],
)
def test_what_no_route_fits_is_404_as_in_the_real_host(http: httpx.Client, method: str, path: str) -> None:
    assert http.request(method, path).status_code == 404


def test_a_disabled_function_is_404(http: httpx.Client) -> None:
    assert http.get("/v1/hidden").status_code == 404


def test_the_more_specific_route_wins(http: httpx.Client) -> None:
    assert (http.get("/v1/item/new").text, http.get("/v1/item/7").text) == ("literal", "parameter")


def test_settings_in_routes_are_resolved_and_the_platform_is_as_on_azure(http: httpx.Client) -> None:
    runtime, folder = http.get("/v1/from/setting").text.split()

    assert runtime == "python"
    assert "app" in folder


def test_an_unhandled_exception_is_an_empty_500_and_logged(http: httpx.Client, host: FunctionsHost) -> None:
    answer = http.get("/v1/broken")

    assert (answer.status_code, answer.content) == (500, b"")
    assert any("[broken] ValueError: as expected" in line for line in host.logs())


def test_returning_none_is_a_500_as_under_the_real_worker(http: httpx.Client) -> None:
    assert http.get("/v1/nothing").status_code == 500


def test_a_body_that_is_too_large_is_413(http: httpx.Client) -> None:
    assert http.post("/v1/echo/1", content=b"x" * 100_000).status_code == 200
    assert http.post("/v1/echo/1", content=b"x" * 100_001).status_code == 413


@pytest.mark.parametrize("by", ["header", "query"])
def test_keys_open_functions_of_their_level(http: httpx.Client, host: FunctionsHost, by: str) -> None:
    def status(path: str, key: str) -> int:
        if by == "header":
            return http.get(path, headers={"x-functions-key": key}).status_code
        return http.get(path, params={"code": key}).status_code

    own, others = host.key("guarded"), host.key("other")
    keys = (own, others, host.host_key, host.master_key, "guess")
    assert [status("/v1/guarded", key) for key in keys] == [200, 401, 200, 200, 401]
    assert [status("/v1/masters", key) for key in keys] == [401, 401, 401, 200, 401]


def test_without_a_key_a_guarded_function_is_401(http: httpx.Client) -> None:
    assert http.get("/v1/guarded").status_code == 401
    assert http.get("/v1/guarded", headers={b"x-functions-key": "ü".encode()}).status_code == 401


def test_async_functions_run_at_the_same_time(http: httpx.Client, host: FunctionsHost) -> None:
    async def both() -> list[str]:
        async with httpx.AsyncClient(base_url=host.url, timeout=30) as client:
            waiting = asyncio.create_task(client.get("/v1/wait"))
            released = await client.get("/v1/release")
            return [(await waiting).text, released.text]

    assert asyncio.run(both()) == ["released", "ok"]


def test_synchronous_functions_run_on_the_workers_threads_at_the_same_time(host: FunctionsHost) -> None:
    async def both() -> list[str]:
        async with httpx.AsyncClient(base_url=host.url, timeout=30) as client:
            return [answer.text for answer in await asyncio.gather(client.get("/v1/meet"), client.get("/v1/meet"))]

    assert asyncio.run(both()) == ["met", "met"]


def test_the_host_answers_while_a_function_blocks_the_workers_loop(
    host: FunctionsHost, release_file: Path, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    async def scenario() -> tuple[int, str]:
        async with httpx.AsyncClient(base_url=host.url, timeout=30) as client:
            blocked = asyncio.create_task(client.get("/v1/block"))
            while not any("blocking the worker's loop" in line for line in host.logs()):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            status = await client.get("/admin/host/status", headers={"x-functions-key": host.master_key})
            release_file.touch()
            return status.status_code, (await blocked).text

    assert asyncio.run(scenario()) == (200, "unblocked")


def test_an_async_function_that_passes_function_timeout_is_cancelled_and_failed(
    http: httpx.Client, host: FunctionsHost, eventually: Callable[[Callable[[], Any]], Any]
) -> None:
    assert http.get("/v1/slow").status_code == 500
    eventually(lambda: any("Timeout value of 0:00:04 was exceeded" in line for line in host.logs()))
    assert any("'Functions.slow' (Failed" in line for line in host.logs())


def test_logs_carry_time_level_and_the_functions_name(http: httpx.Client, host: FunctionsHost) -> None:
    assert http.get("/v1/talk").text == "talk"

    lines = [line.split(maxsplit=2)[1:] for line in host.logs() if "[talk]" in line]
    assert ["info", "[talk] plain information"] in lines
    assert ["warning", "[talk] a warning"] in lines
    assert not any("too much detail" in line for line in host.logs())
    assert "printed" in host.logs()


def test_the_front_page_answers(http: httpx.Client) -> None:
    assert http.get("/").status_code == 200


@pytest.mark.parametrize("path", ["/admin/host/status", "/admin/functions", "/admin/functions/plain"])
def test_the_admin_api_needs_the_master_key(http: httpx.Client, host: FunctionsHost, path: str) -> None:
    assert http.get(path).status_code == 401
    assert http.get(path, headers={"x-functions-key": host.host_key}).status_code == 401
    assert http.get(path, headers={"x-functions-key": host.master_key}).status_code == 200


def test_the_admin_api_describes_host_and_functions(http: httpx.Client, host: FunctionsHost) -> None:
    headers = {"x-functions-key": host.master_key}

    assert http.get("/admin/host/status", headers=headers).json()["state"] == "Running"
    functions = {f["name"]: f for f in http.get("/admin/functions", headers=headers).json()}
    assert functions["hidden"]["isDisabled"]
    assert functions["plain"]["config"]["bindings"][0]["type"] == "httpTrigger"
    assert functions["plain"]["href"] == f"{host.url}/admin/functions/plain"


def test_an_unknown_function_cannot_be_run_by_hand_nor_an_http_function(
    http: httpx.Client, host: FunctionsHost
) -> None:
    headers = {"x-functions-key": host.master_key}

    assert http.post("/admin/functions/unknown", json={}, headers=headers).status_code == 404
    assert http.post("/admin/functions/plain", json={"input": ""}, headers=headers).status_code == 400


def test_the_ready_line_says_where_functions_are(host: FunctionsHost) -> None:
    echo = next(facts for facts in host.functions if facts["name"] == "echo")

    assert json.loads(json.dumps(echo)) == {
        "name": "echo",
        "disabled": False,
        "trigger": "http",
        "route": "echo/{id:int}/{rest?}",
        "url": f"{host.url}/v1/echo/{{id:int}}/{{rest?}}",
        "methods": ["GET", "POST"],
        "auth_level": "anonymous",
    }
