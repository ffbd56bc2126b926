"""Five weeks of twelve portals, and what is left in the tables when everything stops in the middle of its work.

`python -m tests.lived.make` has written `data/`, once: see the package.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
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
from tests.doors.frames import Frame, main, members, tab
from tests.lived import database, portals
from tests.lived.opened import NAMES, At, Lived, opened, work_off
from tests.stories.files import changed, downloaded, exported, restored, sent, settings, uploaded
from tests.world import CHECK, STATUS, Killed
from workers.chores import fetch_offline_one, import_one, look_at, prove_removal, rescan_one, sweep_one
from workers.files import carry_files
from workers.inbox import drain_portal
from workers.outbox import drain_outbox

BEGAN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONTACT, COMPANY = Entity.CONTACT, Entity.COMPANY
EXPORT = database.FILE.parent / "export.jsonl.gz"
MANY = 10_000
MAIN = {"name": "main", "title": "О компании", "type": "section", "elements": [{"name": "TITLE"}]}
OWN = {"name": "own", "title": "Кабинет", "type": "section", "elements": [{"name": CHECK}, {"name": STATUS}]}


class Life:
    """What happened, in order. `keys`: of client apps, by name."""

    def __init__(self, lived: Lived) -> None:
        self.lived, self.world, self.emulated = lived, lived.world, lived.world.emulator.world
        self.keys: dict[str, str] = {}
        self.endpoints: dict[str, str] = {}
        self.first = lived.at("first")

    async def run(self) -> None:
        await self.everybody_installs()
        await self.client_apps_come()
        await self.people_decide()
        await self.weeks_go_by()
        await self.a_day_like_any_other()
        await self.nobody_looks()
        await self.portals_fall_silent()
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
        for name in ("watched", "unpaid", "leaving"):
            await self.lived.at(name).settle()

    def view(self, name: str, entity: Entity, *sections: dict[str, Any]) -> None:
        self.lived.at(name).portal.crm.layouts.set(Variant(entity.type_id), "C", 0, list(sections))

    async def client_apps_come(self) -> None:
        first = self.first
        for shop in ("first", "flaky", "full"):
            self.keys[shop] = await first.subscribe(receiver=self.lived.shops[shop])
        self.keys["second"] = await self.lived.at("second").subscribe(receiver=self.lived.shops["second"])
        for name in ("unpaid", "removed", "leaving", "owed"):
            await self.subscribed(name)
        key = self.keys["first"]
        answer = await first.api("POST", "/endpoints", key, {"url": f"{self.lived.shops['first'].url}?second"})
        extra = answer.json()["id"]
        await first.settle()
        assert (await first.api("DELETE", f"/endpoints/{extra}", key)).status == 204
        for shop in ("first", "flaky", "full"):
            (one,) = (await first.api("GET", "/endpoints", self.keys[shop])).json()["data"]
            self.endpoints[shop] = one["id"]
        changes = {"description": "Личный кабинет", "event_types": ["membership.verification_changed"]}
        assert (await first.api("PATCH", f"/endpoints/{self.endpoints['flaky']}", self.keys["flaky"], changes)).status
        row = await first.row()
        away = await client_apps.create(self.world.resources, row.id, "Старый кабинет")
        await client_apps.new_key(self.world.resources, row.id, away.app.id)
        await client_apps.revoke(self.world.resources, row.id, away.app.id)
        opened = await main(first, first.admin())
        looked = await opened.call("/frame/layout/preview", view="company")
        mark = looked.json()["html"].split('name="mark" value="')[1].split('"')[0]
        assert (await opened.call("/frame/layout/add", view="company", mark=mark)).status == 200

    async def subscribed(self, name: str) -> None:
        """A client app of another portal that has its news sent to the first one's receiver."""
        at = self.lived.at(name)
        shop = self.lived.shops["first"]
        secret, shop.secret = shop.secret, ""
        self.keys[name] = await at.subscribe(receiver=shop)
        shop.secret = secret

    async def people_decide(self) -> None:
        """Each reason and each way to know who it was."""
        at, crm, admin = self.first, self.first.portal.crm, self.first.admin()
        kran, lift = at.add_company("ООО «Кран»"), at.add_company("ООО «Подъём»")
        names = ("Анна", "Борис", "Вадим", "Галина", "Денис", "Елена", "Жанна", "Зоя", "Игорь", "Кира")
        anna, boris, vadim, galina, denis, elena, zhanna, zoya, igor, kira = (
            at.add_contact(kran, name=one, last_name="Орлова") for one in names
        )
        at.add_requisite(COMPANY, kran, "7705500011")
        await at.settle()
        for one in (anna, boris, vadim, galina):
            at.tick(CONTACT, one)
        at.tick_by_robot(CONTACT, denis)
        await at.settle()
        at.tick(CONTACT, anna, ticked=False)
        await at.settle()
        for one, note in ((boris, "Директор, звонила"), (vadim, "")):
            page = await tab(at, "contact", one)
            assert (await page.press("confirm", members(page.html)[0], note)).status == 200
        await at.settle()
        page = await tab(at, "contact", vadim)
        assert (await page.press("recheck", members(page.html)[0], "Сменил телефон")).status == 200
        await at.settle()
        self.emulated.faults.events.lose_next = 1
        at.tick(CONTACT, elena)
        await self.emulated.deliver()
        at.pass_time(minutes=6)
        await at.rescan()
        at.add_contact(kran, name="Лев", last_name="Белый", **{STATUS: self.option(at, "Отказано")})
        crm.update(CONTACT, zhanna, {"COMPANY_IDS": [lift]}, admin)
        crm.update(CONTACT, zoya, {"COMPANY_IDS": [lift]}, admin)
        await at.settle()
        crm.update(CONTACT, zoya, {"COMPANY_IDS": [kran, lift]}, admin)
        await at.settle()
        await self.cards_go(at, igor, kira, kran)

    def option(self, at: At, text: str) -> int:
        field = at.portal.crm.userfields[CONTACT].get(STATUS)
        assert field
        return next(one.id for one in field.options if one.value == text)

    async def cards_go(self, at: At, igor: int, kira: int, kran: int) -> None:
        crm, admin = at.portal.crm, at.admin()
        crm.delete(CONTACT, igor, admin)  # and never comes back
        twin = at.add_contact(kran, name="Кира", last_name="Орлова")
        at.tick(CONTACT, twin)
        await at.settle()
        crm.merge(CONTACT, kira, twin, admin)
        await at.settle()
        old, new = at.add_company("ООО «Башня»"), at.add_company("ООО «Башня-2»")
        person = at.add_contact(old, name="Мария", last_name="Снег")
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
        """One receiver is down for weeks, one says that it is gone; an app is removed with its data, and erased."""
        at = self.first
        self.lived.shops["full"].answers = [410]
        self.lived.shops["flaky"].answers = [503] * 60
        gone = self.lived.at("gone")
        await gone.uninstall(gone.installation(), clean=True)
        contacts = at.portal.crm.tables[CONTACT].ids
        at.tick(CONTACT, contacts[0])
        for days in (*[1.25] * 12, 10, 10):
            await work_off(at)
            at.pass_time(days=days)
        self.lived.shops["flaky"].answers = []
        at.tick(CONTACT, contacts[0], ticked=False)
        await work_off(at)

    async def a_day_like_any_other(self) -> None:
        """The files, a check of the connection, news that was given up."""
        at, key = self.first, self.keys["first"]
        opened = await settings(at)
        set_up = await opened.call("/frame/export/weekly", url=self.files("files"))
        self.lived.shops["files"].secret = _secret(set_up.json()["html"])
        assert (await opened.call("/frame/check")).status == 200
        await work_off(at)
        await work_off(at)
        rotated = await at.api("POST", f"/endpoints/{self.endpoints['first']}/rotate-secret", key)
        self.lived.shops["first"].secret = rotated.json()["secret"]
        await self.unread_and_closed(at)
        watched = self.lived.at("watched")
        await watched.mode("watch")
        watched.tick(CONTACT, watched.portal.crm.tables[CONTACT].ids[0])
        idle = self.lived.at("idle")
        opened = await settings(idle)
        set_up = await opened.call("/frame/export/weekly", url=self.files("archive"))
        self.lived.shops["archive"].secret = _secret(set_up.json()["html"])
        await work_off(at)

    def files(self, shop: str) -> str:
        return self.lived.shops[shop].url.replace("/webhooks", "/files")

    async def unread_and_closed(self, at: At) -> None:
        """The portal breaks on two cards for as long as we are patient: one row is closed, one is left for people."""
        first, second, third = at.portal.crm.tables[CONTACT].ids[1:4]
        self.emulated.faults.add(Break.NUMERIC_ERROR, FOREVER, host=at.portal.host, method="batch")
        for one in (first, second, third):
            at.portal.crm.update(CONTACT, one, {"POST": "Прораб"}, at.manager())
        await self.emulated.deliver()
        for _ in range(7):
            await drain_portal(at.resources, (await at.row()).id, Lane.BULK)
            at.pass_time(hours=1)
        self.emulated.faults.clear()
        row = await at.row()
        rows = [int(one.split()[0]) for one in await settled(at.resources, row, (), retry=False, close=False)]
        assert len(rows) == 3, rows
        await settled(at.resources, row, rows[:1], retry=False, close=True)

    # --- the last hour -----------------------------------------------------------------------------------------------

    async def nobody_looks(self) -> None:
        """Events get lost, and the sweep of the night finds it; then the night's other sweep is cut off."""
        at, crm, admin = self.first, self.first.portal.crm, self.first.admin()
        self.emulated.faults.events.lose_next = MANY
        company = at.add_company("ООО «Новая»")
        at.add_contact(company, name="Новый")
        at.add_requisite(COMPANY, company, "7705500035")
        crm.delete(CONTACT, at.add_contact(company, name="Мимо"), admin)
        crm.update(CONTACT, crm.tables[CONTACT].ids[4], {"COMPANY_IDS": []}, admin)
        crm.delete(CONTACT, crm.tables[CONTACT].ids[5], admin)
        at.tick(CONTACT, crm.tables[CONTACT].ids[6])
        await self.emulated.deliver()
        self.emulated.faults.clear()
        at.pass_time(minutes=6)
        at.installation().offline.rows.clear()
        await at.ask_sweep()
        await work_off(at)
        await work_off(at)

    async def portals_fall_silent(self) -> None:
        """The states a portal can be in, each with something that waits for it; a day passes within."""
        for name, clean in (("removed", False), ("leaving", True)):
            at = self.lived.at(name)
            await self.news_waits(at)
            uninstall(at.installation(), at.admin(), clean=clean)
            await self.emulated.deliver()
            assert await prove_removal(at.resources, (await at.row()).id)
        self.world.pass_time(days=1)
        at = self.lived.at("orphaned")
        file = await exported(at)
        await self.half_applied(at, file)
        self.change(at)
        await self.emulated.deliver()
        self.emulated.auth.revoke_refresh(at.installation())
        self.emulated.auth.expire_access(at.installation())
        await drain_portal(at.resources, (await at.row()).id, Lane.BULK)
        assert (await at.row()).state == "needs_admin"
        await self.unpaid()
        await self.owed()

    async def news_waits(self, at: At) -> None:
        """A tick whose news nobody takes."""
        shop = self.lived.shops["first"]
        shop.answers = [500]
        at.tick(CONTACT, at.portal.crm.tables[CONTACT].ids[0])
        await self.emulated.deliver()
        await drain_portal(at.resources, (await at.row()).id, Lane.BULK)
        await drain_outbox(at.resources, 5)
        assert shop.answers == []

    def change(self, at: At, place: int = 1) -> int:
        """Somebody edits a card, and nothing of ours is meant."""
        contact = at.portal.crm.tables[CONTACT].ids[place]
        at.portal.crm.update(CONTACT, contact, {"POST": "Главный инженер"}, at.manager())
        return contact

    async def half_applied(self, at: At, file: bytes) -> None:
        opened = await settings(at)
        preview = await uploaded(at, file, opened)
        (restore,) = {part.split('"')[0] for part in preview.split('name="restore" value="')[1:]}
        assert (await opened.call("/frame/restore/apply", restore=restore)).status == 200
        await self.killed(at, "restore.slice", carry_files, at.resources, (await at.row()).id)

    async def killed(self, at: At, point: str, job: Any, *arguments: Any) -> None:
        """A worker dies there, with its claims."""
        at.failpoints.armed = {point}
        with suppress(Killed):
            await job(*arguments)
        assert not at.failpoints.armed, f"{point} was not passed"

    async def unpaid(self) -> None:
        at = self.lived.at("unpaid")
        file = await exported(at)
        opened = await settings(at)
        assert await sent(opened, file) is None
        await self.killed(at, "restore.slice", carry_files, at.resources, (await at.row()).id)
        contact = at.portal.crm.tables[CONTACT].ids[0]
        at.tick(CONTACT, contact)
        await at.settle()
        page = await tab(at, "contact", contact)
        assert (await page.press("confirm", members(page.html)[0], "Договор есть")).status == 200
        await self.emulated.deliver()
        pay(at.installation(), expired=True)
        await drain_portal(at.resources, (await at.row()).id, Lane.BULK)
        await look_at(at.resources, (await at.row()).id)
        assert (await at.row()).state == "unpaid"

    async def owed(self) -> None:
        at = self.lived.at("owed")
        refused = changed(await exported(at), b'"contact_id":1', b'"contact_id":2')
        await sent(await settings(at), refused)
        await at.settle()
        break_ = self.emulated.faults.add(Break.HTML, FOREVER, host=at.portal.host, method="batch")
        update(at.installation(), next_version(at.market_app), at.admin())
        await self.emulated.deliver()
        self.emulated.faults.requests.remove(break_)
        finish(at.installation(), at.admin())
        assert (await at.row()).report.get("owed")

    async def everything_stops(self) -> None:
        """From here on nobody takes up what has begun."""
        await self.files_wait()
        await self.intents_wait()
        doubted = self.lived.at("doubted")
        await restored(doubted, await exported(doubted))
        await self.second()
        await self.watched()
        await self.doubted()
        await self.idle()
        await self.first_stops()
        await self.world.resources.calls.flush(self.world.resources)

    async def files_wait(self) -> None:
        at = self.first
        file = await exported(at)
        EXPORT.write_bytes(file)
        await uploaded(at, file)
        watched = self.lived.at("watched")
        begun = (await (await settings(watched)).call("/frame/restore")).json()
        opened = await settings(watched)
        data = b64encode(file[:300]).decode()
        assert (await opened.call("/frame/restore/part", **begun, number=0, data=data)).status == 200
        at = self.lived.at("second")
        assert (await (await settings(at)).call("/frame/export")).status == 200
        await self.killed(at, "export.slice", carry_files, at.resources, (await at.row()).id)

    async def intents_wait(self) -> None:
        """Pressed, and nobody knows what the portal answered: one is given up by the next press."""
        at = self.first
        contact = at.portal.crm.tables[CONTACT].ids[2]
        at.tick(CONTACT, contact)
        await at.settle()
        for _ in range(2):
            at.pass_time(minutes=5)
            await self.killed(at, "button.stated", self.press, at, contact)

    async def press(self, at: At, contact: int) -> None:
        page = await tab(at, "contact", contact)
        viewer = await at._viewer()
        grant = self.emulated.auth.issue(at.installation(), at.manager())
        membership = UUID(members(page.html)[0])
        subject = Subject(Kind.CONTACT, contact)
        await intents.press(at.resources, viewer, grant.access_token, subject, membership, Action.CONFIRM, "Позвонить")

    async def second(self) -> None:
        """Switched off and on again, its CRM has grown meanwhile, and three workers die while they read it."""
        at = self.lived.at("second")
        await at.mode("off")
        grow(at.portal, 55, 60)
        await at.mode("on")
        group, importing.GROUP = importing.GROUP, 50
        for _ in range(3):
            await self.killed(at, "import.page", import_one, at.resources, (await at.row()).id)
            at.pass_time(seconds=61)
        importing.GROUP = group

    async def watched(self) -> None:
        """It watches: a decision waits to be seen, and the sweep that somebody asked for is cut off."""
        at = self.lived.at("watched")
        await at.ask_sweep()
        await self.killed(at, "sweep.page", sweep_one, at.resources, (await at.row()).id)
        at.tick(CONTACT, at.portal.crm.tables[CONTACT].ids[2])
        await self.emulated.deliver()

    async def doubted(self) -> None:
        """An employee says that the app was removed, and the auth server could not be asked."""
        at = self.lived.at("doubted")
        away = self.emulated.faults.add(Break.ERROR_500, FOREVER, host=self.emulated.auth_host)
        token = dict(open_form(at.installation(), at.manager()).fields)["APPLICATION_TOKEN"]
        auth = {"auth[member_id]": at.portal.member_id, "auth[application_token]": token}
        form = {"event": "ONAPPUNINSTALL", "data[CLEAN]": "1", **auth}
        async with at.http.post(f"{at.app_url}/bitrix/events", data=form) as answer:
            assert answer.status == 200
        assert await prove_removal(at.resources, (await at.row()).id)
        self.emulated.faults.requests.remove(away)

    async def idle(self) -> None:
        """The module is off: an event that nobody will read, a check nobody took up, a file to look into, another that
        the address did not take."""
        at = self.lived.at("idle")
        file = await exported(at)
        assert await sent(await settings(at), file) is None
        await at.mode("off")
        self.change(at)
        await self.emulated.deliver()
        opened = await settings(at)
        assert (await opened.call("/frame/check")).status == 200
        self.lived.shops["archive"].answers = [500]
        assert (await opened.call("/frame/export/weekly/now")).status == 200
        key = f"restore:{opened.block}"
        del key

    async def first_stops(self) -> None:
        at, crm = self.first, self.first.portal.crm
        row, admin = await at.row(), at.admin()
        await at.settle()
        await fetch_offline_one(at.resources, row.id)
        await at.settle()
        # news: one that is tried again, one that a person asked for once more, one to a receiver still to be checked
        shops = self.lived.shops
        shops["first"].answers, shops["shy"].answers = [500], [500]
        at.tick(CONTACT, crm.tables[CONTACT].ids[3])
        await self.emulated.deliver()
        await drain_portal(at.resources, row.id, Lane.BULK)
        await drain_outbox(at.resources, 5)
        key, endpoint = self.keys["flaky"], self.endpoints["flaky"]
        lost = (await at.api("GET", f"/endpoints/{endpoint}/deliveries?state=exhausted", key)).json()["data"]
        assert (await at.api("POST", f"/deliveries/{lost[0]['id']}/resend", key)).status == 202
        body = {"url": shops["shy"].url}
        made = await at.api("POST", "/endpoints", self.keys["first"], body, **{"Idempotency-Key": "shy"})
        shops["shy"].secret = made.json()["secret"]
        self.keys["shy"] = self.keys["first"]
        # files: the week's
        opened = await settings(at)
        assert (await opened.call("/frame/export/weekly/now")).status == 200
        await self.killed(at, "export.slice", carry_files, at.resources, row.id)
        # cards and requisites, in both lanes, one in the hands of a worker that died
        self.emulated.faults.events.lose_next = MANY
        at.add_contact(name="Никто", last_name="Не видел")
        requisite = at.add_requisite(COMPANY, crm.tables[COMPANY].ids[0], "7705500042")
        await self.emulated.deliver()
        self.emulated.faults.clear()
        at.installation().offline.rows.clear()
        at.pass_time(minutes=6)
        await rescan_one(at.resources, row.id)
        await at.ask_sweep()
        await sweep_one(at.resources, row.id)
        self.change(at, 4)
        await self.emulated.deliver()
        await self.killed(at, "verification.read", drain_portal, at.resources, row.id, Lane.INTERACTIVE)
        self.change(at, 5)
        crm.requisites.update(min(crm.requisites.rows), {"RQ_KPP": "770501001"}, admin)
        await self.emulated.deliver()
        assert requisite


