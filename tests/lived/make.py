"""Five weeks of twelve portals, and what is left in the tables when everything stops in the middle of its work.

`python -m tests.lived.make` has written `data/`, once: see the package.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from b24app import embedded
from b24app.cli.failures import settled
from b24app.domain.facts import Kind, Subject
from b24app.domain.membership import Action
from b24app.journeys import client_apps, importing, intents
from b24app.lanes import Lane
from b24app.logs import set_up_logs
from b24app.manifest import read_manifest
from b24app.settings import ROOT
from b24app.store.schema import migrate
from emulator.crm.entities import Entity
from emulator.crm.layouts import Variant
from emulator.faults import FOREVER, Break
from emulator.installs import finish, install, next_version, pay, uninstall, update
from emulator.opening import open_form
from emulator.seed.crowd import grow
from tests.doors.frames import main, members, tab
from tests.lived import database, portals
from tests.lived.opened import NAMES, At, Lived, opened, work_off
from tests.serving import bound
from tests.stories.files import changed, downloaded, exported, goes_and_comes_back, restored, sent, settings, uploaded
from tests.world import CHECK, STATUS, Killed
from workers.at_once import me
from workers.chores import fetch_offline_one, import_one, look_at, prove_removal, sweep_one
from workers.files import carry_files
from workers.inbox import drain_portal
from workers.outbox import drain_outbox

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
MANY = 10_000
MAIN = {"name": "main", "title": "О компании", "type": "section", "elements": [{"name": "TITLE"}]}
OWN = {"name": "own", "title": "Кабинет", "type": "section", "elements": [{"name": CHECK}, {"name": STATUS}]}


class Life:
    """What happened, in order. `keys`: of client apps, by name; `people`: contacts of the first portal by name;
    `nobody`: an address where nobody listens."""

    def __init__(self, lived: Lived) -> None:
        self.lived, self.world, self.emulated = lived, lived.world, lived.world.emulator.world
        self.first = lived.at("first")
        self.keys: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}
        self.people: dict[str, int] = {}
        self.nobody = ""

    async def run(self) -> None:
        await self.everybody_installs()
        await self.client_apps_come()
        await self.people_decide()
        await self.cards_go()
        await self.weeks_go_by()
        await self.the_first_is_busy()
        await self.others_are_busy()
        await self.nobody_looks()
        await self.portals_fall_silent()
        await self.files_are_at_hand()
        await self.everything_stops()

    # --- five weeks --------------------------------------------------------------------------------------------------

    async def everybody_installs(self) -> None:
        self.view("first", COMPANY, MAIN)
        self.view("watched", COMPANY, MAIN)
        self.view("watched", CONTACT, MAIN, OWN)
        for name in NAMES:
            at = self.lived.at(name)
            company = at.add_company(f"ООО «{name.title()}»")
            for person in ("Илья", "Вера", "Пётр"):
                at.add_contact(company, name=person)
            at.add_contact(name="Нина")
            at.add_requisite(COMPANY, company)
            if name != "installing":
                await at.install()
        at = self.lived.at("installing")
        installation = install(at.portal, at.market_app, at.admin())
        assert (await at.open(installation, at.admin())).status == 200

    def view(self, name: str, entity: Entity, *sections: dict[str, Any]) -> None:
        self.lived.at(name).portal.crm.layouts.set(Variant(entity.type_id), "C", 0, list(sections))

    async def client_apps_come(self) -> None:
        first, shops = self.first, self.lived.shops
        for name in ("first", "flaky", "full"):
            self.keys[name] = await first.subscribe(receiver=shops[name])
            (one,) = (await first.api("GET", "/endpoints", self.keys[name])).json()["data"]
            self.endpoints[name] = one["id"]
        self.keys["second"] = await self.lived.at("second").subscribe(receiver=shops["second"])
        for name in ("watched", "idle", "orphaned", "unpaid", "removed", "leaving", "doubted", "owed"):
            shops["others"].secret = ""
            self.keys[name] = await self.lived.at(name).subscribe(receiver=shops["others"])
        shops["others"].secret = ""  # several endpoints: nothing is verified there
        changes = {"description": "Личный кабинет", "event_types": ["membership.verification_changed"]}
        path = f"/endpoints/{self.endpoints['flaky']}"
        assert (await first.api("PATCH", path, self.keys["flaky"], changes)).status == 200
        row = await first.row()
        away = await client_apps.create(self.world.resources, row.id, "Старый кабинет")
        await client_apps.new_key(self.world.resources, row.id, away.app.id)
        await client_apps.revoke(self.world.resources, row.id, away.app.id)
        opened = await main(first, first.admin())
        looked = await opened.call("/frame/layout/preview", view="company")
        mark = looked.json()["html"].split('name="mark" value="')[1].split('"')[0]
        assert (await opened.call("/frame/layout/add", view="company", mark=mark)).status == 200

    async def people_decide(self) -> None:
        """Each reason and each way to know who it was."""
        at, crm, admin, people = self.first, self.first.portal.crm, self.first.admin(), self.people
        kran, lift = at.add_company("ООО «Кран»"), at.add_company("ООО «Подъём»")
        for name in ("Анна", "Борис", "Вадим", "Галина", "Денис", "Елена", "Жанна", "Зоя", "Игорь", "Кира", "Мария"):
            people[name] = at.add_contact(kran, name=name, last_name="Орлова")
        at.add_requisite(COMPANY, kran, "7705500011")
        await at.settle()
        for name in ("Анна", "Борис", "Вадим", "Галина"):
            at.tick(CONTACT, people[name])
        at.tick_by_robot(CONTACT, people["Денис"])
        await at.settle()
        at.tick(CONTACT, people["Анна"], ticked=False)
        await at.settle()
        await self.presses(at, people["Борис"], "confirm", "Директор, звонила")
        await self.presses(at, people["Вадим"], "confirm")
        await self.presses(at, people["Вадим"], "recheck", "Сменил телефон")
        self.emulated.faults.events.lose_next = 1
        at.tick(CONTACT, people["Елена"])
        await self.emulated.deliver()
        at.pass_time(minutes=6)
        await at.rescan()
        refused = at.portal.crm.userfields[CONTACT].get(STATUS)
        assert refused
        option = next(one.id for one in refused.options if one.value == "Отказано")
        shown: dict[str, Any] = {STATUS: option}
        at.add_contact(kran, name="Лев", last_name="Белый", **shown)
        for name in ("Жанна", "Зоя"):
            crm.update(CONTACT, people[name], {"COMPANY_IDS": [lift]}, admin)
        await at.settle()
        crm.update(CONTACT, people["Зоя"], {"COMPANY_IDS": [kran, lift]}, admin)
        await at.settle()

    async def presses(self, at: At, contact: int, action: str, note: str = "") -> None:
        page = await tab(at, "contact", contact)
        assert (await page.press(action, members(page.html)[0], note)).status == 200
        await at.settle()

    async def cards_go(self) -> None:
        """Deleted for good, merged, brought back."""
        at, crm, admin, people = self.first, self.first.portal.crm, self.first.admin(), self.people
        crm.delete(CONTACT, people["Игорь"], admin)
        kran = crm.links.companies(people["Кира"])[0]
        twin = at.add_contact(kran, name="Кира", last_name="Орлова")
        at.tick(CONTACT, twin)
        await at.settle()
        crm.merge(CONTACT, people["Кира"], twin, admin)
        await at.settle()
        old, new = at.add_company("ООО «Башня»"), at.add_company("ООО «Башня-2»")
        person = at.add_contact(old, name="Ольга", last_name="Снег")
        for one in (old, new):
            at.add_requisite(COMPANY, one, "7705500028")
        await at.settle()
        crm.merge(COMPANY, new, old, admin)
        await at.settle()
        at.tick(CONTACT, person)
        await at.settle()
        crm.delete(CONTACT, person, admin)
        await at.settle()
        crm.restore(max(crm.bin), admin)
        await at.settle()

    async def weeks_go_by(self) -> None:
        """One receiver is down for days, one says that it is gone; an app is removed with its data, and erased."""
        at, shops = self.first, self.lived.shops
        shops["full"].answers, shops["flaky"].answers = [410], [503] * 60
        gone = self.lived.at("gone")
        await gone.uninstall(gone.installation(), clean=True)
        for contact in (1, 2, 3):
            at.tick(CONTACT, contact)
        for days in (*[1.25] * 12, 10, 10):
            await work_off(at)
            at.pass_time(days=days)
        shops["flaky"].answers = []
        for contact in (1, 2, 3):
            at.tick(CONTACT, contact, ticked=False)
        await work_off(at)

    # --- the last days -----------------------------------------------------------------------------------------------

    async def the_first_is_busy(self) -> None:
        """Files, a check of the connection, endpoints that come and go, news asked for again, cards given up."""
        at, shops, key = self.first, self.lived.shops, self.keys["first"]
        opened = await settings(at)
        set_up = await opened.call("/frame/export/weekly", url=_files(shops["files"].url))
        shops["files"].secret = _secret(set_up.json()["html"])
        assert (await opened.call("/frame/check")).status == 200
        await work_off(at)
        socket, self.nobody = bound("127.0.0.5")
        socket.close()
        made = await at.api("POST", "/endpoints", key, {"url": f"http://{self.nobody}/webhooks"})
        await drain_outbox(at.resources, 5)
        assert (await at.api("DELETE", f"/endpoints/{made.json()['id']}", key)).status == 204
        await at.settle()
        rotated = await at.api("POST", f"/endpoints/{self.endpoints['first']}/rotate-secret", key)
        shops["first"].secret = rotated.json()["secret"]
        await self.asks_again(at)
        await at.settle()
        await self.presses(at, self.people["Галина"], "confirm", "Договор есть")
        company = at.add_company("ООО «Пена»")
        at.add_requisite(COMPANY, company, "7705500059")
        await at.settle()
        at.portal.crm.delete(COMPANY, company, at.admin())
        await at.settle()
        await self.given_up(at)

    async def asks_again(self, at: At) -> None:
        """For a delivery that was given up, oldest first."""
        path = f"/endpoints/{self.endpoints['flaky']}/deliveries?state=exhausted"
        lost = (await at.api("GET", path, self.keys["flaky"])).json()["data"]
        assert (await at.api("POST", f"/deliveries/{lost[-1]['id']}/resend", self.keys["flaky"])).status == 202

    async def given_up(self, at: At) -> None:
        """The portal refuses for longer than we are patient: one row is closed, the others are left for people."""
        broken = self.emulated.faults.add(Break.NUMERIC_ERROR, FOREVER, host=at.portal.host, method="batch")
        for contact in (2, 3, 4):
            self.edit(at, contact)
        await self.emulated.deliver()
        row = await at.row()
        for _ in range(7):
            await drain_portal(at.resources, row.id, Lane.BULK)
            at.pass_time(hours=1)
        self.emulated.faults.requests.remove(broken)
        rows = [int(one.split()[0]) for one in await settled(at.resources, row, (), retry=False, close=False)]
        assert len(rows) == 3, rows
        await settled(at.resources, row, rows[:1], retry=False, close=True)

    async def others_are_busy(self) -> None:
        """One begins to watch, one sends its files, one goes, comes back, restores its file and is read again."""
        watched, idle, doubted = (self.lived.at(name) for name in ("watched", "idle", "doubted"))
        await watched.mode("watch")
        watched.tick(CONTACT, 1)
        opened = await settings(idle)
        set_up = await opened.call("/frame/export/weekly", url=_files(self.lived.shops["archive"].url))
        self.lived.shops["archive"].secret = _secret(set_up.json()["html"])
        doubted.tick(CONTACT, 1)
        await work_off(doubted)
        await self.presses(doubted, 1, "confirm", "Знаком лично")
        file = await exported(doubted)
        await goes_and_comes_back(doubted, doubted.installation())
        await restored(doubted, file)
        await doubted.mode("off")
        self.emulated.faults.events.lose_next = 1
        doubted.portal.crm.requisites.update(1, {"RQ_KPP": "770501001"}, doubted.admin())
        await self.emulated.deliver()
        await doubted.mode("on")
        await work_off(doubted)

    async def nobody_looks(self) -> None:
        """Every event is lost, and the sweep of the night finds what it would have told."""
        at, crm, admin, people = self.first, self.first.portal.crm, self.first.admin(), self.people
        self.emulated.faults.events.lose_next = MANY
        company = at.add_company("ООО «Новая»")
        at.add_contact(company, name="Новый")
        at.add_requisite(COMPANY, company, "7705500035")
        crm.update(CONTACT, people["Денис"], {"COMPANY_IDS": []}, admin)
        crm.delete(CONTACT, people["Мария"], admin)
        at.tick(CONTACT, people["Анна"])
        await self.events_are_lost(at)
        at.pass_time(minutes=6)
        await at.ask_sweep()
        await work_off(at)

    async def events_are_lost(self, at: At) -> None:
        """Also those that the portal kept for us."""
        await self.emulated.deliver()
        self.emulated.faults.clear()
        at.installation().offline.rows.clear()

    async def portals_fall_silent(self) -> None:
        """Removed, to be erased by now, without a token; set-up that could not be finished."""
        for name, clean in (("removed", False), ("leaving", True)):
            at = self.lived.at(name)
            await self.news_waits(at)
            self.edit(at, 2)
            await self.emulated.deliver()
            uninstall(at.installation(), at.admin(), clean=clean)
            await self.emulated.deliver()
            assert await prove_removal(at.resources, (await at.row()).id)
        self.world.pass_time(days=1)
        at = self.lived.at("owed")
        file = changed(await exported(at), b'"contact_id":1', b'"contact_id":2')
        assert await sent(await settings(at), file) is None
        away = self.emulated.faults.add(Break.HTML, FOREVER, host=at.portal.host, method="batch")
        update(at.installation(), next_version(at.market_app), at.admin())
        await self.emulated.deliver()
        self.emulated.faults.requests.remove(away)
        finish(at.installation(), at.admin())
        assert (await at.row()).report.get("owed")

    async def news_waits(self, at: At) -> None:
        """A tick whose news nobody takes."""
        others = self.lived.shops["others"]
        others.answers = [500]
        at.tick(CONTACT, 1)
        await self.emulated.deliver()
        await drain_portal(at.resources, (await at.row()).id, Lane.BULK)
        await drain_outbox(at.resources, 5)
        assert others.answers == []

    def edit(self, at: At, contact: int) -> None:
        """Somebody edits a card, and nothing of ours is meant."""
        post = at.portal.crm.tables[CONTACT].rows[contact].get("POST")
        at.portal.crm.update(CONTACT, contact, {"POST": "Прораб" if post != "Прораб" else "Инженер"}, at.manager())

    async def files_are_at_hand(self) -> None:
        """Everything that needs the workers once more, before they stop."""
        at = self.first
        portals.EXPORT.write_bytes(await exported(at))
        for name in ("watched", "idle", "orphaned", "unpaid"):
            await exported(self.lived.at(name))
        await uploaded(at, portals.EXPORT.read_bytes())
        at.tick(CONTACT, 2)
        self.lived.at("unpaid").tick(CONTACT, 1)
        await at.settle()
        orphaned = self.lived.at("orphaned")
        opened = await settings(orphaned)
        preview = await uploaded(orphaned, await downloaded(orphaned, opened), opened)
        (restore,) = {part.split('"')[0] for part in preview.split('name="restore" value="')[1:]}
        assert (await opened.call("/frame/restore/apply", restore=restore)).status == 200
        for _ in range(2):  # the next press gives the first one up
            at.pass_time(minutes=5)
            await self.killed(at, "button.stated", self.press, at, 2)

    async def press(self, at: At, contact: int) -> None:
        """As the tab's button does."""
        page = await tab(at, "contact", contact)
        token = self.emulated.auth.issue(at.installation(), at.manager()).access_token
        membership, subject = UUID(members(page.html)[0]), Subject(Kind.CONTACT, contact)
        await intents.press(at.resources, await at._viewer(), token, subject, membership, Action.CONFIRM, "Позвонить")

    async def killed(self, at: At, point: str, job: Any, *arguments: Any) -> None:
        """A worker dies there, with its claims."""
        at.failpoints.armed = {point}
        with suppress(Killed):
            await job(*arguments)
        assert not at.failpoints.armed, f"{point} was not passed"

    # --- the last minutes --------------------------------------------------------------------------------------------

    async def everything_stops(self) -> None:
        """From here on nobody takes up what has begun."""
        stops = {"second": self.second, "doubted": self.doubted, "orphaned": self.orphaned, "watched": self.watched}
        stops |= {"idle": self.idle, "unpaid": self.unpaid, "first": self.busiest}
        for name, stop in stops.items():
            at = self.lived.at(name)
            await stop(at, (await at.row()).id)
        await self.world.resources.calls.flush(self.world.resources)

    async def orphaned(self, at: At, id: int) -> None:
        """Its file is being put back; its last token dies."""
        await self.killed(at, "restore.slice", carry_files, at.resources, id)
        self.edit(at, 2)
        await self.emulated.deliver()
        self.emulated.auth.revoke_refresh(at.installation())
        self.emulated.auth.expire_access(at.installation())
        await drain_portal(at.resources, id, Lane.BULK)
        assert (await at.row()).state == "needs_admin"

    async def unpaid(self, at: At, id: int) -> None:
        """A file being weighed, news on its way, and a button whose meaning waits until it is paid."""
        opened = await settings(at)
        assert await sent(opened, await downloaded(at, opened)) is None
        await self.killed(at, "restore.slice", carry_files, at.resources, id)
        others = self.lived.shops["others"]
        others.answers = [500]
        at.tick(CONTACT, 4)
        await self.emulated.deliver()
        await drain_portal(at.resources, id, Lane.BULK)
        await drain_outbox(at.resources, 5)
        assert others.answers == []
        page = await tab(at, "contact", 1)
        assert (await page.press("confirm", members(page.html)[0], "Договор есть")).status == 200
        await self.emulated.deliver()
        pay(at.installation(), expired=True)
        await drain_portal(at.resources, id, Lane.BULK)
        await look_at(at.resources, id)
        assert (await at.row()).state == "unpaid"

    async def watched(self, at: At, id: int) -> None:
        """A file half uploaded, a sweep that somebody asked for half done, a decision waiting to be seen."""
        opened = await settings(at)
        file = await downloaded(at, opened)
        begun = (await opened.call("/frame/restore")).json()
        data = b64encode(file[:300]).decode()
        assert (await opened.call("/frame/restore/part", **begun, number=0, data=data)).status == 200
        await at.ask_sweep()
        await self.killed(at, "sweep.page", sweep_one, at.resources, id)
        at.tick(CONTACT, 3)
        await self.emulated.deliver()

    async def idle(self, at: At, id: int) -> None:
        """A file that its address did not take and one to look into; the module off: an event nobody reads, a check
        nobody took up."""
        opened = await settings(at)
        self.lived.shops["archive"].answers = [500]
        assert (await opened.call("/frame/export/weekly/now")).status == 200
        await carry_files(at.resources, id)
        assert self.lived.shops["archive"].answers == []
        assert await sent(opened, await downloaded(at, opened)) is None
        await at.mode("off")
        self.edit(at, 2)
        await self.emulated.deliver()
        assert (await opened.call("/frame/check")).status == 200

    async def second(self, at: At, id: int) -> None:
        """Off and on again, its CRM has grown meanwhile, and three workers die while they read it; an export half
        made."""
        await at.mode("off")
        grow(at.portal, 55, 60)
        await at.mode("on")
        group, importing.GROUP = importing.GROUP, 50
        for _ in range(3):
            await self.killed(at, "import.page", import_one, at.resources, id)
            at.pass_time(seconds=61)
        importing.GROUP = group
        assert (await (await settings(at)).call("/frame/export")).status == 200
        await self.killed(at, "export.slice", carry_files, at.resources, id)

    async def doubted(self, at: At, id: int) -> None:
        """An employee says that the app was removed, and the auth server could not be asked."""
        away = self.emulated.faults.add(Break.ERROR_500, FOREVER, host=self.emulated.auth_host)
        token = dict(open_form(at.installation(), at.manager()).fields)["APPLICATION_TOKEN"]
        auth = {"auth[member_id]": at.portal.member_id, "auth[application_token]": token}
        form = {"event": "ONAPPUNINSTALL", "data[CLEAN]": "1", **auth}
        async with at.http.post(f"{at.app_url}/bitrix/events", data=form) as answer:
            assert answer.status == 200
        assert await prove_removal(at.resources, id)
        self.emulated.faults.requests.remove(away)

    async def busiest(self, at: At, id: int) -> None:
        """Nothing of the portal's is left to fetch but the last events; then each kind of work, in both lanes."""
        crm, shops = at.portal.crm, self.lived.shops
        await fetch_offline_one(at.resources, id)
        await drain_portal(at.resources, id, Lane.BULK)
        shops["first"].answers, shops["shy"].answers = [500], [500]
        at.tick(CONTACT, self.people["Жанна"])
        await self.emulated.deliver()
        await drain_portal(at.resources, id, Lane.BULK)
        await drain_outbox(at.resources, 5)
        assert shops["first"].answers == []
        await self.asks_again(at)
        body = {"url": shops["shy"].url}
        made = await at.api("POST", "/endpoints", self.keys["first"], body, **{"Idempotency-Key": "shy"})
        shops["shy"].secret = made.json()["secret"]
        assert (await (await settings(at)).call("/frame/export/weekly/now")).status == 200
        await self.killed(at, "export.slice", carry_files, at.resources, id)
        self.emulated.faults.events.lose_next = MANY
        at.add_contact(name="Никто", last_name="Не видел")
        at.add_requisite(COMPANY, 1, "7705500042")
        await self.events_are_lost(at)
        at.pass_time(minutes=6)
        await at.ask_sweep()
        await sweep_one(at.resources, id)
        self.edit(at, self.people["Анна"])
        await self.emulated.deliver()
        await self.killed(at, "verification.read", drain_portal, at.resources, id, Lane.INTERACTIVE)
        self.edit(at, self.people["Вадим"])
        crm.requisites.update(1, {"RQ_KPP": "770501001"}, at.admin())
        await self.emulated.deliver()


