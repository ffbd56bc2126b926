"""What a browser finds here outside any portal: privacy, licence, support, and words where there is nothing."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from b24app.demo.parties import VENDOR
from b24app.manifest import Manifest
from b24app.settings import Vendor
from placements import PARTS
from placements.about import PAGES
from placements.render import Render
from tests.world import World

CYRILLIC = re.compile("[а-яё]", re.I)
HTML = {"Accept": "text/html,application/xhtml+xml", "Accept-Language": "ru"}
EVERY_PAGE = pytest.mark.parametrize("name", PAGES)


@EVERY_PAGE
async def test_each_page_speaks_the_language_that_was_asked_for_and_no_other(world: World, name: str) -> None:
    for asked, headers, russian in (
        ("?lang=ru", {}, True),
        ("?lang=en", HTML, False),
        ("", HTML, True),
        ("", {"Accept-Language": "de"}, False),
    ):
        async with world.http.get(f"{world.app_url}/{name}{asked}", headers=headers) as answer:
            text = await answer.text()
            assert answer.status == 200
        shown = re.sub(r"<[^>]+>|По-русски", "", text[text.index("<main") : text.index("</main>")])
        assert bool(CYRILLIC.search(shown)) == russian, shown
        told = VENDOR.told("ru" if russian else "en")
        assert told.name in text and told.hours in text and f"mailto:{VENDOR.mail}" in text
        assert all(f'href="/{other}?lang=' in text for other in PAGES)
    async with world.http.head(f"{world.app_url}/{name}") as probe:
        assert probe.status == 200


@EVERY_PAGE
def test_who_has_named_nobody_promises_nothing(manifest: Manifest, name: str) -> None:
    page = Render.read(manifest, PARTS).part(f"about/{name}.ru.html", "ru", page={}, notice="", here=name)
    assert "пока не указано" in page and "None" not in page


def test_a_vendor_without_english_words_is_named_as_it_is() -> None:
    assert replace(VENDOR, english=("", "", "")).told("en") == replace(VENDOR, english=("", "", ""))
    assert Vendor().told("en") == Vendor()


async def test_a_person_at_a_wrong_address_reads_words_and_a_program_its_code(world: World) -> None:
    for path, status in (("/nope", 404), ("/static/nope.css", 404), ("/frame/token", 405)):
        async with world.http.get(world.app_url + path, headers=HTML) as page:
            assert page.status == status and page.content_type == "text/html"
            assert "Такой страницы нет" in await page.text()
        async with world.http.get(world.app_url + path) as machine:
            assert machine.status == status and await machine.json() == {"code": f"http_{status}"}
    async with world.http.get(f"{world.app_url}/api/v1/nope", headers=HTML) as api:
        assert api.status == 404 and (await api.json())["code"] == "not_found"
