"""Stories of the sample feature, told with every event as it should be, and in trouble."""

from __future__ import annotations

import pytest

from tests.stories.stamp.aid import Story
from tests.stories.stamp.test_deals import DEALS
from tests.stories.stamp.test_modes import MODES
from tests.stories.stamp.test_one_update import ONE_UPDATE
from tests.stories.stamp.test_reserved import RESERVED
from tests.world import World

every_story = pytest.mark.parametrize(
    "story", [*ONE_UPDATE, *RESERVED, *MODES, *DEALS], ids=lambda story: story.__name__
)


@every_story
async def test_story(world: World, story: Story) -> None:
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_each_event_doubled(world: World, story: Story) -> None:
    world.emulator.world.faults.events.duplicate_rate = 1.0
    await story(world)


@every_story
@pytest.mark.bend
@pytest.mark.parametrize("seed", range(3))
async def test_story_with_events_out_of_order(world: World, story: Story, seed: int) -> None:
    world.emulator.world.faults.random.seed(seed)
    world.emulator.world.faults.events.reorder = True
    await story(world)


@every_story
@pytest.mark.bend
async def test_story_with_every_event_lost(world: World, story: Story) -> None:
    """The rescan finds changed cards, the sweep what is gone."""
    world.emulator.world.faults.events.lose_rate = 1.0
    await story(world)


@every_story
@pytest.mark.bend
@pytest.mark.parametrize("size", [1, 2])
async def test_story_with_cards_read_apart(
    world: World, monkeypatch: pytest.MonkeyPatch, story: Story, size: int
) -> None:
    """In slices too small for cards that belong together."""
    monkeypatch.setattr("b24app.domain.work.slices.INTERACTIVE", size)
    world.emulator.world.faults.events.reorder = True
    await story(world)
