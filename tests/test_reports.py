"""Periods, wording and the files of a report; its figures are tested in `test_reports_truth`."""

import csv
import io
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.availability import Ledger
from monitor.model import Cause
from monitor.reports import words
from monitor.reports.content import (
    METHOD,
    CameraLine,
    CoverageModel,
    Covered,
    DayLine,
    Defect,
    Exemption,
    Figures,
    GroupLine,
    KindLine,
    Light,
    LongOffline,
    Look,
    Overdue,
    PlaceLine,
    Protected,
    ReasonLine,
    Removal,
    Rests,
    Retention,
    StateLine,
    Targets,
    published,
)
from monitor.reports.document import render_html
from monitor.reports.files import ReportNotWritten, write
from monitor.reports.periods import KINDS, Period, period
from monitor.reports.sheets import render_csv

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)  # a Monday noon in Shanghai
# with both half-hour and whole changes, changes at midnight, and a zone that once lost a day
ZONES = (
    "Asia/Shanghai",
    "Europe/Zurich",
    "America/Sao_Paulo",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Pacific/Apia",
)
HOSTILE = "<script>alert(1)</script> & \"Süd\" 'x' {{ 7 * 7 }}"

days = st.dates(date(1975, 1, 1), date(2037, 12, 31))
kinds = st.sampled_from(KINDS)
zones = st.sampled_from(ZONES)
far = datetime(2100, 1, 1, tzinfo=UTC)


def hours(**spent: float) -> Ledger:
    return Ledger(**{name: timedelta(hours=each) for name, each in spent.items()})


ESTATE = {
    **{"cameras": 12, "online": 8, "degraded": 1, "offline": 1, "unknown": 2, "exempt": 0},
    **{"repair": 0, "planned": 0, "retired": 0, "simulated": 3, "undeclared": 2, "unattended": 1},
    "online_rate": {"numerator": 9, "denominator": 10, "value": 0.9},
}


def figures(**changes: object) -> Figures:
    """A report with one of everything, each name hostile."""
    week = period("weekly", None, "Asia/Shanghai", NOW)
    targets = Targets(green=0.98)
    spent = replace(
        hours(up=970, down=20, unobserved=30, exempt=5, out_of_service=2),
        causes={Cause.COLLECTOR_LOST: timedelta(hours=30)},
        outages=4,
    )
    long = LongOffline(
        code="C1",
        name=HOSTILE,
        area=HOSTILE,
        since=NOW - timedelta(days=40),
        lasted=timedelta(days=39),
        meaning=HOSTILE,
    )
    covered = Covered(
        size=400.0,
        designed=300.0,
        effective=100.0,
        upper=120.0,
        excess=250.0,
        unrequired=210.0,
        mean=1400.0,
        mean_size=2800.0,
        days=7,
    )
    made = Figures(
        city=HOSTILE,
        period=week,
        as_of=NOW,
        final=True,
        up_to=week.ends_at,
        targets=targets,
        total=spent,
        previous=hours(up=95, down=5),
        light=targets.judge(spent),
        assessed_cameras=1,
        estate=ESTATE,
        stored_days=7,
        left_out=2,
        left_out_time=timedelta(hours=7),
        register=(
            StateLine(
                state="undeclared",
                cameras=2,
                attended=1,
                first_declare_by=NOW + timedelta(days=9),
            ),
        ),
        days=tuple(
            DayLine(
                day=week.first_day + timedelta(days=each),
                cameras=1,
                ledger=hours(up=20 + each / 2, down=4 - each / 2),
                light=Light.RED,
            )
            for each in range(7)
        ),
        groups=(
            GroupLine(sort="purpose", name=HOSTILE, cameras=25, ledger=hours(up=99, down=1)),
            GroupLine(sort="contract", name="=1+1", cameras=3, ledger=hours(up=99, down=1)),
        ),
        reasons=(
            ReasonLine(
                reason="reset",
                meaning=HOSTILE,
                outages=3,
                cameras=2,
                lasted=timedelta(hours=4),
            ),
        ),
        removals=(Removal(code="C9", name=HOSTILE, at=NOW),),
        overdue=(Overdue(code="C8", name=HOSTILE, body=HOSTILE, review_due=date(2026, 1, 2)),),
        protected=Protected(
            cameras=9,
            compared=7,
            looking=4,
            answered=1,
            changes={"opened": 3, "turned": 2, "recomputed": 1},
            layers=(("Map", date(2026, 1, 15)),),
        ),
        retention=Retention(declared=9, known=7, longer=2, shorter=1),
        edition=Rests(number=3, made_at=NOW, digest="ab" * 32, holds=True),
        looks=(Look(role="web", action="camera.read", times=9, people=2),),
        cameras=(
            CameraLine(
                code="C1",
                name="=cmd|' /C calc'!A0",
                area_code="A",
                area=HOSTILE,
                ledger=hours(up=100, down=20),
                longest=timedelta(hours=20),
                reason="reset",
                meaning=HOSTILE,
                down_since=NOW - timedelta(days=2),
            ),
        ),
        long_offline=(long,),
        exemptions=(
            Exemption(
                kind="exempt",
                reason_code=HOSTILE,
                windows=2,
                cameras=1,
                duration=timedelta(hours=5),
            ),
        ),
        kinds=(
            KindLine(
                kind="street",
                unit="m",
                places=1,
                required=1,
                covered=covered,
            ),
        ),
        places=(
            PlaceLine(
                place_id=7,
                kind="street",
                name=HOSTILE,
                area="@A",
                unit="m",
                required=0.5,
                covered=covered,
            ),
        ),
        model=CoverageModel(settings={"name": HOSTILE, "line_of_sight": False}, as_of=NOW),
        defects=(Defect(name=HOSTILE, detail=HOSTILE, cameras=2),),
        notes=(HOSTILE,),
    )
    return replace(made, **changes)


