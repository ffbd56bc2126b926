"""The timeline of cards: comments, log records of apps, activities.

Pages: api-reference/crm/timeline/comments/*, logmessage/*, activities/*.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.crm.card_rules import rest_event
from emulator.crm.entities import Entity
from emulator.crm.files import Attached

if TYPE_CHECKING:
    from emulator.model.people import User
    from emulator.model.portal import Portal

Owner = tuple[Entity, int]
CONFIGURABLE = "CONFIGURABLE_REST_APP"
"""Provider of the cards apps draw themselves; the layout is in `extra["layout"]`."""
HISTORY = 1
"""itemType of a note's record: 1 a comment or log record, 2 an activity."""
CONFIGURABLE_TYPE = "CONFIGURABLE"
"""The kind such a card has unless the app names a kind of its own."""
BlocksKey = tuple[str, str, int]
"""Whose content blocks stand under what: (client id, "timeline" or "activity", id of the record)."""


@dataclass(slots=True)
class Comment:
    """A comment in BB code; `owners`: every record in whose timeline it stands."""

    id: int
    text: str
    author: int
    created: datetime
    owners: list[Owner]
    files: list[Attached] = field(default_factory=list)


@dataclass(slots=True)
class LogMessage:
    """A quiet record an app leaves; `client_id` = the app that made it, the only one that may delete it."""

    id: int
    owner: Owner
    title: str
    text: str
    icon: str
    author: int
    created: datetime
    client_id: str = ""

    @property
    def owners(self) -> list[Owner]:
        return [self.owner]


@dataclass(slots=True)
class Activity:
    """A planned or finished thing to do. `provider` e.g. CRM_TODO, CONFIGURABLE_REST_APP; `revision` counts changes."""

    id: int
    owner: Owner
    provider: str
    subject: str
    description: str
    responsible: int
    author: int
    created: datetime
    updated: datetime
    deadline: datetime | None = None
    completed: bool = False
    provider_type: str = ""
    origin: tuple[str, str] = ("", "")
    client_id: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    revision: int = 0
    others: list[Owner] = field(default_factory=list)

    @property
    def owners(self) -> list[Owner]:
        """Every record in whose timeline it stands, the owner first."""
        return [self.owner, *self.others]


@dataclass(frozen=True, slots=True)
class Badge:
    """A mark on kanban cards; `title` and `value` are texts or maps by language."""

    code: str
    title: Any
    value: Any
    type: str


@dataclass(frozen=True, slots=True)
class ActivityType:
    """A kind of activity an app registered; `icon` a file id, 0 = none."""

    code: str
    name: str
    icon: int
    configurable: bool


@dataclass(frozen=True, slots=True)
class Note:
    """The one note of a timeline record; the last to write it is `editor`."""

    text: str
    author: int
    created: datetime
    editor: int
    updated: datetime


