"""Queries of all rooms. A new public function of a room's `store/` needs a line in the room's file: a recipe, or the
reason why it needs none. `test_every_query.py` holds them against the code."""

from __future__ import annotations

from tests.store.recipes import cards, connection_check, delivery, export, portal, stamp, store, verification, work

_OURS = (store, work, portal, cards, delivery, verification, export, connection_check)
ROOMS = [room.RECIPES for room in (*_OURS, stamp)]
QUERIES = {key: query for room in ROOMS for key, query in room.queries.items()}
ELSEWHERE = {key for room in ROOMS for key in room.elsewhere}
AS_OWNER = {key for room in ROOMS for key in room.as_owner}
ALL_OF_IT = {key for room in ROOMS for key in room.all_of_it}
NEW_ROWS = {key for room in ROOMS for key in room.new_rows}
