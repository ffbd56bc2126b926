"""What stories of the sample feature look at."""

from __future__ import annotations

from emulator.crm.entities import Entity
from tests.stories.scene import COMPANY
from tests.world import World

FIELD = "UF_CRM_B24APP_STAMP"


def stamp(world: World, id: int, entity: Entity = COMPANY) -> int | None:
    """The number that the card shows."""
    record = world.portal.crm.get(entity, id)
    assert record is not None
    shown = record.get(FIELD)
    return int(shown) if shown not in (None, "") else None
