"""Who you are, in which language, and what the portal's pages refuse."""

from emulator.crm.entities import Entity
from emulator.model.people import CrmAccess
from emulator.model.portal import Portal
from tests.browser.emulator.world import GONE, HEAD, MANAGER, Guest


async def test_a_person_chooses_who_to_be_and_changes_their_mind(guest: Guest) -> None:
    await guest.enter(MANAGER)
    assert await guest.page.text_content(".head__name") == "Павел Кузнецов"
    await guest.enter(HEAD)
    assert await guest.page.text_content(".head__name") == "Анна Соколова"


async def test_the_dismissed_are_not_offered_and_a_kept_cookie_of_theirs_opens_nothing(guest: Guest) -> None:
    await guest.go("/")
    assert await guest.page.locator(f"button[value='{GONE}']").count() == 0
    await guest.enter(MANAGER)
    guest.portal.users[MANAGER].active = False
    await guest.go("/crm/deal/list/")
    assert guest.page.url.startswith(f"{guest.portal.url}/?next=")


async def test_after_choosing_one_comes_to_the_page_one_wanted(guest: Guest) -> None:
    await guest.go("/crm/deal/details/1/")
    await guest.page.click(f"button[value='{MANAGER}']")
    await guest.page.wait_for_url("**/crm/deal/details/1/")


async def test_the_door_leads_nowhere_outside_the_portal(guest: Guest) -> None:
    await guest.go("/?next=//example.com/")
    await guest.page.click(f"button[value='{MANAGER}']")
    await guest.page.wait_for_url(f"{guest.portal.url}/crm/contact/list/")


async def test_the_language_is_a_persons_own(guest: Guest) -> None:
    await guest.enter(MANAGER)
    await guest.page.click(".head .menu > summary")
    await guest.page.click("button[name=lang][value=en]")
    assert await guest.page.text_content(".list-head h1") == "Contacts"
    assert guest.portal.lang == "ru"


async def test_another_sites_form_changes_nothing(guest: Guest) -> None:
    await guest.enter(MANAGER)
    answer = await guest.page.request.post(
        f"{guest.portal.url}/crm/contact/details/1/delete/", headers={"Origin": "http://127.0.0.1:1"}
    )
    assert answer.status == 403
    assert guest.portal.crm.exists(Entity.CONTACT, 1)


async def test_without_crm_rights_the_portal_says_so(guest: Guest, portal: Portal) -> None:
    await guest.enter(MANAGER)
    portal.users[MANAGER].crm_access = CrmAccess.NONE
    for path in ("/crm/contact/list/", "/crm/contact/details/1/"):
        answer = await guest.page.goto(portal.url + path)
        assert answer is not None
        assert answer.status == 403
