"""The page in a real browser: nothing amiss or asked for, all of it seen and read, on a telephone and in the dark.

By `make test-browser`, in an environment that has a browser's driver and nothing of the project; the pages, which
tests/report/pages.py wrote, are in the folder that PAGES names.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sync_api = pytest.importorskip("playwright.sync_api")

pytestmark = pytest.mark.browser
PAGES = Path(os.environ.get("PAGES", "."))
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
NAMES = ["whole", "alone", "hostile", "none"]
WIDTHS = [1280, 360]
SCHEMES = ["light", "dark"]

# What stands where, as a person sees it: {what: [...]}, each list empty where all is well.
LOOK = """() => {
  const found = {unseen: [], cut: [], overlapping: [], faint: [], small: [], wide: []};
  const shown = (element) => element.checkVisibility() && !element.closest(".unseen");
  const name = (element) =>
    `${element.closest("section")?.id}: ${(element.textContent || element.tagName).slice(0, 40)}`;
  const apart = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) < 1.5
    || Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) < 2.5;
  for (const svg of document.querySelectorAll("svg:not(.unseen)")) {
    const box = svg.getBoundingClientRect();
    if (!shown(svg) || box.width < 60 || box.height < 20) found.unseen.push(name(svg));
    const texts = [...svg.querySelectorAll("text")].filter((text) => text.textContent.trim());
    const boxes = texts.map((text) => text.getBoundingClientRect());
    texts.forEach((text, index) => {
      const own = boxes[index];
      const beyond = [box.left - own.left, own.right - box.right, box.top - own.top, own.bottom - box.bottom];
      if (Math.max(...beyond) > 1) {
        found.cut.push(name(text));
      }
      if (text.hasAttribute("transform")) return;  // a turned one's box is larger than itself
      for (let other = index + 1; other < texts.length; other += 1) {
        if (!texts[other].hasAttribute("transform") && !apart(own, boxes[other])) {
          found.overlapping.push(`${name(text)} / ${texts[other].textContent}`);
        }
      }
    });
  }
  for (const figure of document.querySelectorAll("figure, .card")) {
    const box = figure.getBoundingClientRect();
    if (box.width < 100 || box.height < 40) found.unseen.push(name(figure));
  }
  const channel = (value) => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  const parse = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const shade = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !shown(element)) continue;
    if (element.closest("script, style, option, #tip, .in-cell")) continue;  // shares in cells have a test of their own
    const style = getComputedStyle(element), drawn = element instanceof SVGElement;
    const shades = [shade(parse(drawn ? style.fill : style.color)), shade(ground(element))].sort((a, b) => b - a);
    const contrast = (shades[0] + 0.05) / (shades[1] + 0.05);
    if (contrast < (element.matches(".mark") ? 3 : 4.5)) found.faint.push(`${name(element)} ${contrast.toFixed(2)}`);
    const scale = drawn ? element.getScreenCTM().a : 1;
    const size = parseFloat(style.fontSize) * Math.hypot(drawn ? element.getScreenCTM().b : 0, scale);
    if (size < 8) found.small.push(`${name(element)} ${size.toFixed(1)}`);
  }
  if (document.documentElement.scrollWidth > innerWidth) {
    for (const element of document.querySelectorAll("body *")) {
      if (element.getBoundingClientRect().right > innerWidth + 1 && !element.closest(".drawing *, .table *")) {
        found.wide.push(name(element));
      }
    }
    found.wide.push(`${document.documentElement.scrollWidth} of ${innerWidth}`);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        pytest.fail("no Chromium here: apt-get install chromium, or name one: CHROMIUM=/path/to/it")
    with sync_api.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield started
        started.close()


class Visit:
    """A page in the browser, and all that is amiss with it."""

    def __init__(self, browser: Any, name: str, width: int, scheme: str, script: bool = True) -> None:
        self.amiss: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": 800}, color_scheme=scheme, java_script_enabled=script
        )
        self.page = self.context.new_page()
        address = (PAGES / f"{name}.html").resolve().as_uri()
        self.context.route("**/*", lambda route: self._asked(route, address))
        self.page.on("console", lambda message: self.amiss.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.amiss.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.amiss.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.goto(address)

    def _asked(self, route: Any, address: str) -> None:
        if route.request.url in (address, "data:,"):
            route.continue_()
        else:
            self.amiss.append(f"asked for {route.request.url}")
            route.abort()

    def __enter__(self) -> "Visit":
        return self

    def __exit__(self, *error: object) -> None:
        self.context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", NAMES)
def test_all_of_it_is_seen_and_read_and_nothing_is_amiss(browser, name, width, scheme):
    with Visit(browser, name, width, scheme) as visit:
        looked = visit.page.evaluate(LOOK)
        assert looked == {key: [] for key in looked}
        assert visit.page.locator("section").count() >= 3
        visit.page.evaluate("() => document.querySelectorAll('details').forEach((one) => { one.open = true; })")
        looked = visit.page.evaluate(LOOK)
        assert looked == {key: [] for key in looked}
        assert visit.amiss == []


def test_light_and_dark_are_two(browser):
    grounds = []
    for scheme in SCHEMES:
        with Visit(browser, "whole", 800, scheme) as visit:
            grounds.append(visit.page.evaluate("() => getComputedStyle(document.body).backgroundColor"))
    assert grounds[0] != grounds[1]


@pytest.mark.parametrize("name", ["whole", "alone", "hostile"])
def test_the_menu_tells_each_record(browser, name):
    with Visit(browser, name, 1280, "light") as visit:
        page = visit.page
        labels = page.locator("#record option").all_inner_texts()
        assert len(set(labels)) == len(labels) >= 3
        told = []
        for index, _ in enumerate(labels):
            page.select_option("#record", str(index))
            told.append(page.locator("#told").inner_text())
            assert page.locator("#told svg.networks path").count() > 4
            looked = page.evaluate(LOOK)
            assert looked == {key: [] for key in looked}
        assert len(set(told)) == len(told)
        page.click("#later")  # from the last to the first
        assert page.locator("#told").inner_text() == told[0]
        page.click("#earlier")
        assert page.locator("#told").inner_text() == told[-1]
        assert visit.amiss == []


def test_a_mark_that_is_pointed_at_says_what_it_is(browser):
    with Visit(browser, "whole", 1280, "light") as visit:
        for place in ("#funnel rect[data-tip]", "#rates g[data-tip]", "#told svg.networks rect"):
            mark = visit.page.locator(place).first
            mark.scroll_into_view_if_needed()
            mark.hover()
            tip = visit.page.locator("#tip")
            assert tip.is_visible()
            assert tip.inner_text() == mark.get_attribute("data-tip")
            assert tip.bounding_box()["x"] + tip.bounding_box()["width"] <= 1280
        assert visit.amiss == []


def test_without_scripts_all_but_the_stories_is_there(browser):
    with Visit(browser, "whole", 800, "light", script=False) as visit:
        assert visit.page.locator("noscript p").is_visible()
        assert visit.page.locator("figure svg.chart").count() >= 8
        assert visit.amiss == []


def test_all_pages_were_looked_at():
    assert sorted(path.stem for path in PAGES.glob("*.html")) == sorted(NAMES)
