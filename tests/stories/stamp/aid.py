"""What stories of the sample feature look at, and the troubles they bring."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select

from b24app.card_rules import Earlier, RuleContext
from b24app.cards.store.tables import rehearsed, rule_failures
from emulator.crm.entities import Entity
from emulator.crm.store import Changes, Crm, CrmError
from tests.stamp.journeys.rule import StampRule
from tests.stamp.store.tables import stamps
from tests.stories.scene import COMPANY
from tests.world import World

FIELD = "UF_CRM_B24APP_STAMP"
GIVEN = "stamp.given"
Story = Callable[[World], Awaitable[None]]


def stamp(world: World, id: int, entity: Entity = COMPANY) -> int | None:
    """The number that the card shows."""
    record = world.portal.crm.get(entity, id)
    assert record is not None
    shown = record.get(FIELD)
    return int(shown) if shown not in (None, "") else None


def given(world: World) -> list[tuple[int, int]]:
    """(card, number) as client apps heard of them."""
    return [(one.data["card_id"], one.data["number"]) for one in world.receiver.events(GIVEN)]


def decided(world: World) -> list[str]:
    """States of people that client apps heard of."""
    return [one.data["new_state"] for one in world.receiver.events()]


async def numbers(world: World, *, shadow: bool = False) -> dict[str, int]:
    """By card, as we keep them."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        rows = await db.execute(select(stamps).where(stamps.c.portal_id == portal_id, stamps.c.shadow == shadow))
        return {f"{row.kind}:{row.crm_id}": row.number for row in rows}


async def tries(world: World) -> Mapping[str, int]:
    """Of rules that fail on a card while others are done with it: `stamp company:7`."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        rows = await db.execute(select(rule_failures).where(rule_failures.c.portal_id == portal_id))
        return {f"{row.rule} {row.kind}:{row.crm_id}": row.tries for row in rows}


async def would_have(world: World, rule: str = "stamp") -> dict[str, dict[str, Any]]:
    """What a rule that watches would have written, by card."""
    portal_id = (await world.row()).id
    async with world.resources.tenant(portal_id) as db:
        mine = (rehearsed.c.portal_id == portal_id, rehearsed.c.rule == rule)
        rows = await db.execute(select(rehearsed).where(*mine).order_by(rehearsed.c.at))
        return {f"{row.kind}:{row.crm_id}": row.wanted for row in rows}


def refuse(monkeypatch: pytest.MonkeyPatch, *names: str) -> set[str]:
    """The portal takes no update with one of these fields; it does not say why. What is taken out again is taken."""
    real, refused = Crm.update, set(names)

    def update(crm: Crm, entity: Entity, id: int, fields: Any, actor: Any, *, history: bool = True) -> Changes:
        if not history and refused & set(fields):
            raise CrmError("Something went wrong.")
        return real(crm, entity, id, fields, actor, history=history)

    monkeypatch.setattr(Crm, "update", update)
    return refused


class Broken(Exception):
    """A fault of the program."""


@dataclass
class BrokenRule(StampRule):
    """The sample rule, with a fault `at` one of its steps on these cards."""

    at: str = ""
    cards: set[int] = field(default_factory=set)

    def _break(self, at: str, subjects: Any) -> None:
        if at == self.at and self.cards & {one.id for one in subjects}:
            raise Broken(at)

    async def load(self, db: Any, context: RuleContext, facts: Any) -> Any:
        self._break("load", [one.subject for one in facts])
        return await super().load(db, context, facts)

    async def look_up(self, reader: Any, facts: Any, rows: Any) -> Any:
        self._break("look_up", [one.subject for one in facts])
        return await super().look_up(reader, facts, rows)

    def asks(self, facts: Any, rows: Any, earlier: Earlier) -> bool:
        self._break("asks", [facts.subject])
        return super().asks(facts, rows, earlier)

    async def reserve(self, db: Any, context: RuleContext, facts: Any, rows: Any) -> Any:
        self._break("reserve", [one.subject for one in facts])
        return await super().reserve(db, context, facts, rows)

    def decide(self, facts: Any, rows: Any, earlier: Earlier, now: Any) -> Any:
        self._break("decide", [facts.subject])
        return super().decide(facts, rows, earlier, now)

    async def store(self, db: Any, context: RuleContext, decided: Any) -> Any:
        self._break("store", [one.facts.subject for one in decided])
        return await super().store(db, context, decided)

    async def written(self, db: Any, context: RuleContext, confirmed: Any) -> Any:
        self._break("written", [one.subject for one in confirmed])
        return await super().written(db, context, confirmed)
