"""What people write as the direction of a camera is read, or refused with a sentence."""

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.geodesy.direction import Bearing, parse

SWISS = Path(__file__).parent / "data" / "swiss-cameras.csv"


def centres(text: str) -> list[float]:
    return [bearing.centre_deg for bearing in parse(text)]


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("0", 0), ("90", 90), (" 225.5 ", 225.5),
        ("45°", 45), ("45 °", 45), ("-90", 270), ("-2", 358), ("-360", 0),
        ("90度", 90), ("120 deg", 120), ("−90", 270), ("９０", 90),
        ("N", 0), ("nnw", 337.5), ("NE", 45),
        ("north", 0), ("South-West", 225), ("south west", 225),
        ("northnorthwest", 337.5), ("east", 90),
        ("东", 90), ("西", 270), ("南", 180), ("北", 0), ("东南", 135), ("东北", 45),
        ("西南", 225), ("西北", 315),
        ("東", 90), ("東南", 135), ("東北", 45), ("向东", 90), ("朝南", 180),
        ("朝東南", 135), ("北向", 0),
        ("面向西北", 315), ("正北", 0), ("东方向", 90), ("西向东", 90), ("由南向北", 0),
    ],
)  # fmt: skip
def test_it_reads_one_direction(text: str, degrees: float) -> None:
    assert parse(text) == (Bearing(centre_deg=degrees),)


def test_it_keeps_a_written_360_apart_from_north() -> None:
    assert centres("360") == [360]


@pytest.mark.parametrize("text", ["90;160;270", "90, 160, 270", "90、160、270", "90；160；270"])
def test_it_reads_several_directions_in_order(text: str) -> None:
    assert centres(text) == [90, 160, 270]


@pytest.mark.parametrize(
    ("text", "centre", "sweep"),
    [
        ("190-100", 325, 270), ("90-180", 135, 90), ("350 - 10", 0, 20),
        ("-20--10", 345, 10), ("0-360", 180, 360),
        ("NW-NE", 0, 90), ("东至南", 135, 90), ("90~180", 135, 90), ("10° – 50°", 30, 40),
    ],
)  # fmt: skip
def test_it_reads_a_swept_range_clockwise(text: str, centre: float, sweep: float) -> None:
    assert parse(text) == (Bearing(centre_deg=centre, sweep_deg=sweep),)


@pytest.mark.parametrize(
    "text", ["全向", "全景", "all-round", "All round", "omnidirectional", "panorama"]
)
def test_all_round_is_a_full_sweep(text: str) -> None:
    assert [bearing.sweep_deg for bearing in parse(text)] == [360]


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", ";", "北北西", "北東", "东西", "up", "361", "-400", "nan", "inf",
        "1e2", "90-", "-", "--", "90-90",
        "90-up", "N;sideways", "x" * 1000, ";".join("1" * 30), "90-180-270", "\x00",
    ],
)  # fmt: skip
def test_it_refuses_what_it_does_not_know_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"^\S.*\.$|compass word"):
        parse(text)


@given(st.text(max_size=40) | st.text(alphabet="0123456789-+.;,NESW 东西南北向°", max_size=30))
def test_any_text_gives_bearings_in_range_or_a_value_error(text: str) -> None:
    try:
        bearings = parse(text)
    except ValueError:
        return
    assert bearings
    assert all(0 <= bearing.centre_deg <= 360 for bearing in bearings)
    assert all(bearing.sweep_deg is None or 0 < bearing.sweep_deg <= 360 for bearing in bearings)


def test_every_direction_of_the_swiss_cameras_is_read() -> None:
    with SWISS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    written = [row["camera_direction"] or row["direction"] for row in rows]
    bearings = [parse(text) for text in written if text]
    assert len(bearings) == 479
    assert sum(len(several) for several in bearings) == 482