class Page(HTMLParser):
    """The text of a document, its elements, and what it would fetch."""

    VOID = frozenset(("meta", "br", "circle", "line", "path", "rect", "polyline"))

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.elements: list[str] = []
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.fetched += [str(value) for name, value in attrs if name in ("src", "href", "data")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


# ---- periods


@given(kinds, days, zones)
def test_a_period_contains_its_day_and_touches_its_neighbours(
    kind: str, day: date, zone: str
) -> None:
    found = period(kind, day, zone, far)
    assert found.first_day <= day <= found.last_day
    assert found.previous.ends_at == found.starts_at
    assert found.previous.last_day + timedelta(days=1) == found.first_day
    # each of its days belongs to no other period
    assert period(kind, found.last_day, zone, far) == found


@given(kinds, days, zones)
def test_names_of_periods_sort_like_their_days(kind: str, day: date, zone: str) -> None:
    found = period(kind, day, zone, far)
    assert found.previous.name < found.name


@given(kinds, zones, days)
def test_the_default_is_complete_and_the_next_one_is_not(kind: str, zone: str, day: date) -> None:
    now = datetime(day.year, day.month, day.day, 7, 31, tzinfo=UTC)
    found = period(kind, None, zone, now)
    assert found.ends_at <= now
    following = period(kind, found.last_day + timedelta(days=1), zone, far)
    assert following.ends_at > now


def test_a_week_is_the_iso_week_also_over_the_turn_of_the_year() -> None:
    week = period("weekly", date(2021, 1, 2), "Asia/Shanghai", NOW)
    assert (week.first_day, week.last_day) == (date(2020, 12, 28), date(2021, 1, 3))
    assert week.name == "2020-W53"


@pytest.mark.parametrize(("day", "length_h"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_a_day_has_23_or_25_hours_where_clocks_change(day: str, length_h: int) -> None:
    found = period("daily", date.fromisoformat(day), "Europe/Zurich", NOW)
    assert found.ends_at - found.starts_at == timedelta(hours=length_h)


def test_february_ends_when_it_ends() -> None:
    month = period("monthly", date(2024, 2, 10), "Asia/Shanghai", NOW)
    assert (month.last_day, month.name, month.days) == (date(2024, 2, 29), "2024-02", 29)


@pytest.mark.parametrize(
    ("kind", "day", "zone", "says"),
    [
        ("yearly", None, "Asia/Shanghai", "daily, weekly, monthly"),
        ("daily", None, "Mars/Base", "not a time zone"),
        ("daily", None, "../etc/passwd", "not a time zone"),
        ("daily", date(2026, 11, 24), "Asia/Shanghai", "has not begun"),
        ("weekly", date.max, "Asia/Shanghai", "outside"),
        ("weekly", date.min, "Asia/Shanghai", "outside"),
    ],
)
def test_a_period_that_cannot_be_is_refused_in_words(
    kind: str, day: date | None, zone: str, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        period(kind, day, zone, NOW)


# ---- judgement and wording


@pytest.mark.parametrize(
    ("up", "down", "light"),
    [
        (98, 2, Light.GREEN),
        (97.999999, 2.000001, Light.YELLOW),
        (95, 5, Light.YELLOW),
        (94.999999, 5.000001, Light.RED),
    ],
)
def test_targets_are_compared_before_rounding(up: float, down: float, light: Light) -> None:
    assert Targets(green=0.98).judge(hours(up=up, down=down)) is light


def test_without_a_contract_nothing_is_judged() -> None:
    assert Targets().judge(hours(up=50, down=50)) is Light.NO_TARGET
    text = Page(render_html(figures(targets=Targets(), light=Light.NO_TARGET))).text
    assert "No maintenance contract names a target, so nothing is judged" in text
    assert not any(word in text for word in ("green", "红", "●", "▲", "■"))


def test_too_little_observed_time_gives_no_rate_and_no_light() -> None:
    enough, less = hours(up=80, unobserved=20), hours(up=79.9, unobserved=20.1)
    assert (published(enough), Targets(green=0.98).judge(enough)) == (1.0, Light.GREEN)
    assert (published(less), Targets(green=0.98).judge(less)) == (None, Light.INSUFFICIENT)
    assert Targets().judge(hours(exempt=5, out_of_service=5)) is Light.NONE


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        (None, "—"),
        (0.0, "0.00"),
        (1.0, "100.00"),
        (0.775, "77.50"),
        (0.97995, "98.00"),
        (0.99999, "99.999"),
        (0.000001, "0.0001"),
        (0.979949, "97.99"),
    ],
)
def test_percent_rounds_half_up_and_never_reaches_all_or_nothing(
    ratio: float | None, shown: str
) -> None:
    assert words.percent(ratio) == shown


def test_percent_does_not_round_onto_a_target_that_is_missed() -> None:
    assert words.percent(0.97996, 0.98) == "97.996"
    assert words.percent(0.98, 0.98) == "98.00"


@given(st.floats(0, 1), st.floats(0.5, 1))
def test_percent_is_near_and_on_the_right_side_of_the_target(ratio: float, target: float) -> None:
    target = round(target, 3)
    shown = float(words.percent(ratio, target))
    assert abs(shown - ratio * 100) <= 0.005000001
    if abs(ratio - target) > 1e-6:
        assert (shown >= round(target * 100, 6)) == (ratio >= target)


def test_points_always_carry_a_sign() -> None:
    assert [words.points(each) for each in (0.0093, -0.005, 0.00001, None)] == [
        "+0.93",
        "−0.50",
        "±0.00",
        "—",
    ]


def test_every_cause_of_the_program_is_explained() -> None:
    assert set(words.CAUSES) == set(Cause)


# ---- the document


def test_the_document_is_whole_and_fetches_nothing() -> None:
    html = render_html(figures())
    page = Page(html)
    assert page.open == []
    assert page.fetched == []
    assert "url(" not in html
    assert "@import" not in html
    assert not {"script", "img", "link", "iframe", "object"} & set(page.elements)


def test_hostile_names_are_shown_as_text() -> None:
    page = Page(render_html(figures()))
    assert page.text.count("<script>alert(1)</script>") >= 12
    # neither run by a browser nor by the template engine
    assert "{{ 7 * 7 }}" in page.text


def test_the_same_figures_give_the_same_bytes() -> None:
    assert render_html(figures()) == render_html(figures())
    assert render_csv(figures()) == render_csv(figures())


def test_final_and_provisional_are_told_apart() -> None:
    assert "FINAL" in Page(render_html(figures())).text
    until = NOW - timedelta(days=4, hours=3)
    text = Page(render_html(figures(final=False, up_to=until))).text
    assert "PROVISIONAL 暂定, up to 2026-11-19 09:00" in text
    assert "FINAL" not in text


def test_a_rate_stands_with_numerator_denominator_method_and_share() -> None:
    text = Page(render_html(figures())).text
    for part in ("97.98 %", "970.0 h of 990.0 h", METHOD, "97.06 %", "95.10 % to 98.04 %", "+2.98"):
        assert part in text


def test_the_register_comes_first_and_removals_lead_it() -> None:
    text = Page(render_html(figures())).text
    order = ["Taken away", "Undeclared now", "Reviews overdue", "Uptime of declared", "By Name"]
    assert [text.index(each) for each in order] == sorted(text.index(each) for each in order)
    assert "1 cameras were taken away" in text
    assert "Areas" not in text


def test_recordings_that_are_kept_otherwise_than_declared_are_counted_both_ways() -> None:
    text = Page(render_html(figures())).text
    told = "of 7 of 9 declared cameras: 2 keep recordings longer than the register says, 1 shorter"
    assert told in text
    nobody = Retention(declared=9, known=0, longer=0, shorter=0)
    text = Page(render_html(figures(retention=nobody))).text
    assert "— No platform tells how long" in text


def test_a_report_names_its_edition_or_is_headed_unpublished() -> None:
    text = Page(render_html(figures())).text
    assert f"edition 依据版次 3 of the register, 2026-11-23 12:00, digest {'ab' * 32}" in text
    assert "UNPUBLISHED" not in text
    for rests in (None, Rests(number=3, made_at=NOW, digest="ab" * 32, holds=False)):
        assert "UNPUBLISHED 未发布" in Page(render_html(figures(edition=rests))).text


def test_insufficient_data_prints_bounds_instead_of_a_rate() -> None:
    spent = hours(up=60, unobserved=40)
    text = Page(render_html(figures(total=spent, light=Light.INSUFFICIENT))).text
    assert "so no rate is printed" in text
    assert "between 60.00 % and 100.00 %" in text


def test_sample_cities_carry_the_attribution_and_real_ones_do_not() -> None:
    assert "© OpenStreetMap contributors, ODbL" in render_html(figures())
    assert "OpenStreetMap" not in render_html(figures(estate={**ESTATE, "simulated": 0}))


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_report_renders_with_as_many_days_as_it_has(kind: str) -> None:
    about = period(kind, date(2026, 10, 15), "Asia/Shanghai", NOW)
    line = figures().days[0]
    each = tuple(replace(line, day=about.first_day + timedelta(days=n)) for n in range(about.days))
    html = render_html(figures(period=about, days=each))
    assert ("<polyline" in html) == (kind != "daily")
    assert about.name in html


@given(
    st.lists(
        st.builds(
            lambda up, down, dark: hours(up=up, down=down, unobserved=dark),
            *[st.floats(0, 24)] * 3,
        ),
        max_size=31,
    )
)
def test_any_days_can_be_drawn_inside_the_picture(ledgers: list[Ledger]) -> None:
    from monitor.reports import charts

    first = date(2026, 10, 1)
    made = tuple(
        DayLine(day=first + timedelta(days=n), cameras=1, ledger=each, light=Targets().judge(each))
        for n, each in enumerate(ledgers)
    )
    chart = charts.days(figures(days=made))
    for mark in chart.marks:
        assert chart.left <= mark.x <= chart.right
        for y in (mark.y, mark.y_best, mark.y_worst):
            assert y is None or 0 <= y <= chart.bottom


# ---- the tables


def test_spreadsheets_see_utf_8_and_no_formulas() -> None:
    texts = render_csv(figures())
    assert all(text.startswith("\ufeff") for text in texts.values())
    cells = [cell for text in texts.values() for row in rows(text) for cell in row.values()]
    assert any("Süd" in cell for cell in cells)
    assert not [cell for cell in cells if cell[:1] in ("=", "@", "+")]
    assert "'=1+1" in cells


def test_each_row_can_be_checked_on_its_own() -> None:
    for text in render_csv(figures()).values():
        for row in rows(text):
            assert row["method"]
            assert row["window"] == "2026-11-16/2026-11-22 Asia/Shanghai"
            assert row["state"] == "final"
            assert row["observed_share_percent"]
            part = row.get("numerator_h") or row["numerator"]
            whole = row.get("denominator_h") or row["denominator"]
            rate = row.get("availability_percent") or row["effective_percent"]
            assert float(rate) == pytest.approx(float(part) / float(whole) * 100, abs=0.00501)


# ---- the files


def test_writing_twice_replaces_and_leaves_nothing_else(tmp_path: Path) -> None:
    first = write(figures(), tmp_path / "new" / "folder")
    again = write(figures(city="Second"), tmp_path / "new" / "folder")
    assert [each.name for each in first] == [
        "weekly-2026-W47.html",
        "weekly-2026-W47-cameras.csv",
        "weekly-2026-W47-coverage.csv",
        "weekly-2026-W47-days.csv",
        "weekly-2026-W47-groups.csv",
    ]
    assert first == again
    assert sorted(again) == sorted((tmp_path / "new" / "folder").iterdir())
    assert "<h1>Second</h1>" in again[0].read_text(encoding="utf-8")
    assert again[0].stat().st_mode & 0o777 == 0o644


def test_a_format_that_does_not_exist_is_named_with_those_that_do(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"pdf, xlsx; there are: html, csv"):
        write(figures(), tmp_path / "out", ["html", "pdf", "xlsx"])
    assert not (tmp_path / "out").exists()


def test_only_the_formats_asked_for_are_written(tmp_path: Path) -> None:
    assert [each.suffix for each in write(figures(), tmp_path, ["html"])] == [".html"]


def test_a_folder_that_cannot_be_made_gives_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here")
    with pytest.raises(ReportNotWritten, match=r"not written to .*file/out: Not a directory"):
        write(figures(), tmp_path / "file" / "out")


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_keeps_the_earlier_report_and_leaves_no_rest(tmp_path: Path) -> None:
    # a limit on file sizes fails in the middle of a write, as a full disk does
    before = {each: each.read_bytes() for each in write(figures(), tmp_path)}
    with no_file_larger_than(8_000), pytest.raises(ReportNotWritten, match="disk has room"):
        write(figures(city="Second"), tmp_path, ["csv", "html"])
    assert {each: each.read_bytes() for each in tmp_path.iterdir()} == before


def test_the_window_of_a_period_is_made_of_local_midnights() -> None:
    week = Period(
        kind="weekly",
        first_day=date(2026, 11, 16),
        last_day=date(2026, 11, 22),
        timezone="Asia/Shanghai",
    )
    zone = ZoneInfo("Asia/Shanghai")
    assert week.starts_at == datetime(2026, 11, 16, tzinfo=zone)
    assert week.ends_at == datetime(2026, 11, 23, tzinfo=zone)


def test_minutes_of_an_outage_are_not_written_as_no_time() -> None:
    spans = [timedelta(0), timedelta(seconds=5), timedelta(minutes=3), timedelta(hours=2), None]
    assert [words.hours(each) for each in spans] == ["0.0", "0.01", "0.05", "2.0", "—"]