def _secret(html: str) -> str:
    return html.split('id="new-secret" value="')[1].split('"')[0]


async def _known(lived: Lived, server: embedded.Postgres) -> set[str]:
    """Tokens that the app keeps, as the portal gave them out."""
    vault, db = lived.world.resources.vault, await database.connected(server)
    try:
        rows = await db.fetch(
            "SELECT access FROM tokens UNION SELECT refresh FROM tokens UNION SELECT access FROM viewer_sessions"
            " UNION SELECT token FROM inbox WHERE token IS NOT NULL"
        )
    finally:
        await db.close()
    return {vault.open(row[0]) for row in rows}


async def make(server: embedded.Postgres, redis_url: str) -> None:
    async with opened(server, redis_url, read_manifest(ROOT / "app.yaml")) as lived:
        emulated = lived.world.emulator.world
        emulated.offset = BEGAN - datetime.now(UTC)
        life = Life(lived)
        await life.run()
        assert emulated.crashes == [] and emulated.warnings == [], (emulated.crashes, emulated.warnings)
        text = await database.dump(server, emulated.now(), lived.hosts())
        database.FILE.write_text(text, "utf-8")
        portals.write(lived, await _known(lived, server), life.keys)


if __name__ == "__main__":
    set_up_logs(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with embedded.postgres(home, durable=False) as started, embedded.redis(home) as url:
            migrate(started.url(embedded.OWNER), started.url())
            asyncio.run(make(started, url))
