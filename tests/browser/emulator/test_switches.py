"""The control page in a browser: what is not as documented is marked, and a second press puts it back."""

from playwright.async_api import expect

from emulator.model.portal import Portal
from tests.browser.conftest import Shoot
from tests.browser.emulator.world import ADMIN, Guest


async def test_a_difference_that_is_on_is_marked_and_a_second_press_turns_it_off(
    guest: Guest, portal: Portal, shoot: Shoot
) -> None:
    portal.differences.change({"clock_shift": -420})
    await guest.enter(ADMIN)
    await guest.go("/_control/")
    clock, dates, digits, nothing = (
        guest.page.get_by_role("button", name=name)
        for name in (
            "Часы портала отстают на семь минут",
            "Карточки без даты изменения",
            "Фильтр по дате не видит часовой пояс",
            "Фильтр по дате ничего не находит",
        )
    )
    await expect(clock).to_have_attribute("aria-pressed", "true")
    await dates.click()
    await expect(guest.page.get_by_role("status")).to_have_text("Карточки без даты изменения. Сделано")
    await digits.click()
    await expect(digits).to_have_attribute("aria-pressed", "true")
    await nothing.click()
    await expect(nothing).to_have_attribute("aria-pressed", "true")
    await expect(digits).to_have_attribute("aria-pressed", "false")
    await shoot(guest.page, "switches-on-ru-1280")

    await dates.click()
    await expect(guest.page.get_by_role("status")).to_have_text("Карточки без даты изменения. Снова по документации")
    assert dict(portal.differences) == {"clock_shift": -420, "date_filter_zone": "nothing"}
    await guest.page.get_by_role("button", name="Всё по документации").click()
    await expect(clock).to_have_attribute("aria-pressed", "false")
    assert dict(portal.differences) == {}
