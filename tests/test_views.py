"""What people are shown, read from a seeded PostgreSQL."""

import json
from datetime import UTC, datetime

import asyncpg
import pytest

from db import covered, shapes, views
from tests.seed import seed


@pytest.fixture
async def city(conn: asyncpg.Connection) -> asyncpg.Connection:
    await seed(conn, datetime.now(UTC))
    return conn


async def test_every_status_word_is_counted_once(city: asyncpg.Connection) -> None:
    status = await views.status(city)
    words = ("online", "degraded", "offline", "unknown", "exempt", "repair", "planned", "retired")
    assert [status[word] for word in words] == [4, 1, 3, 2, 1, 1, 1, 1]
    assert sum(status[word] for word in words) == status["cameras"] == 14


async def test_the_online_rate_travels_with_numerator_and_denominator(
    city: asyncpg.Connection,
) -> None:
    status = await views.status(city)
    assert status["online_rate"] == {"numerator": 5, "denominator": 8, "value": 0.625}


async def test_areas_count_all_areas_below_them(city: asyncpg.Connection) -> None:
    areas = {each["area_code"]: each for each in (await views.status(city))["by_area"]}
    assert areas["610000"]["cameras"] == 14
    assert areas["610001"]["cameras"] + areas["610002"]["cameras"] == 14
    assert areas["610002"]["online_rate"] == {"numerator": 1, "denominator": 2, "value": 0.5}


async def test_an_empty_city_has_no_rate_rather_than_zero(conn: asyncpg.Connection) -> None:
    status = await views.status(conn)
    assert status["online_rate"] == {"numerator": 0, "denominator": 0, "value": None}
    assert status["observed_at"] is None
    assert await covered.coverage(conn) == []
    assert await covered.coverage_model(conn) is None


async def test_the_repair_queue_goes_by_days_then_by_what_one_trip_mends(
    city: asyncpg.Connection,
) -> None:
    rows = await views.offline(city)
    assert [row["camera_code"][-2:] for row in rows] == ["06", "05", "08"]
    assert rows[0]["reason"] == "refused"
    assert rows[0]["advice"].startswith("Camera rebooting")
    # two that fail now on one pole come before those that are older by hours only
    await city.execute("UPDATE camera SET pole = '7' WHERE right(code, 2) IN ('01', '02')")
    await city.execute(
        """
        UPDATE camera_state SET health = 'down', since = now() - interval '1 minute',
          confirmed_at = now(), health_reason = 'refused'
        WHERE camera_id IN (SELECT id FROM camera WHERE pole = '7')
        """
    )
    rows = await views.offline(city)
    assert [row["camera_code"][-2:] for row in rows] == ["06", "01", "02", "05", "08"]
    assert [row["one_trip"] for row in rows] == [1, 2, 2, 1, 1]


async def test_a_camera_under_notice_is_not_in_the_offline_list(city: asyncpg.Connection) -> None:
    codes = {row["camera_code"][-2:] for row in await views.offline(city)}
    assert codes == {"05", "06", "08"}


async def test_cameras_come_in_pages_that_leave_none_out(city: asyncpg.Connection) -> None:
    codes: list[str] = []
    while True:
        page = await views.cameras(city, limit=5, after=codes[-1] if codes else None)
        codes += [row["camera_code"] for row in page]
        if len(page) < 5:
            break
    assert len(codes) == len(set(codes)) == 14


@pytest.mark.parametrize(
    ("q", "expected"), [("bridge", 1), ("桥", 1), ("%", 0), ("'", 1), ("6100010000132000000", 6)]
)
async def test_a_search_takes_its_text_literally(
    city: asyncpg.Connection, q: str, expected: int
) -> None:
    assert len(await views.cameras(city, q=q)) == expected


async def test_an_area_stands_for_the_areas_below_it(city: asyncpg.Connection) -> None:
    assert len(await views.cameras(city, area="610000", status="OFFLINE")) == 3
    assert len(await views.cameras(city, area="610002", status="OFFLINE")) == 1


async def test_one_camera_shows_address_changes_and_evidence(city: asyncpg.Connection) -> None:
    camera = await views.camera(city, "61000100001320000005")
    assert camera is not None
    assert (camera["host"], camera["port"], camera["status"]) == ("192.0.2.5", 80, "OFFLINE")
    assert [each["to_health"] for each in camera["transitions"]] == ["down", "up"]
    assert camera["failed"][0]["detail"] == "no answer within 5 s"


async def test_an_unknown_code_is_nothing(city: asyncpg.Connection) -> None:
    assert await views.camera(city, "no such") is None
    assert await covered.place(city, 10**15) is None


