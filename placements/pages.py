"""The pages of `/app` and what stands around them: the work list for everybody, the settings for administrators.

A page has an address, by which links, notices and the list of first steps open it: `work`, `settings`,
`settings/<slug>`. Links into the app carry it as `params[page]` (api-reference/widgets/open-application.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from b24app.domain.portal.portal import Portal
from b24app.domain.portal.viewer import Viewer
from b24app.plug import Health, Level, Standing, product_of
from b24app.resources import Resources

WORK, SETTINGS = "work", "settings"
WORST_FIRST = (Level.BROKEN, Level.LOOK, Level.OFF, Level.GOOD)


@dataclass(frozen=True, slots=True)
class Told:
    """One thing about the app in the words of `part`."""

    part: str
    health: Health


@dataclass(frozen=True, slots=True)
class FirstStep:
    part: str
    code: str
    done: bool
    page: str


@dataclass(frozen=True, slots=True)
class AppStanding:
    """How the whole app stands, worst first; `steps`: all of them, done or not."""

    told: tuple[Told, ...]
    steps: tuple[FirstStep, ...]

    @property
    def next_step(self) -> FirstStep | None:
        return next((step for step in self.steps if not step.done), None)

    @property
    def level(self) -> Level:
        worst = self.told[0].health.level if self.told else Level.GOOD
        return Level.LOOK if worst in (Level.GOOD, Level.OFF) and self.next_step else worst

    def of_page(self, slug: str) -> Told | None:
        """The worst of what is mended there."""
        return next((one for one in self.told if one.health.page == slug), None)


async def standing_of(db: AsyncConnection, resources: Resources, portal: Portal) -> AppStanding:
    made: list[tuple[str, Standing]] = [
        (one.name, await one.standing(db, resources, portal)) for one in product_of(resources).features if one.standing
    ]
    told = [Told(name, health) for name, standing in made for health in standing.health]
    steps = [FirstStep(name, step.code, step.done, step.page) for name, standing in made for step in standing.steps]
    return AppStanding(tuple(sorted(told, key=lambda one: WORST_FIRST.index(one.health.level))), tuple(steps))


def address_of(asked: object, viewer: Viewer) -> str:
    """What was asked for, if this person may see it; else the work list."""
    known = isinstance(asked, str) and (asked == SETTINGS or asked.startswith(f"{SETTINGS}/"))
    return str(asked) if known and viewer.is_admin else WORK


def asked_for(options: Mapping[str, Any]) -> object:
    """The address in what the portal passes on with an opening."""
    return options.get("page")