def _files(url: str) -> str:
    return url.replace("/webhooks", "/files")


def _secret(html: str) -> str:
    return html.split('id="new-secret" value="')[1].split('"')[0]


async def _known(lived: Lived) -> set[str]:
    """Tokens that the app keeps, as the portal gave them out."""
    sealed = await database.rows(
        lived.server,
        "SELECT access FROM tokens UNION SELECT refresh FROM tokens UNION SELECT access FROM viewer_sessions"
        " UNION SELECT token FROM inbox WHERE token IS NOT NULL",
    )
    return {lived.world.resources.vault.open(token) for (token,) in sealed}


async def make(server: embedded.Postgres, redis_url: str) -> None:
    async with opened(server, redis_url, read_manifest(ROOT / "app.yaml")) as lived:
        emulated = lived.world.emulator.world
        emulated.offset = BEGAN - datetime.now(UTC)
        life = Life(lived)
        await life.run()
        assert emulated.crashes == [] and emulated.warnings == [], (emulated.crashes, emulated.warnings)
        text = await database.dump(
            server, emulated.now(), lived.hosts() | {"worker.test:1": me(), "nobody.shop.test": life.nobody}
        )
        database.FILE.write_text(text, "utf-8")
        portals.write(lived, await _known(lived), life.keys)


if __name__ == "__main__":
    set_up_logs(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with embedded.postgres(home, durable=False) as started, embedded.redis(home) as url:
            migrate(started.url(embedded.OWNER), started.url())
            asyncio.run(make(started, url))
