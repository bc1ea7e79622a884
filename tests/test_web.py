"""The API, GeoJSON, health endpoints and errors over real HTTP on a seeded PostgreSQL."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from monitor.web import openapi, parameters
from tests.seed import seed
from tests.served import Client, served

CODE = "61000100001320000005"


@pytest.fixture
async def client(database: str, conn: asyncpg.Connection) -> AsyncIterator[Client]:
    await seed(conn, datetime.now(UTC))
    async with served(database, geo_origins=("https://grafana.example",)) as (client, _):
        yield client


async def read(client: Client, path: str, expected: int = 200, **query: str) -> Any:
    response = await client.get(path, params=query)
    assert response.status == expected, await response.text()
    return await response.json()


async def test_the_process_is_healthy_without_asking_the_database(client: Client) -> None:
    assert await read(client, "/healthz") == {"ok": True}


async def test_it_is_ready_while_observations_are_fresh(client: Client) -> None:
    answer = await read(client, "/readyz")
    assert (answer["ready"], answer["problems"]) == (True, [])


async def test_it_says_in_words_why_it_is_not_ready(
    client: Client, conn: asyncpg.Connection
) -> None:
    await conn.execute("UPDATE collector SET alive_at = alive_at - interval '9 minutes'")
    await conn.execute("UPDATE camera_state SET last_at = last_at - interval '9 minutes'")
    answer = await read(client, "/readyz", 503)
    assert answer["problems"][0] == "No collector is alive: nobody asks the cameras."
    assert answer["problems"][1].startswith("The newest observation is 56")


async def test_an_empty_inventory_is_ready_without_a_collector(database: str) -> None:
    async with served(database) as (client, _):
        assert (await read(client, "/readyz"))["ready"]


async def test_a_database_that_is_away_is_one_clear_error(database: str) -> None:
    async with served(database) as (client, connections):
        await connections.close()
        answer = await read(client, "/api/v1/status", 503)
        assert answer["error"]["code"] == "database_away"
        assert (await read(client, "/readyz", 503))["problems"] == ["The database does not answer."]
        assert await read(client, "/healthz") == {"ok": True}


async def test_metrics_come_from_the_registry_of_the_caller(client: Client) -> None:
    response = await client.get("/metrics")
    assert "camledger_asked_total 3.0" in await response.text()


async def test_status_counts_and_rate(client: Client) -> None:
    status = await read(client, "/api/v1/status")
    assert (status["online"], status["offline"]) == (4, 3)
    assert status["online_rate"]["value"] == 0.625


async def test_pages_of_cameras_end_with_no_next(client: Client) -> None:
    first = await read(client, "/api/v1/cameras", limit="10")
    second = await read(client, "/api/v1/cameras", limit="10", after=first["next"])
    assert (len(first["cameras"]), len(second["cameras"]), second["next"]) == (10, 4, None)


async def test_hostile_names_travel_as_they_are(client: Client) -> None:
    page = await read(client, "/api/v1/cameras", q="<script>")
    assert page["cameras"][0]["name"] == "No address <script>alert(1)</script>"
    response = await client.get("/api/v1/cameras")
    # a browser must never take the answer for a page
    assert response.headers["Content-Type"] == "application/json; charset=utf-8"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_the_ledger_sums_to_the_wall_clock(client: Client) -> None:
    end = datetime.now(UTC).replace(microsecond=0)
    window = {"from": (end - timedelta(days=2)).isoformat(), "to": end.isoformat()}
    answer = await read(client, f"/api/v1/cameras/{CODE}/ledger", **window)
    columns = ["up", "down", "unreachable", "planned", "exempt", "unobserved", "out_of_service"]
    assert sum(answer[name] for name in columns) == pytest.approx(2 * 86_400)
    # the seed lets it go down 95 minutes ago
    assert answer["down"] == pytest.approx(95 * 60, abs=5)


_WRONG: list[tuple[str, dict[str, str], str]] = [
    ("cameras", {"limit": "0"}, "from 1 to 1000"),
    ("cameras", {"limit": "1001"}, "from 1 to 1000"),
    ("cameras", {"limit": "9" * 5_000}, "from 1 to 1000"),
    ("cameras", {"status": "online"}, "one of ONLINE"),
    ("cameras", {"colour": "red"}, "Known here: area"),
    ("cameras", {"q": "a\x00b"}, "on one line"),
    ("coverage", {"kind": "river"}, "one of street"),
    ("status", {"x": "1"}, "Known here: none"),
    ("places/0", {}, "from 1"),
    ("places/abc", {}, "whole number"),
    ("outages", {"open": "maybe"}, "true or false"),
    (f"cameras/{CODE}/ledger", {"from": "2026-01-01T00:00:00"}, "with offset"),
    (f"cameras/{CODE}/ledger", {"from": "2999-01-01T00:00:00Z"}, "not in the future"),
    (f"cameras/{CODE}/ledger", {"from": "2001-01-01T00:00:00Z"}, "at most 400 days"),
]


async def test_a_wrong_question_is_answered_with_what_is_expected(client: Client) -> None:
    for path, query, says in _WRONG:
        answer = await read(client, f"/api/v1/{path}", 400, **query)
        assert set(answer["error"]) == {"code", "message", "advice"}
        assert says in answer["error"]["advice"], (path, query)


async def test_a_parameter_given_twice_is_refused(client: Client) -> None:
    response = await client.get("/api/v1/cameras?limit=1&limit=2")
    assert response.status == 400


async def test_what_does_not_exist_is_404_in_the_same_shape(client: Client) -> None:
    for path in (
        "/api/v1/cameras/unknown",
        "/api/v1/cameras/unknown/ledger",
        "/api/v1/places/99999",
        "/geo/rivers.geojson",
        "/assets/app.py",
        "/assets/..%2fapp.py",
        "/elsewhere",
    ):
        answer = await read(client, path, 404)
        assert answer["error"]["code"] == "not_found"
        assert answer["error"]["advice"]


async def test_nothing_can_be_written(client: Client) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        response = await client.request(method, "/api/v1/cameras")
        assert response.status == 405
        assert (await response.json())["error"]["code"] == "method_not_allowed"


async def test_every_answer_carries_the_security_headers(client: Client) -> None:
    for path in ("/", "/api/v1/status", "/geo/streets.geojson", "/nowhere", "/metrics"):
        headers = (await client.get(path)).headers
        assert "default-src 'self'" in headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "aiohttp" not in headers["Server"]


@pytest.mark.parametrize("layer", ["streets", "schools", "key_areas", "cameras", "gaps"])
async def test_a_layer_is_not_sent_again_until_it_changes(
    client: Client, conn: asyncpg.Connection, layer: str
) -> None:
    first = await client.get(f"/geo/{layer}.geojson")
    assert first.headers["Content-Type"] == "application/geo+json"
    features = (await first.json(content_type=None))["features"]
    assert features
    assert all(isinstance(each["id"], int) for each in features)
    known = {"If-None-Match": first.headers["ETag"]}
    again = await client.get(f"/geo/{layer}.geojson", headers=known)
    assert (again.status, await again.read()) == (304, b"")
    await conn.execute("DELETE FROM coverage_gap")
    await conn.execute("DELETE FROM coverage_now")
    await conn.execute("UPDATE camera SET name = name || '!'")
    changed = await client.get(f"/geo/{layer}.geojson", headers=known)
    assert changed.status == 200


async def test_large_answers_are_compressed_when_the_client_can(client: Client) -> None:
    zipped = await client.get("/geo/streets.geojson", headers={"Accept-Encoding": "gzip"})
    assert zipped.headers["Content-Encoding"] == "gzip"
    plain = await client.get("/geo/streets.geojson", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert await zipped.read() == await plain.read()


async def test_only_named_origins_may_read_the_layers(client: Client) -> None:
    for origin, allowed in (("https://grafana.example", True), ("https://evil.example", False)):
        response = await client.get("/geo/gaps.geojson", headers={"Origin": origin})
        assert ("Access-Control-Allow-Origin" in response.headers) is allowed


async def test_the_document_names_exactly_the_routes(client: Client) -> None:
    document = await read(client, "/api/v1/openapi.json")
    routes = {
        route.resource.canonical
        for route in client.app.router.routes()  # type: ignore[union-attr]
        if route.resource
    }
    assert set(document["paths"]) == routes - {"/", "/assets/{name}"}
    assert document["info"]["version"] == "1.2.3"


async def test_answers_have_the_documented_shape(client: Client) -> None:
    document = openapi.document("x")
    schemas = document["components"]["schemas"]
    paths = {"{code}": CODE, "{id}": "6"}
    for path, item in document["paths"].items():
        content = item["get"]["responses"]["200"].get("content", {}).get("application/json")
        if content is None:
            continue
        for mark, value in paths.items():
            path = path.replace(mark, value)
        conform(await read(client, path), content["schema"], schemas, path)


def conform(value: Any, schema: dict[str, Any], schemas: dict[str, Any], where: str) -> None:
    """The part of JSON Schema that the document uses."""
    if "$ref" in schema:
        return conform(value, schemas[schema["$ref"].rsplit("/", 1)[1]], schemas, where)
    if "anyOf" in schema:
        return None if value is None else conform(value, schema["anyOf"][0], schemas, where)
    kinds = {
        "string": str, "integer": int, "number": (int, float), "boolean": bool,
        "array": list, "object": dict,
    }  # fmt: skip
    assert isinstance(value, kinds[schema["type"]]), (where, value)
    assert "enum" not in schema or value in schema["enum"], (where, value)
    assert schema.get("format") != "date-time" or re.fullmatch(r"\S+T\S+Z", value), (where, value)
    if schema["type"] == "array":
        for each in value:
            conform(each, schema["items"], schemas, where)
    elif "properties" in schema:
        assert set(value) == set(schema["properties"]), where
        for name, each in value.items():
            conform(each, schema["properties"][name], schemas, f"{where}.{name}")
    return None


@given(st.lists(st.tuples(st.sampled_from(["n", "t", "w", "at", "b", "?"]), st.text()), max_size=3))
def test_parameters_read_or_refuse_whatever_is_sent(given: list[tuple[str, str]]) -> None:
    known = [
        parameters.whole("n", "", low=1, high=9, default=3),
        parameters.text("t", ""),
        parameters.word("w", "", ["a"]),
        parameters.instant("at", ""),
        parameters.truth("b", ""),
    ]
    try:
        values = parameters.read(given, known)
    except web.HTTPBadRequest:
        return
    assert 1 <= values["n"] <= 9
    assert values["at"] is None or values["at"].tzinfo is UTC