class Timeline:
    """All timeline records of a portal by id."""

    def __init__(self, portal: "Portal") -> None:
        self.portal = portal
        self.comments: dict[int, Comment] = {}
        self.logs: dict[int, LogMessage] = {}
        self.activities: dict[int, Activity] = {}
        self.badges: dict[str, Badge] = {}
        self.types: dict[tuple[str, str], ActivityType] = {}
        self.blocks: dict[BlocksKey, dict[str, Any]] = {}
        self.notes: dict[tuple[int, int], Note] = {}
        self.pins: dict[Owner, set[int]] = {}
        self.pictures: dict[str, dict[str, str]] = {}

    def of(self, entity: Entity, id: int) -> Iterator[Comment | LogMessage | Activity]:
        """Everything in one card's timeline except field history, newest first."""
        owner = (entity, id)
        rows: list[Comment | LogMessage | Activity] = [row for row in self.comments.values() if owner in row.owners]
        rows += [row for row in self.logs.values() if row.owner == owner]
        rows += [row for row in self.activities.values() if owner in row.owners]
        return iter(sorted(rows, key=lambda row: (row.created, row.id), reverse=True))

    def comment(self, owner: Owner, text: str, actor: "User", files: list[Attached]) -> Comment:
        """Write a comment."""
        number = self.portal.next_id("timeline")
        made = self.comments[number] = Comment(number, text, actor.id, self._now(), [owner], files)
        self._tell_comment("ADD", number, actor)
        return made

    def edit_comment(self, id: int, text: str, files: list[Attached] | None, actor: "User") -> None:
        """Replace a comment's text, and its files where some are given."""
        row = self.comments[id]
        row.text, row.files = text, row.files if files is None else files
        self._tell_comment("UPDATE", id, actor)

    def drop_comment(self, id: int, actor: "User") -> None:
        """Remove a comment."""
        del self.comments[id]
        self._tell_comment("DELETE", id, actor)

    def log(self, owner: Owner, title: str, text: str, icon: str, actor: "User", client_id: str) -> LogMessage:
        """Leave a log record; no event tells of it."""
        number = self.portal.next_id("timeline")
        made = self.logs[number] = LogMessage(number, owner, title, text, icon, actor.id, self._now(), client_id)
        return made

    def plan(self, owner: Owner, provider: str, actor: "User | None", **more: Any) -> Activity:
        """Create an activity."""
        number, now = self.portal.next_id("activity"), self._now()
        author = actor.id if actor else 0
        known: dict[str, Any] = {"subject": "", "description": "", "responsible": author} | more
        made = self.activities[number] = Activity(
            number, owner, provider, author=author, created=now, updated=now, **known
        )
        self._tell("ACTIVITYADD", number, actor)
        return made

    def touch_activity(self, id: int, actor: "User | None", **changes: Any) -> None:
        """Change an activity (complete it, move its deadline)."""
        row = self.activities[id]
        for name, value in changes.items():
            setattr(row, name, value)
        row.updated = self._now()
        row.revision += 1
        self._tell("ACTIVITYUPDATE", id, actor)

    def press(self, id: int, action_id: str, card: Owner, actor: "User", action: dict[str, Any] | None = None) -> bool:
        """Somebody presses a restEvent button of a configurable activity: its app is told, as the portal tells it,
        whatever the state of the card. False if the layout has no such action. `action`: the very one that was
        pressed, where several share an id.

        Body: flat, the app's actionParams as texts, the portal's own keys over them (activities/configurable/structure/
        action.md).
        """
        row = self.activities[id]
        action = action or rest_event(row.extra.get("layout"), action_id)
        app = self.portal.installations.get(row.client_id)
        if action is None or app is None:
            return False
        data: dict[str, Any] = {name: str(value) for name, value in (action.get("actionParams") or {}).items()}
        data |= {"id": action_id, "entityTypeId": str(card[0].type_id), "entityId": str(card[1])}
        data |= {"activityId": str(id)}
        self.portal.world.events.raise_for(app, "ONCRMTIMELINEITEMACTION", data, actor)
        return True

    def drop_activity(self, id: int, actor: "User | None") -> None:
        """Remove an activity."""
        del self.activities[id]
        self._tell("ACTIVITYDELETE", id, actor)

    def move(self, entity: Entity, old: int, new: int) -> None:
        """Give one card's timeline to another (merge)."""
        for comment in self.comments.values():
            comment.owners = [(entity, new) if owner == (entity, old) else owner for owner in comment.owners]
        for log in self.logs.values():
            log.owner = (entity, new) if log.owner == (entity, old) else log.owner
        for row in self.activities.values():
            owners = dict.fromkeys((entity, new) if owner == (entity, old) else owner for owner in row.owners)
            row.owner, *row.others = owners

    def _now(self) -> datetime:
        return self.portal.stored_now().replace(microsecond=0)

    def _tell(self, what: str, id: int, actor: "User | None") -> None:
        self.portal.raise_event(f"ONCRM{what}", {"FIELDS": {"ID": str(id)}}, actor)

    def _tell_comment(self, what: str, id: int, actor: "User") -> None:
        """The id stands bare, without FIELDS (comments/events/on-Crm-Timeline-Comment-Add.md)."""
        self.portal.raise_event(f"ONCRMTIMELINECOMMENT{what}", {"ID": str(id)}, actor)
