"""Pages as they may come, tokens that end, and reads that lag behind writes."""

from emulators.graph import Variants

ADVANCED = {"ConsistencyLevel": "eventual"}


def shape(pages):
    return [len(page["value"]) for page in pages]


def test_pages_may_be_short_or_empty_and_lose_nothing(graph, tenant):
    users = {tenant.create_user(f"User {n}") for n in range(5)}
    for variants, expected in (
        (Variants(short_pages=True), [2, 2, 1]),
        (Variants(empty_pages=True), [4, 0, 1]),
        (Variants(empty_last_page=True), [4, 1, 0]),
        (Variants(empty_first_page=True), [0, 4, 1]),
        (Variants(short_pages=True, empty_pages=True, empty_last_page=True), [2, 0, 2, 0, 1, 0]),
    ):
        graph.emulator.variants = variants
        pages = graph.pages("/users?$top=4&$count=true", **ADVANCED)
        assert shape(pages) == expected
        assert {item["id"] for page in pages for item in page["value"]} == users
        assert [page.get("@odata.count") for page in pages] == [5, *[None] * (len(pages) - 1)]


def test_next_links_may_expire(graph, tenant):
    for n in range(3):
        tenant.create_user(f"User {n}")
    graph.emulator.variants = Variants(page_token_seconds=60)
    link = graph.get("/users?$top=1")["@odata.nextLink"]
    graph.emulator.clock.advance(59)
    newer = graph.get(link)["@odata.nextLink"]
    graph.emulator.clock.advance(2)
    assert graph.error(link)[:2] == (400, "Directory_ExpiredPageToken")
    assert len(graph.get(newer)["value"]) == 1


def test_next_links_of_advanced_queries_do_not_carry_the_header(graph, tenant):
    for n in range(2):
        tenant.create_user(f"User {n}")
    link = graph.get("/users?$top=1&$count=true&$filter=displayName ne 'a'", **ADVANCED)["@odata.nextLink"]
    assert graph.error(link)[:2] == (400, "Directory_ExpiredPageToken")
    assert len(graph.get(link, **ADVANCED)["value"]) == 1
    plain = graph.get("/users?$top=1&$count=true", **ADVANCED)["@odata.nextLink"]
    graph.emulator.variants = Variants(next_link_needs_header=False)
    assert len(graph.get(plain)["value"]) == 1


def test_reads_may_lag_until_they_are_settled(graph, tenant):
    group, ada = tenant.create_group("G"), tenant.create_user("Ada")
    _, link = graph.round("/groups/delta?$select=members")
    graph.emulator.variants = Variants(read_lag_changes=1000)
    bob = tenant.create_user("Bob")
    tenant.add_member(group, ada)
    for _ in range(2):
        assert [item["id"] for item in graph.all("/users")] == [ada]
        assert graph.error(f"/users/{bob}")[:2] == (404, "Request_ResourceNotFound")
        assert graph.all(f"/groups/{group}/members") == []
        assert graph.round(link)[0] == []
    graph.send(f"{graph.emulator.admin_url}/reads/settle", "POST")
    assert graph.get(f"/users/{bob}")["id"] == bob
    assert [item["id"] for item in graph.all(f"/groups/{group}/members")] == [ada]
    assert [item["id"] for item in graph.round(link)[0]] == [group]
    tenant.delete_user(bob)
    assert graph.get(f"/users/{bob}")["id"] == bob
    graph.emulator.variants = Variants()
    assert graph.error(f"/users/{bob}")[0] == 404


def test_reads_lag_by_so_many_changes_or_seconds_at_most(graph, tenant):
    graph.emulator.variants = Variants(read_lag_changes=2)
    first, second = tenant.create_user("1"), tenant.create_user("2")
    assert graph.all("/users") == []
    third = tenant.create_user("3")
    assert {item["id"] for item in graph.all("/users")} == {first, second, third}
    graph.emulator.variants = Variants(read_lag_changes=1000, read_lag_seconds=30)
    fourth = tenant.create_user("4")
    assert graph.error(f"/users/{fourth}")[0] == 404
    graph.emulator.clock.advance(31)
    assert graph.get(f"/users/{fourth}")["id"] == fourth


def test_the_seconds_of_a_lag_count_from_the_last_copy(graph, tenant):
    graph.emulator.variants = Variants(read_lag_changes=1000, read_lag_seconds=30)
    graph.emulator.clock.advance(31)
    assert graph.all("/users") == []
    ada = tenant.create_user("Ada")
    assert graph.error(f"/users/{ada}")[0] == 404
