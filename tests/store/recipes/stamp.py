"""Queries of the sample room."""

from __future__ import annotations

from b24app.domain.cards.facts import Kind, Subject
from tests.stamp.domain import Stamp
from tests.stamp.store import refusals, stamps, turns
from tests.store.recipes.recipe import LONG, Recipes

STAMPED, NEW, LEAD = Subject(Kind.COMPANY, 10**9), Subject(Kind.COMPANY, 10**9 + 1), Subject(Kind.LEAD, 10**9)
STAMP, SHADOW = Stamp(STAMPED, 10**6, 1), Stamp(STAMPED, 10**6, 1, shadow=True)

RECIPES = Recipes(
    queries={
        "stamp.refusals.add": lambda db, p, o: refusals.add(db, p, NEW),
        "stamp.refusals.clear": lambda db, p, o: refusals.clear(db, p, [STAMPED]),
        "stamp.refusals.count": lambda db, p, o: refusals.count(db, p),
        "stamp.stamps.after": lambda db, p, o: stamps.after(db, p, 0, 50),
        "stamp.stamps.count": lambda db, p, o: stamps.count(db, p),
        "stamp.stamps.drop_shadows": lambda db, p, o: stamps.drop_shadows(db, p),
        "stamp.stamps.expire": lambda db, p, o: stamps.expire(db, p, o.now + LONG),
        "stamp.stamps.file": lambda db, p, o: stamps.file(db, p, [STAMPED], o.now),
        "stamp.stamps.give_back": lambda db, p, o: stamps.give_back(db, p, STAMPED),
        "stamp.stamps.living": lambda db, p, o: stamps.living(db, p, [STAMP]),
        "stamp.stamps.load": lambda db, p, o: stamps.load(db, p, [STAMPED]),
        "stamp.stamps.reserve": lambda db, p, o: stamps.reserve(db, p, [NEW], shadow=False),
        "stamp.stamps.save": lambda db, p, o: stamps.save(db, p, (), [STAMP]),
        "stamp.stamps.shadows": lambda db, p, o: stamps.shadows(db, p),
        "stamp.stamps.take_up": lambda db, p, o: stamps.take_up(db, p, {NEW: 7}),
        "stamp.stamps.told": lambda db, p, o: stamps.told(db, p, {STAMPED: STAMP.number}),
        "stamp.turns.give_back": lambda db, p, o: turns.give_back(db, p, LEAD),
        "stamp.turns.load": lambda db, p, o: turns.load(db, p, [LEAD]),
        "stamp.turns.reserve": lambda db, p, o: turns.reserve(db, p, [Subject(Kind.LEAD, 10**9 + 1)], [1, 2]),
        "stamp.turns.shown": lambda db, p, o: turns.shown(db, p, {LEAD: 1}),
        "stamp.turns.taken_back": lambda db, p, o: turns.taken_back(db, p, [LEAD]),
    },
    new_rows={"stamp.refusals.add", "stamp.stamps.reserve", "stamp.stamps.take_up", "stamp.turns.reserve"},
)
