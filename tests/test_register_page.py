"""The public register as a resident uses it: phone, keyboard, screen reader, without scripts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest
from playwright.async_api import Browser, Page, expect

from tests.served import served
from tests.test_page import browser
from tests.test_register_public import PUBLISHER, estate

pytestmark = pytest.mark.browser
__all__ = ["browser"]

PAGES = ("", "list-1.html", "camera/A1.html", "camera/A3.html", "dictionary.html", "map.html")
# What WCAG 2.2 AA asks and a program can measure: contrast, size of targets, names, languages.
MEASURE = """() => {
  const problems = [];
  const light = (text) => {
    const [r, g, b] = text.match(/[\\d.]+/g).map(Number).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$|transparent/.test(colour)) return colour;
    }
    return "rgb(255, 255, 255)";
  };
  const said = "h1,h2,p,a,th,td,dt,dd,caption,code,small,li,span";
  for (const node of document.querySelectorAll(said)) {
    if (!node.textContent.trim() || !node.offsetParent) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(ground(node))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const said = node.textContent.slice(0, 30);
    if (ratio < 4.5) problems.push(`contrast ${ratio.toFixed(2)}: ${said}`);
  }
  for (const node of document.querySelectorAll("nav a, button, input")) {
    const box = node.getBoundingClientRect();
    if (box.height && box.height < 24) problems.push(`small target: ${node.textContent}`);
    const named = node.textContent.trim() || node.labels?.length || node.ariaLabel;
    if (!named) problems.push("a control without a name");
  }
  if (document.querySelectorAll("h1").length !== 1) problems.push("not one h1");
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) problems.push(`${wide} px too wide`);
  for (const node of document.querySelectorAll("[lang=zh]")) {
    const text = node.textContent;
    if (!/[\\u4e00-\\u9fff]/.test(text)) problems.push(`not Chinese: ${text}`);
  }
  if (!document.title) problems.push("no title");
  if (document.documentElement.lang !== "en") problems.push("no language");
  return problems;
}"""


@pytest.fixture
async def address(database: str, conn: asyncpg.Connection) -> AsyncIterator[str]:
    await estate(conn)
    async with served(database, publisher=PUBLISHER) as (client, _):
        yield str(client.make_url("/register/"))


@asynccontextmanager
async def shown(browser: Browser, address: str, **options: object) -> AsyncIterator[Page]:
    context = await browser.new_context(locale="en-GB", **options)  # type: ignore[arg-type]
    page = await context.new_page()
    hosts: list[str] = []
    page.on("request", lambda request: hosts.append(request.url))
    await page.goto(address)
    yield page
    # no tracking: nothing from elsewhere, nothing left behind
    assert all(url.startswith(("http://127.0.0.1:", "blob:", "data:")) for url in hosts)
    assert await context.cookies() == []
    await context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
async def test_each_page_keeps_what_can_be_measured_of_wcag(
    browser: Browser, address: str, width: int, scheme: str
) -> None:
    viewport = {"width": width, "height": 844}
    async with shown(browser, address, viewport=viewport, color_scheme=scheme) as page:
        for path in PAGES:
            await page.goto(address + path)
            assert await page.evaluate(MEASURE) == [], path


async def test_list_and_camera_need_no_script(browser: Browser, address: str) -> None:
    async with shown(browser, address, java_script_enabled=False) as page:
        await page.click("text=List")
        await page.click("text=Gate")
        await expect(page.locator("h1")).to_have_text("Gate")
        await expect(page.locator("main")).to_contain_text("Traffic flow")
        await expect(page.locator("main")).to_contain_text("streets@town.example")
        assert not await page.locator("#search").is_visible()


async def test_the_keyboard_leads_from_the_first_page_to_a_camera(
    browser: Browser, address: str
) -> None:
    async with shown(browser, address) as page:
        await page.keyboard.press("Tab")
        await expect(page.locator("a:focus")).to_contain_text("Skip to content")
        await page.keyboard.press("Enter")
        await expect(page.locator("main:focus")).to_have_count(1)
        await page.goto(address + "list-1.html")
        for _ in range(40):
            await page.keyboard.press("Tab")
            if await page.locator("a:focus", has_text="Gate").count():
                break
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"
        await page.keyboard.press("Enter")
        await expect(page.locator("h1")).to_have_text("Gate")


async def test_a_screen_reader_finds_landmarks_tables_and_headings(
    browser: Browser, address: str
) -> None:
    async with shown(browser, address) as page:
        tree = await page.locator("body").aria_snapshot()
        for part in ("banner", "navigation", "main", "contentinfo", "columnheader", "rowheader"):
            assert part in tree
        await page.goto(address + "camera/A2.html")
        tree = await page.locator("main").aria_snapshot()
        assert 'heading "Shelter" [level=1]' in tree
        assert "near a shelter" in tree


async def test_search_finds_and_the_map_leads_to_the_page(browser: Browser, address: str) -> None:
    async with shown(browser, address + "list-1.html") as page:
        await page.fill("input[type=search]", "quay 1")
        await expect(page.locator("#search [role=status]")).to_have_text("1 / 5")
        assert await page.locator("tbody tr:visible").count() == 1
        await page.goto(address + "map.html")
        await page.wait_for_selector("#map canvas")
        while not await page.evaluate("document.getElementById('map').maplibre.loaded()"):
            await page.wait_for_timeout(50)
        point = await page.evaluate(
            """() => { const map = document.getElementById('map').maplibre;
              const box = map.getCanvas().getBoundingClientRect();
              const at = map.project([8.5, 47.3]); return [box.x + at.x, box.y + at.y]; }"""
        )
        await page.mouse.click(*point)
        await page.click("#picked a")
        await expect(page.locator("h1")).to_have_text("Case")
