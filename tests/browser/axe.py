"""What axe finds on a page or in a frame, by WCAG A and AA."""

from __future__ import annotations

from functools import cache

from playwright.async_api import Frame, Page

from b24app.settings import ROOT

SOURCE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
RUN = """async ([grave, within]) => {
  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']
  const found = await axe.run(within ?? document, {resultTypes: ['violations'], runOnly: rules})
  return found.violations.filter((one) => grave.includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.target.join(' ')} ${node.failureSummary}`))
}"""


async def faults(place: Page | Frame, within: str | None = None) -> list[str]:
    """Those that are serious or critical, one line each. `within`: a selector of the part to look at."""
    await place.evaluate(_source())
    found: list[str] = await place.evaluate(RUN, [list(GRAVE), within])
    return found


@cache
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8")
