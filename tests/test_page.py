"""The console page in a real Chromium, over real HTTP, on a seeded PostgreSQL."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.seed import seed
from tests.served import served

pytestmark = pytest.mark.browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_ARGS = [
    "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-gl=angle",
    "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
]  # fmt: skip
_NO_WEBGL = """
  const real = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith("webgl") ? null : real.call(this, kind, ...rest);
  };
"""
_WAIT_MS = 30_000  # a loaded machine draws slowly in software


def chromium() -> str:
    """The browser's program; without one the page is untested, which must not look like success."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        pytest.fail("Chromium is missing: install it, or set CHROMIUM, or run -m 'not browser'")
    return found


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A page and what it did wrong or asked of others."""

    page: Page
    address: str
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    args = [*_ARGS, "--no-sandbox"] if os.geteuid() == 0 else _ARGS
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=chromium(), args=args)
        yield browser
        await browser.close()


@asynccontextmanager
async def opened(
    browser: Browser, address: str, *, webgl: bool = False, path: str = "/", **options: Any
) -> AsyncIterator[Opened]:
    """The page after its first round of questions."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-GB", **options
    )
    page = await context.new_page()
    page.set_default_timeout(_WAIT_MS)
    seen = Opened(page=page, address=address)
    page.on("console", lambda said: seen.complaints.append(f"{said.type}: {said.text}"))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(f"dialog {dialog.message}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    if not webgl:
        await page.add_init_script(_NO_WEBGL)
        await page.clock.install()
    await page.goto(address + path)
    await page.wait_for_selector("body[data-rounds]")
    yield seen
    await context.close()


@pytest.fixture
async def address(database: str, conn: asyncpg.Connection) -> AsyncIterator[str]:
    await seed(conn, datetime.now(UTC))
    async with served(database, city="Sample", attribution="© Somebody") as (client, _):
        yield str(client.make_url("/")).rstrip("/")


async def drawn(page: Page, layer: str) -> int:
    """Number of features that the map shows of a layer, once it has drawn."""
    return int(
        await page.evaluate(
            """async (layer) => {
              const map = document.getElementById("map").maplibre;
              if (!map.loaded() || map.isMoving()) await map.once("idle");
              return map.queryRenderedFeatures({ layers: [layer] }).length;
            }""",
            layer,
        )
    )


async def test_the_map_is_drawn_and_leads_to_a_camera(browser: Browser, address: str) -> None:
    async with opened(browser, address, webgl=True) as seen:
        page = seen.page
        # thirteen of the fourteen cameras have coordinates
        async with asyncio.timeout(_WAIT_MS / 1000):
            while await drawn(page, "camera") < 13:
                await page.wait_for_timeout(50)
        assert await drawn(page, "street") >= 5
        assert await drawn(page, "gap-dark") >= 4
        assert await drawn(page, "gap-never") >= 4
        assert await drawn(page, "street-label") >= 1
        colours = await page.evaluate(
            """() => {
              const map = document.getElementById("map").maplibre;
              const state = (id) => map.getFeatureState({ source: "streets", id });
              return [state(2).effective, state(5).effective];
            }"""
        )
        assert colours == [0.25, 1]

        await page.click("#list button >> nth=2")
        await expect(page.locator("#detail h3")).to_have_text("River road west")
        await expect(page.locator("#detail")).to_contain_text("192.0.2.8:80")
        await drawn(page, "camera")
        zoom = await page.evaluate("document.getElementById('map').maplibre.getZoom()")
        assert zoom >= 16.5

        # a click on the camera itself, in the middle of the part that the panel leaves free
        point = await page.evaluate(
            """() => {
              const map = document.getElementById("map").maplibre;
              const camera = map.queryRenderedFeatures({ layers: ["camera"] })
                .find((each) => each.properties.camera_code.endsWith("08"));
              const box = map.getContainer().getBoundingClientRect();
              const at = map.project(camera.geometry.coordinates);
              return [box.left + at.x, box.top + at.y];
            }"""
        )
        await page.keyboard.press("Escape")
        await expect(page.locator("#detail")).to_be_hidden()
        await page.mouse.click(*point)
        await expect(page.locator("#detail h3")).to_have_text("River road west")
        assert seen.complaints == []
        assert all(url.startswith((address, "blob:", "data:")) for url in seen.requests)


async def test_counts_carry_number_word_and_shape(browser: Browser, address: str) -> None:
    async with opened(browser, address) as seen:
        page = seen.page
        for word, text, number in (("ONLINE", "Online", "4"), ("OFFLINE", "Offline", "3")):
            card = page.locator(f"[data-count={word}]")
            await expect(card.locator(".big")).to_have_text(number)
            await expect(card.locator("b")).to_have_text(text)
            await expect(card.locator("svg")).to_have_count(1)
        rate = page.locator("[data-count=online_rate]")
        await expect(rate.locator(".big")).to_have_text("62.50 %")
        await expect(rate.locator(".below")).to_have_text("5 of 8 declared and assessed")
        await expect(page.locator("#freshness")).to_have_attribute("data-state", "fresh")
        assert seen.complaints == []


async def test_hostile_names_are_shown_as_text(browser: Browser, address: str) -> None:
    async with opened(browser, address) as seen:
        page = seen.page
        await page.fill("#search", "<script>")
        await page.clock.run_for(300)
        row = page.locator("#list button")
        await expect(row).to_have_count(1)
        await expect(row).to_contain_text("No address <script>alert(1)</script>")
        await row.click()
        await expect(page.locator("#detail h3")).to_have_text(
            "No address <script>alert(1)</script>"
        )
        await expect(page.locator("#places")).to_contain_text("Long 'Quay' & <i>Row</i>")
        assert await page.locator("main script, main i:not([class]), #places td i i").count() == 0
        assert seen.complaints == []


async def test_without_webgl_tables_and_keyboard_still_serve(
    browser: Browser, address: str
) -> None:
    async with opened(browser, address) as seen:
        page = seen.page
        await expect(page.locator("#no-map")).to_contain_text("no WebGL 2")
        await expect(page.locator("#places tbody tr")).to_have_count(9)
        await page.focus("#places [data-sort=lost]")
        await page.keyboard.press("Enter")
        await page.keyboard.press("Enter")
        # the focus stays on the header although the table was drawn anew
        first = page.locator("#places tbody tr").first
        await expect(first).to_contain_text("River road")
        await page.focus("#places tbody button >> nth=0")
        await page.keyboard.press("Enter")
        await expect(page.locator("#detail")).to_contain_text("dark now")
        await expect(page.locator("#method")).to_contain_text("line of sight considered: no")
        assert seen.complaints == []


async def test_it_says_when_the_monitor_is_away_and_recovers(
    browser: Browser, address: str, conn: asyncpg.Connection
) -> None:
    async with opened(browser, address) as seen:
        page = seen.page
        state = page.locator("#freshness")
        await page.route("**/api/**", lambda route: route.abort())
        await page.clock.run_for(10_500)
        await expect(state).to_have_attribute("data-state", "away")
        await expect(state).to_contain_text("Monitor not reachable")
        # the last figures stay readable
        await expect(page.locator("[data-count=OFFLINE] .big")).to_have_text("3")

        await conn.execute(
            "UPDATE camera_state SET health = 'up', last_at = now() WHERE camera_id = 5"
        )
        await page.unroute("**/api/**")
        await page.clock.run_for(10_500)
        await expect(state).to_have_attribute("data-state", "fresh")
        await expect(page.locator("[data-count=OFFLINE] .big")).to_have_text("2")


async def test_old_data_is_never_shown_as_fresh(browser: Browser, address: str) -> None:
    async with opened(browser, address) as seen:
        state = seen.page.locator("#freshness")
        await seen.page.route("**/api/v1/status", lambda route: asyncio.sleep(0))
        await seen.page.clock.run_for(150_000)
        await expect(state).not_to_have_attribute("data-state", "fresh")


async def test_a_link_opens_its_camera_and_the_page_speaks_chinese(
    browser: Browser, address: str
) -> None:
    async with opened(browser, address, path="/#camera=61000100001320000004") as seen:
        page = seen.page
        await expect(page.locator("#detail h3")).to_have_text("Clock tower 钟楼")
        await expect(page.locator("#detail")).to_contain_text("+3612.5 s")
        await page.click("#language")
        await expect(page.locator("[data-count=OFFLINE] b")).to_have_text("离线")
        await expect(page.locator("#list")).to_contain_text("地址完全没有应答")
        await expect(page.locator("#detail")).to_contain_text("时钟偏差")
        assert seen.complaints == []


async def test_a_camera_shows_both_witnesses_and_how_long_it_keeps(
    browser: Browser, address: str
) -> None:
    async with opened(browser, address, path="/#camera=61000100001320000006") as seen:
        panel = seen.page.locator("#detail")
        await expect(panel).to_contain_text("Whose word counts")
        await expect(panel).to_contain_text("the platform while we do not see it")
        await expect(panel).to_contain_text("What we found")
        await expect(panel).to_contain_text("town: online there · (ON)")
    async with opened(browser, address, path="/#camera=61000100001320000001") as seen:
        panel = seen.page.locator("#detail")
        await expect(panel).to_contain_text("How long recordings are kept")
        await expect(panel).to_contain_text("town: 99 days, declared")
        await expect(panel).to_contain_text("longer than declared")
