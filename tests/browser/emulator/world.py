"""A tiny vendor and two small portals: what the browser tests of the emulator stand on."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import parse_qsl

import uvicorn
from playwright.async_api import Frame, Page
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from emulator.config import EmulatorConfig, PortalConfig
from emulator.crm.entities import Entity
from emulator.model.installs import MarketApp
from emulator.model.people import Department, User
from emulator.model.portal import Notification, Portal
from emulator.run import Emulator, Server, serve
from tests.browser.conftest import ROOT

SDK = ROOT / "node_modules" / "@bitrix24" / "b24jssdk" / "dist" / "umd" / "index.min.js"
CODE = "vendor.care"
ADMIN, HEAD, MANAGER, OTHER, GONE = 1, 2, 3, 4, 5
BOX = "UF_CRM_VERIFY"

PAGE = """<!doctype html><html><head><meta charset="utf-8"><script src="/sdk.js"></script></head>
<body style="margin:0;background:#eff2f4;font:14px sans-serif">
<main style="background:#fff;border-radius:12px;padding:24px">
<h2 style="margin:0 0 8px">PATH</h2><p id="state">…</p></main><script>
window.ready = B24Js.initializeB24Frame().then(async (b24) => {
  window.b24 = b24;
  document.getElementById("state").textContent = b24.placement.placement;
  return true;
});
</script></body></html>"""


@dataclass(slots=True)
class Vendor:
    """The app's own server on its own address. `opens`: every form POST it got, (path, query, body)."""

    url: str
    opens: list[tuple[str, dict[str, str], dict[str, str]]] = field(default_factory=list)
    events: list[dict[str, str]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        if request.url.path == "/events":
            self.events.append(body)
            return PlainTextResponse("")
        self.opens.append((request.url.path, dict(request.query_params), body))
        return HTMLResponse(PAGE.replace("PATH", request.url.path))


@asynccontextmanager
async def vendor() -> AsyncIterator[Vendor]:
    """Run the vendor's server on 127.0.0.1."""
    bound = socket.create_server(("127.0.0.1", 0))
    one = Vendor(f"http://127.0.0.1:{bound.getsockname()[1]}")
    routes = [
        Route("/sdk.js", lambda request: FileResponse(SDK)),
        Route("/{path:path}", one.answer, methods=["GET", "POST", "HEAD"]),
    ]
    server = Server(uvicorn.Config(Starlette(routes=routes), log_level="critical", lifespan="off"))
    task = asyncio.create_task(server.serve(sockets=[bound]))
    yield one
    server.should_exit = True
    await task


@asynccontextmanager
async def portals(app: MarketApp, *, pump: bool = False) -> AsyncIterator[Emulator]:
    """A Russian and an English portal, each with a handful of people and records."""
    config = EmulatorConfig(
        portals=(
            PortalConfig("first", "127.0.0.2:0", "ru", "ТехноПарк Аренда"),
            PortalConfig("acme", "127.0.0.3:0", "en", "Acme Rental"),
        ),
        auth_host="127.0.0.4:0",
        apps=(app,),
        pump=pump,
    )
    async with serve(config) as emulator:
        for portal in emulator.world.portals.values():
            fill(portal)
        yield emulator


def care(url: str) -> MarketApp:
    """An app with an installer in a frame."""
    title = {"ru": "Забота о клиентах", "en": "Client care"}
    scope = ("crm", "placement", "user_basic", "im")
    return MarketApp(CODE, "app.0123456789abcd.00000001", "secret", title, f"{url}/app", f"{url}/install", scope)


def fill(portal: Portal) -> None:
    """People, departments, and records with every kind of field. Contact 1 belongs to company 1, deal 1 to both."""
    ru = portal.lang == "ru"
    _people(portal, ru)
    _fields(portal)
    crm, people = portal.crm, portal.users
    titles = ("ООО «СтройМонтаж»", "АО «Северный мост»") if ru else ("Lakeside Builders Inc.", "Northgate Paving LLC")
    companies = [
        crm.add(
            Entity.COMPANY,
            {
                "TITLE": title,
                "COMPANY_TYPE": "CUSTOMER",
                "PHONE": [{"VALUE": "+7 900 000-01-01"}],
                "UF_CRM_POINTS": 1250,
            },
            people[ADMIN],
        )
        for title in titles
    ]
    names = [("Иван", "Петров"), ("Ольга", "Романова")] if ru else [("John", "Miller"), ("Grace", "Turner")]
    for number in range(25):
        name, last = names[number % 2]
        crm.add(
            Entity.CONTACT,
            {
                "NAME": name,
                "LAST_NAME": last if number < 2 else f"{last}-{number}",
                "PHONE": [{"VALUE": f"+7 900 000-10-{number:02}", "VALUE_TYPE": "MOBILE"}],
                "EMAIL": [{"VALUE": f"client{number}@example.com"}],
                "COMPANY_IDS": [companies[number % 2]],
                "ASSIGNED_BY_ID": MANAGER,
            },
            people[HEAD],
        )
    _deals(portal, ru, companies)
    _past(portal, ru)


def _people(portal: Portal, ru: bool) -> None:
    names = [
        ("Дмитрий", "Орлов", "Администратор портала") if ru else ("James", "Carter", "Portal administrator"),
        ("Анна", "Соколова", "Руководитель филиала") if ru else ("Olivia", "Reed", "Branch director"),
        ("Павел", "Кузнецов", "Менеджер по аренде") if ru else ("Noah", "Brooks", "Rental manager"),
        ("Мария", "Белова", "Старший менеджер") if ru else ("Emma", "Hayes", "Senior manager"),
        ("Олег", "Сидоров", "Менеджер") if ru else ("Peter", "Long", "Manager"),
    ]
    towns = ("Филиал Москва", "Филиал Казань") if ru else ("Chicago branch", "Boston branch")
    portal.departments = {2: Department(2, towns[0], None, HEAD), 3: Department(3, towns[1], None, OTHER)}
    portal.users.clear()
    for number, (name, last, position) in enumerate(names, 1):
        user = User(number, name, last, work_position=position, admin=number == ADMIN, active=number != GONE)
        user.departments = [3] if number == OTHER else [2]
        user.email, user.phone = f"user{number}@example.com", f"+7 900 000-00-{number:02}"
        portal.users[number] = user


def _fields(portal: Portal) -> None:
    labels = {"ru": "Требуется проверка", "en": "Verification needed"}
    hints = {"ru": "Снимите отметку, когда клиент подтверждён", "en": "Untick once the client is confirmed"}
    named = {"EDIT_FORM_LABEL": labels, "HELP_MESSAGE": hints}
    portal.crm.userfields[Entity.CONTACT].add(BOX, "boolean", labels=named)
    custom = portal.crm.userfields[Entity.COMPANY]
    levels = {"EDIT_FORM_LABEL": {"ru": "Уровень", "en": "Level"}}
    options = [custom.new_option(name, 10, False, "") for name in ("Bronze", "Silver")]
    custom.add("UF_CRM_LEVEL", "enumeration", labels=levels, options=options)
    points = {"EDIT_FORM_LABEL": {"ru": "Баллы", "en": "Points"}}
    custom.add("UF_CRM_POINTS", "double", labels=points, edit_in_list=False)


def _deals(portal: Portal, ru: bool, companies: list[int]) -> None:
    stages = [row.status_id for row in portal.crm.books.stages(Entity.DEAL)]
    for number in range(4):
        title = "Аренда экскаватора JCB 3CX, 14 смен" if ru else "JCB 3CX excavator, 14 shifts"
        fields = {
            "TITLE": title,
            "OPPORTUNITY": 48_000 + 1_500 * number,
            "CURRENCY_ID": "RUB" if ru else "USD",
            "STAGE_ID": stages[number],
            "COMPANY_ID": companies[number % 2],
            "CONTACT_IDS": [number + 1],
            "ASSIGNED_BY_ID": MANAGER,
        }
        portal.crm.add(Entity.DEAL, fields, portal.users[MANAGER])
    leads = ("Заявка с сайта", "Звонок в офис") if ru else ("Request from the site", "Call to the office")
    for title in leads:
        portal.crm.add(Entity.LEAD, {"TITLE": title}, portal.users[MANAGER])


def _past(portal: Portal, ru: bool) -> None:
    crm, manager, owner = portal.crm, portal.users[MANAGER], (Entity.CONTACT, 1)
    crm.update(Entity.CONTACT, 1, {"POST": "Главный инженер" if ru else "Chief engineer"}, manager)
    crm.timeline.comment(owner, "Просит звонить [b]после 15:00[/b]" if ru else "Call [b]after 3 pm[/b]", manager, [])
    title = "Клиент вошёл в личный кабинет" if ru else "Client signed in"
    crm.timeline.log(owner, title, "Телефон подтверждён" if ru else "Phone confirmed", "info", portal.users[ADMIN], "")
    subject = "Проверить документы" if ru else "Check the documents"
    crm.timeline.plan(owner, "CRM_TODO", manager, subject=subject, deadline=portal.world.now() + timedelta(hours=4))
    text = (
        "Ждёт проверки: [URL=/crm/contact/details/1/]{}[/URL]" if ru else "Waits: [URL=/crm/contact/details/1/]{}[/URL]"
    )
    name = "Иван Петров" if ru else "John Miller"
    portal.notifications.append(Notification(1, MANAGER, text.format(name), portal.world.now()))


@dataclass(frozen=True, slots=True)
class Guest:
    """A browser page of somebody at a portal."""

    page: Page
    portal: Portal

    async def enter(self, user: int) -> None:
        """Choose who to be, as a person does: on the start page, by name."""
        await self.page.goto(f"{self.portal.url}/?switch=1")
        await self.page.click(f"button[name=user][value='{user}']")
        await self.page.wait_for_url("**/crm/contact/list/")

    async def go(self, path: str) -> None:
        await self.page.goto(self.portal.url + path)

    async def app(self, box: str = ".app-frame") -> Frame:
        """The app's frame inside a box, once its script has spoken to the portal."""
        frame = await inside(self.page, f"{box} iframe")
        await frame.wait_for_function("window.ready")
        await frame.evaluate("window.ready")
        return frame


async def inside(outer: Page | Frame, selector: str) -> Frame:
    """The document of an iframe element."""
    handle = await outer.wait_for_selector(selector)
    frame = await handle.content_frame() if handle else None
    assert frame is not None
    return frame