async def test_coverage_of_a_place_carries_its_gaps(city: asyncpg.Connection) -> None:
    (street,) = await covered.coverage(city, place="long 'quay' & <i>row</i>")
    assert (street["designed"], street["effective"]) == (0.5, 0.25)
    assert [(gap["kind"], gap["length_m"]) for gap in street["gaps"]] == [
        ("never", 220.0),
        ("dark", 110.0),
    ]
    assert set(street["gaps"][0]) == {"from_m", "to_m", "length_m", "kind", "from", "to"}


async def test_gaps_and_covered_metres_make_the_whole_street(city: asyncpg.Connection) -> None:
    for street in await covered.coverage(city, kind="street"):
        if street["required"] is None:
            assert street["gaps"] == []  # nobody gave a reason to watch it
            continue
        gaps_m = sum(gap["length_m"] for gap in street["gaps"])
        assert gaps_m + street["effective"] * street["length_m"] == pytest.approx(
            street["length_m"]
        )


async def test_a_place_without_figures_shows_none_rather_than_zero(
    city: asyncpg.Connection,
) -> None:
    await city.execute("DELETE FROM coverage_now WHERE place_id = 1")
    place = await covered.place(city, 1)
    assert place is not None
    assert place["effective"] is None
    assert place["geometry"]["type"] == "MultiLineString"


async def test_kinds_are_sums_of_metres_not_means(city: asyncpg.Connection) -> None:
    kinds = {row["kind"]: row for row in await covered.coverage_kinds(city)}
    # 0.7*440 + 0.25*440 + 0*520 + 0*300 + 1*100 of 1800 m
    assert kinds["street"]["effective"] == pytest.approx(518 / 1800)


async def test_an_outage_of_a_camera_that_was_taken_away_does_not_last(
    city: asyncpg.Connection,
) -> None:
    first, *others = await views.outages(city, only_open=True)
    await city.execute("UPDATE camera SET intent = 'retired' WHERE code = $1", first["camera_code"])
    assert await views.outages(city, only_open=True) == others
    assert first in await views.outages(city)


async def test_outages_can_be_only_those_that_last(city: asyncpg.Connection) -> None:
    every = await views.outages(city)
    lasting = await views.outages(city, only_open=True)
    assert [row for row in every if row["ended_at"] is None] == lasting
    assert len(every) == len(lasting) + 1


async def test_the_small_lists_are_there(city: asyncpg.Connection) -> None:
    assert [row["kind"] for row in await views.faults(city)] == ["clock"]
    assert [row["kind"] for row in await views.reports(city)] == ["weekly"]
    assert [row["alive"] for row in await views.collectors(city)] == [True, False]
    assert [row["defect"] for row in await views.defects(city)] == [
        "no_coordinates",
        "no_direction",
    ]


async def test_the_pulse_names_every_camera_and_place_once(city: asyncpg.Connection) -> None:
    pulse = await views.pulse(city)
    ids = [each for group in pulse["cameras"].values() for each in group]
    assert len(ids) == len(set(ids)) == 14
    assert len(pulse["places"]) == 9
    assert pulse["inventory"] > 0


async def test_everything_read_is_json(city: asyncpg.Connection) -> None:
    for ask in (views.status, views.offline, views.cameras, covered.places, covered.coverage):
        json.dumps(await ask(city), allow_nan=False)
    json.dumps(await views.camera(city, "61000100001320000004"), allow_nan=False)
    json.dumps(await covered.place(city, 6), allow_nan=False)


async def test_shapes_are_features_with_top_level_ids_and_colours(
    city: asyncpg.Connection,
) -> None:
    cameras = [json.loads(text) for text in await shapes.cameras(city)]
    # the camera without coordinates cannot be drawn
    assert len(cameras) == 13
    assert all(each["id"] and each["properties"]["marker-color"] for each in cameras)
    streets = [json.loads(text) for text in await shapes.places(city, "street")]
    colours = {each["properties"]["place"]: each["properties"]["stroke"] for each in streets}
    unknown, none = await city.fetchrow(
        """
        SELECT max(colour) FILTER (WHERE at_least IS NULL), max(colour) FILTER (WHERE at_least = 0)
        FROM target WHERE measure = 'coverage'
        """
    )
    assert colours["River road 河滨路"] == unknown  # 0 or 25 %: nobody knows
    # a place that nobody watches is no alarm: it has the colour of any share of nothing
    assert colours["Blind alley 无监控巷"] == none
    assert colours["Full cover lane 全覆盖"] not in (unknown, none)
    gaps = [json.loads(text) for text in await shapes.gaps(city)]
    assert len({each["id"] for each in gaps}) == len(gaps) == 8
