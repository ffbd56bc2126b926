"""Leads and deals on their way through the pipeline, with a rule that writes into each card what it has been shown."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.card_rules import CardDecision, CardFacts, CardRule, Decided, Earlier, RuleContext
from b24app.cards.store import records, scans
from b24app.demo import servers
from b24app.domain.cards.drift import Drift, Scope
from b24app.domain.cards.facts import Card, Kind, Subject
from b24app.domain.cards.records import Known
from b24app.domain.delivery.news import News
from b24app.domain.portal.portal import Mode
from b24app.manifest import CardField, Manifest
from emulator.crm.entities import Entity
from tests.chores import fetch_offline_one, rescan_one
from tests.doors.frames import main
from tests.world import World, open_world

COMPANY, CONTACT, LEAD, DEAL = Entity.COMPANY, Entity.CONTACT, Entity.LEAD, Entity.DEAL
TRIAL = "UF_CRM_TRIAL"


@dataclass
class Trial(CardRule[None, str]):
    """`met`: cards of the first read; `seen`: what came of each decision; `went_on`: cards that were taken over."""

    name = "trial"
    kinds = frozenset({Kind.LEAD, Kind.DEAL})
    fields = frozenset({"trial"})
    select = {Kind.DEAL: frozenset({"opportunity"}), Kind.LEAD: frozenset({"sourceId"})}  # noqa: RUF012 - a rule's own
    met: list[Subject] = field(default_factory=list)
    seen: list[tuple[Subject, Subject | None]] = field(default_factory=list)
    deleted: list[Subject] = field(default_factory=list)
    went_on: dict[Subject, list[Subject]] = field(default_factory=dict)

    async def load(self, db: AsyncConnection, context: RuleContext, facts: Sequence[CardFacts]) -> None:
        return None

    def decide(self, facts: CardFacts, rows: None, earlier: Earlier, now: object) -> CardDecision[str]:
        if facts.card is None:
            return CardDecision(plan="deleted")
        shown = facts.card.facts
        said = f"{shown['opportunity']:g}" if facts.subject.kind is Kind.DEAL else str(shown["stageId"])
        return CardDecision(plan=said, wanted={"trial": said})

    async def store(self, db: AsyncConnection, context: RuleContext, decided: Sequence[Decided[str]]) -> Sequence[News]:
        for one in decided:
            if one.facts.card is None:
                self.deleted.append(one.facts.subject)
                continue
            self.seen.append((one.facts.subject, one.facts.origin))
            if one.facts.predecessors:
                self.went_on[one.facts.subject] = [known.subject for known in one.facts.predecessors]
        return ()

    async def first_seen(self, db: AsyncConnection, context: RuleContext, cards: Sequence[Card]) -> frozenset[Subject]:
        self.met += [card.subject for card in cards]
        return frozenset()


@pytest.fixture
def rule() -> Trial:
    return Trial()


@pytest.fixture
async def world(
    clean_database: servers.Postgres, redis_url: str, manifest: Manifest, rule: Trial
) -> AsyncIterator[World]:
    text = {"ru": "Проба", "en": "Trial"}
    trial = CardField(field=TRIAL, type="string", cards=("lead", "deal"), label=text, hint=text)
    widened = manifest.model_copy(update={"fields": {**manifest.fields, "trial": trial}})
    async with open_world(clean_database, redis_url, widened) as found:
        rules = found.resources.rules
        rules.all = (*rules.all, rule)
        rules._modes["trial"] = Mode.ON
        yield found
        await found.assert_nothing_left()


def deal(world: World, title: str = "Кран", **more: Any) -> int:
    return world.portal.crm.add(DEAL, {"TITLE": title, "OPPORTUNITY": 100, **more}, world.manager())


def lead(world: World, **more: Any) -> int:
    return world.portal.crm.add(LEAD, {"TITLE": "Звонок", **more}, world.manager())


def shown(world: World, entity: Entity, id: int) -> str:
    return str(world.portal.crm.tables[entity].rows[id].get(TRIAL) or "")


async def known(world: World, subject: Subject) -> Known | None:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return (await records.load(db, portal_id, [subject])).get(subject)


async def drift(world: World, scope: Scope = Scope.ALL) -> Mapping[Drift, int]:
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        return (await scans.newest(db, portal_id))[scope].drift


async def test_open_deals_are_read_at_first_and_no_leads(world: World, rule: Trial) -> None:
    company = world.add_company()
    person = world.add_contact(company)
    there, _ = deal(world, COMPANY_ID=company, CONTACT_IDS=[person]), deal(world, STAGE_ID="WON")
    lead(world)
    await world.install()
    assert rule.met == [Subject(Kind.DEAL, there)]
    card = await known(world, Subject(Kind.DEAL, there))
    assert card
    assert (card.links, card.facts["companyId"], card.facts["opportunity"], card.facts["closed"]) == (
        (person,),
        company,
        100,
        False,
    )
    bound = {one.event for one in world.installation().bindings}
    assert {"ONCRMLEADADD", "ONCRMDEALDELETE"} <= bound
    await world.sweep()
    assert await drift(world) == {}
    await world.rescan()
    assert rule.seen == []


async def test_an_event_brings_a_card_and_what_is_wanted_is_written(world: World, rule: Trial) -> None:
    await world.install()
    made, called = deal(world), lead(world)
    await world.settle()
    assert (shown(world, DEAL, made), shown(world, LEAD, called)) == ("100", "NEW")
    seen = len(rule.seen)
    await world.sweep()
    await world.rescan()
    assert (len(rule.seen), await drift(world)) == (seen, {})


async def test_a_closed_deal_is_followed_and_is_no_deletion(world: World, rule: Trial) -> None:
    made = deal(world)
    await world.install()
    world.portal.crm.update(DEAL, made, {"STAGE_ID": "WON"}, world.manager())
    await world.settle()
    subject = Subject(Kind.DEAL, made)
    card = await known(world, subject)
    assert card
    assert (card.facts["closed"], card.record.deleted) == (True, False)
    await world.sweep()
    assert (await drift(world), rule.deleted) == ({}, [])
    world.portal.crm.update(DEAL, made, {"OPPORTUNITY": 7}, world.manager())
    await world.settle()
    assert shown(world, DEAL, made) == "7"


async def test_a_deal_closed_without_an_event_is_no_deletion(world: World, rule: Trial) -> None:
    made = deal(world)
    await world.install()
    world.portal.crm.update(DEAL, made, {"STAGE_ID": "LOSE", "OPPORTUNITY": 3}, world.manager())
    world.forget_events()
    world.pass_time(minutes=2)
    await world.sweep()
    assert await drift(world) == {Drift.FIELDS: 1}
    assert (rule.deleted, shown(world, DEAL, made)) == ([], "3")
    await world.sweep()
    assert await drift(world) == {}


async def test_what_no_rule_goes_by_is_no_drift(world: World, rule: Trial) -> None:
    made = deal(world)
    await world.install()
    world.portal.crm.update(DEAL, made, {"STAGE_ID": "PREPARATION"}, world.manager())
    world.forget_events()
    world.pass_time(minutes=2)
    await world.sweep()
    card = await known(world, Subject(Kind.DEAL, made))
    assert card
    assert (await drift(world), card.facts["stageId"], rule.seen) == ({}, "PREPARATION", [])


async def test_known_leads_are_swept_and_rescanned(world: World, rule: Trial) -> None:
    await world.install()
    first, second, third = lead(world), lead(world), lead(world)
    await world.settle()
    crm = world.portal.crm
    crm.update(LEAD, first, {"SOURCE_ID": "CALL"}, world.manager())
    crm.delete(LEAD, second, world.manager())
    world.forget_events()
    world.pass_time(minutes=2)
    await rescan_one(world.resources, (await world.row()).id)
    assert await drift(world, Scope.RECENT) == {Drift.FIELDS: 1}
    await world.settle()
    await world.sweep()
    assert await drift(world) == {Drift.DELETED: 1}
    assert rule.deleted == [Subject(Kind.LEAD, second)]
    assert third


async def test_an_offline_event_brings_a_lead(world: World, rule: Trial) -> None:
    await world.install()
    called = lead(world)
    world.forget_events()
    await fetch_offline_one(world.resources, (await world.row()).id)
    await world.settle()
    assert shown(world, LEAD, called) == "NEW"


async def test_a_deal_comes_back_from_the_recycle_bin(world: World, rule: Trial) -> None:
    """Without a mark: by its company, its title, when it was made and its sum."""
    company = world.add_company()
    made, other = deal(world, COMPANY_ID=company), deal(world, COMPANY_ID=company, OPPORTUNITY=5)
    await world.install()
    for one in (made, other):
        world.portal.crm.delete(DEAL, one, world.manager())
    await world.settle()
    assert sorted(rule.deleted) == [Subject(Kind.DEAL, made), Subject(Kind.DEAL, other)]
    (bin_id,) = [one.id for one in world.portal.crm.bin.values() if one.record["ID"] == made]
    back = world.portal.crm.restore(bin_id, world.manager())
    await world.settle()
    assert rule.went_on == {Subject(Kind.DEAL, back): [Subject(Kind.DEAL, made)]}


async def test_what_is_made_of_a_lead_names_it_and_the_lead_lives_on(world: World, rule: Trial) -> None:
    """leadId: api-reference/crm/universal/object-fields.md."""
    await world.install()
    called = lead(world)
    await world.settle()
    made = deal(world)
    world.portal.crm.tables[DEAL].rows[made]["LEAD_ID"] = called
    await world.settle()
    assert rule.seen[-1] == (Subject(Kind.DEAL, made), Subject(Kind.LEAD, called))
    assert (rule.deleted, rule.went_on) == ([], {})


async def test_a_rule_that_is_switched_on_begins_its_kinds(world: World, rule: Trial) -> None:
    world.resources.rules._modes["trial"] = Mode.OFF
    made = deal(world)
    await world.install()
    assert not {one.event for one in world.installation().bindings} & {"ONCRMDEALADD", "ONCRMLEADADD"}
    await world.mode("on", "trial")
    await world._chores("reconcile_portal")
    await world.settle()
    assert rule.met == [Subject(Kind.DEAL, made)]
    assert {one.event for one in world.installation().bindings} >= {"ONCRMDEALADD", "ONCRMLEADADD"}
    later = deal(world)
    await world.settle()
    assert shown(world, DEAL, later) == "100"


async def test_a_rule_stands_still_without_its_field_and_goes_on_after_repair(world: World, rule: Trial) -> None:
    made = deal(world)
    await world.install()
    world.portal.crm.userfields[DEAL].drop(TRIAL)
    world.portal.crm.update(DEAL, made, {"OPPORTUNITY": 8}, world.manager())
    new = deal(world, OPPORTUNITY=9)
    await world.settle()
    assert (rule.seen, await world.failed()) == ([], 0)
    report = (await world.row()).report
    assert [step["missing"] for step in report["steps"] if step["part"] == "fields"] == [[f"deal.{TRIAL}"]]

    page = await main(world, world.admin(), "cards")
    assert (await page.call("/frame/repair")).status == 200
    assert (await world.row()).report["ok"]
    await world._chores("sweep_portal")
    await world.settle()
    assert (shown(world, DEAL, made), shown(world, DEAL, new)) == ("8", "9")
